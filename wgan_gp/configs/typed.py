"""Converts the fields of a configuration to their declared types."""

import numbers
from collections.abc import Callable
from typing import Any

from ml_collections import ConfigDict

from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.system.values import show


def fill(full: ConfigDict, config: ConfigDict) -> None:
    """Copies the values of `config` to `full`, converted to the types of `full`.

    Args:
      full: from `base`; changed in place.
      config: with the same fields, of any types.

    Raises:
      ValueError: a value cannot be converted, or is None but not open in `full`.
    """
    _section(full, config, "")
    with full.unlocked():
        full.by_constraint = _tables(config.by_constraint)


def as_type(path: str, value: Any, expected: type) -> Any:
    """Converts a value to a field's type: whole numbers to floats, lists to tuples.

    Args:
      path: of the field, for the message.
      value: to convert.
      expected: the type.

    Raises:
      ValueError: the value has another type.
    """
    noun, convert = _TYPES[expected]
    try:
        return convert(value)
    except (TypeError, OverflowError):
        raise ValueError(f"{path} must be {noun}, got {show(value)}") from None


def _section(full: ConfigDict, config: ConfigDict, prefix: str) -> None:
    for name in full:
        path, value = f"{prefix}{name}", config[name]
        if path == "by_constraint":
            continue
        if isinstance(full[name], ConfigDict):
            _section(full[name], value, f"{path}.")
        elif value is not None or full[name] is not None:
            full[name] = as_type(path, value, full.get_type(name))


def _tables(tables: Any) -> ConfigDict:
    """The tables of `by_constraint`, one for each constraint, after a check of form."""
    if not isinstance(tables, ConfigDict):
        raise ValueError(f"by_constraint must be a section, got {show(tables)}")
    for name, table in tables.items():
        if name not in CONSTRAINTS or not isinstance(table, ConfigDict):
            raise ValueError(
                f"by_constraint must have sections named {', '.join(CONSTRAINTS)}, got"
                f" {show(name)}: {show(table)}"
            )
    return ConfigDict({name: ConfigDict() for name in CONSTRAINTS} | dict(tables))


def _only(*types: type, to: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        # In Python True is an integer; in a field of numbers it is a mistake.
        if isinstance(value, bool) and bool not in types:
            raise TypeError
        if not isinstance(value, types):
            raise TypeError
        return to(value)

    return convert


def _flat(values: Any) -> tuple:
    """Converts to a tuple; its values are checked by the field's own rule."""
    if not isinstance(values, tuple | list):
        raise TypeError
    if not all(isinstance(value, numbers.Real | str) for value in values):
        raise TypeError
    return tuple(values)


_TYPES = {
    bool: ("True or False", _only(bool, to=bool)),
    int: ("a whole number", _only(numbers.Integral, to=int)),
    float: ("a number", _only(numbers.Real, to=float)),
    str: ("text", _only(str, to=str)),
    tuple: ("a tuple", _flat),
}

# The name of each type, for messages.
NOUNS = {type_: noun for type_, (noun, _) in _TYPES.items()}
