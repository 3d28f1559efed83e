"""Declarations of settings: default, type, valid values and meaning in one place.

Settings are frozen dataclasses, and networks are dataclasses too. A field of one is
declared as `name: type = setting(default, sentence, rule)`. The fields of a
configuration, their checks and their `--help` are all derived from these declarations.
A field whose default is None is open: the constraint or the user sets it.
"""

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from wgan_gp.system import values


class Rule(NamedTuple):
    """Which values of its type a field may have.

    Attributes:
      check: `(path, value)`. Raises ValueError for a value that is not valid; called
        by `configs.resolve` for each field that has a value.
      valid: `() -> names`. The valid values of a field that takes one of several
        names, for `--help`; empty for others.
      words: the range of a number, for `--help`.
    """

    check: Callable[[str, Any], None]
    valid: Callable[[], tuple] = lambda: ()
    words: str = ""


class Declaration(NamedTuple):
    """The declaration of one field, as `setting` made it."""

    type: type
    default: Any
    sentence: str
    rule: Rule | None


def setting(default: Any, sentence: str, rule: Rule | None = None) -> Any:
    """Declares a field of a settings or network dataclass.

    Args:
      default: the value where nothing else is set; None leaves the field open.
      sentence: the meaning of the field, for `--help`.
      rule: the valid values; None allows all values of the type.
    """
    return dataclasses.field(default=default, metadata={"setting": (sentence, rule)})


def declarations(
    section: Any, without: tuple[str, ...] = ()
) -> Iterator[tuple[str, Declaration]]:
    """The declared fields of a dataclass, in their order.

    Args:
      section: a dataclass. Fields without a default are skipped: the package sets
        them, not the user.
      without: names of fields to skip.

    Yields:
      The name and the declaration of each field.
    """
    hints = _hints(section)
    for field in dataclasses.fields(section):
        declared = field.metadata.get("setting")
        open_to_users = declared or field.default is not dataclasses.MISSING
        if field.name in without or not open_to_users:
            continue
        sentence, rule = declared or (f"{field.name} of {section.__name__}.", None)
        yield (
            field.name,
            Declaration(plain_type(hints[field.name]), field.default, sentence, rule),
        )


@functools.cache
def _hints(section: Any) -> dict[str, Any]:
    return typing.get_type_hints(section)


def plain_type(hint: Any) -> type:
    """The type of a field's values: int of `int | None`, tuple of `tuple[int, ...]`."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        (hint,) = (each for each in typing.get_args(hint) if each is not type(None))
    origin = typing.get_origin(hint) or hint
    return tuple if issubclass(origin, Iterable) and origin is not str else origin


def at_least(least: int) -> Rule:
    """Whole numbers >= `least`."""
    return Rule(
        lambda path, value: values.at_least(path, value, least), words=f">= {least}"
    )


def whole(least: int, limit: int) -> Rule:
    """Whole numbers in [`least`, `limit`)."""
    return Rule(
        lambda path, value: values.whole(path, value, least, limit),
        words=f">= {least}",
    )


def positive() -> Rule:
    """Finite numbers > 0."""
    return Rule(values.positive, words="> 0")


def not_negative(hint: str = "") -> Rule:
    """Finite numbers >= 0; `hint` ends the message."""
    return Rule(
        lambda path, value: values.not_negative(path, value, hint), words=">= 0"
    )


def share() -> Rule:
    """Numbers in [0, 1)."""
    return Rule(
        lambda path, value: values.in_range(path, value, 0, 1), words=">= 0 and < 1"
    )


def among(known: Iterable[Any]) -> Rule:
    """One of the known values.

    `known` is read when a value is checked, so that a dict may gain entries.
    """
    return Rule(
        lambda path, value: values.one_of(path, value, known),
        valid=lambda: tuple(known),
    )


def layers(least: int, limit: int, deepest: int) -> Rule:
    """A tuple of whole numbers in [`least`, `limit`), one for each layer."""

    def check(path: str, sizes: Any) -> None:
        if not sizes:
            raise ValueError(f"{path} must name at least one layer, got ()")
        values.below(f"the number of layers in {path}", len(sizes), deepest)
        for size in sizes:
            values.whole(path, size, least, limit)

    return Rule(check, words=f">= {least}")


def check_unset(settings: Any, names: Iterable[str], why: str) -> None:
    """Refuses values of fields of the section `data` that have no effect.

    Args:
      settings: a dataclass of such a section.
      names: of the fields, each with a default, that are to be as by default.
      why: the value has no effect, as the end of a sentence that begins with it.

    Raises:
      ValueError: a field has another value than its default.
    """
    defaults = {each.name: each.default for each in dataclasses.fields(settings)}
    for name in names:
        if (value := getattr(settings, name)) != defaults[name]:
            usual = values.show(defaults[name])
            raise ValueError(
                f"data.{name} = {values.show(value)} {why}: leave it out, or set it to"
                f" {usual}"
            )
