"""The names under which configurations know constraints and other choices.

A study refers to a constraint by its `Choice`, such as `two_sided.CHOICE`, and looks up
its name here, so that no study spells a name.
"""

from collections.abc import Mapping
from typing import Any

from wgan_gp.constraints import CONSTRAINTS, Choice


def constraint_name(choice: Choice) -> str:
    """The name of a constraint: its key in `CONSTRAINTS`."""
    return key_of(CONSTRAINTS, choice)


def key_of(choices: Mapping[str, Any], value: Any) -> str:
    """The key of a value in a dict of choices.

    Args:
      choices: such as `losses.SHAPES`.
      value: one of its values.
    """
    return next(name for name, each in choices.items() if each is value)
