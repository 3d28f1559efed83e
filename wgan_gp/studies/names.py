"""Constraints that a study selects, by what a configuration calls them."""

from collections.abc import Mapping
from typing import Any

from wgan_gp.constraints import CONSTRAINTS, Choice


def constraint_name(choice: Choice) -> str:
    """The name by which a configuration chooses a constraint."""
    return key_of(CONSTRAINTS, choice)


def key_of(choices: Mapping[str, Any], value: Any) -> str:
    """The name of a value in a dict of choices, such as `losses.SHAPES`."""
    return next(name for name, each in choices.items() if each is value)
