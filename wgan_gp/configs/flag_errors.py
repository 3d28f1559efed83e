"""Explains mistakes in the flags of a command line, each in one line."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from absl import flags
from ml_collections import ConfigDict

from wgan_gp.configs.resolution import flatten
from wgan_gp.system.failures import one_line
from wgan_gp.system.values import did_you_mean, nearest, show

_NOUNS = {"int": "a whole number", "float": "a number", "bool": "True or False"}
_TUPLE = "a tuple such as (64, 64)"
_SPECIAL = ("undefok",)  # a flag of absl that is not in `flags.FLAGS`
_TRUTHS = ("true", "false", "yes", "no", "on", "off", "0", "1")


class GivenFlag(NamedTuple):
    """A flag as it was written on the command line."""

    flag: str  # as it was written, without a value
    name: str
    text: str | None  # its value: what follows "=", or the next argument
    following: bool  # whether the value is the next argument


def given_flags(arguments: list[str]) -> Iterator[GivenFlag]:
    """The flags of a command line, in their order, up to a lone `--`.

    Args:
      arguments: without the program's name.
    """
    skip = False
    for argument, after in zip(arguments, [*arguments[1:], None]):
        if argument == "--":
            return
        if skip or not argument.startswith("-"):
            skip = False
            continue
        flag, equals, text = argument.partition("=")
        name = flag.lstrip("-")
        if equals or _is_boolean(name):
            yield GivenFlag(flag, name, text if equals else None, following=False)
        else:
            skip = after is not None and not _is_flag(after)
            yield GivenFlag(flag, name, after, following=True)


def check_form(arguments: list[str]) -> None:
    """Raises ValueError for spaces around "=" and for a flag with an empty value."""
    for argument, after in zip(arguments, [*arguments[1:], ""]):
        if not argument.startswith("-"):
            continue
        flag, equals, text = argument.partition("=")
        spaced = flag != flag.strip() or (not equals and after.startswith("="))
        if spaced or (equals and not text and after and not _is_flag(after)):
            raise ValueError(
                f"{shorten(flag.strip())}: spaces stand around =: write"
                f" {shorten(flag.strip())}=VALUE without them"
            )
        if equals and not text:
            raise ValueError(
                f"{shorten(flag)} has no value: write {shorten(flag)}=VALUE"
            )


def check_values_are_no_flags(arguments: list[str]) -> None:
    """Raises ValueError for a flag whose value is the next flag, or is missing."""
    for flag, name, text, following in given_flags(arguments):
        if name in flags.FLAGS and following and (text is None or _is_flag(text)):
            cause = "" if text is None else f": {shorten(text)} follows it"
            raise ValueError(f"{shorten(flag)} has no value{cause}")


def check_sections(arguments: list[str], config: Any) -> None:
    """Raises ValueError for a flag that would set a whole section.

    Those of `by_constraint` have any fields, and can be given as a whole.
    """
    for flag, name, text, _ in given_flags(arguments):
        path = name.removeprefix("config.")
        inside = _inside(path, _fields(config))
        if path != name and inside and not path.startswith("by_constraint"):
            got = "" if text is None else f", got {show(text)}"
            raise ValueError(
                f"{shorten(flag)} is a section{got}: set its fields one by one, such as"
                f" --config.{inside[0]}"
            )


def check_names(arguments: list[str], config: Any) -> None:
    """Raises ValueError for a flag, or a field of `--config.FIELD`, that is not known.

    Args:
      arguments: without the program's name.
      config: that the config file returned; None without a file.
    """
    fields, file = _fields(config), False
    for flag, name, _, _ in given_flags(arguments):
        section, _, path = name.removeprefix("no").partition(".")
        file |= name == "config"
        if section == "config" and path and not file:
            raise ValueError(
                f"{shorten(flag)} needs a file: put --config FILE before it"
            )
        if name in flags.FLAGS or name in _SPECIAL or _is_boolean(name):
            continue
        if (section == "config" and path in fields) or _inside(path, fields):
            continue
        if section == "config" and path:
            raise ValueError(
                f"{shorten(flag)}: there is no field {shorten(path)}"
                + _hint(path, fields)
            )
        raise ValueError(
            f"there is no flag {shorten(flag)}"
            + (did_you_mean(name, _known(fields), "--") or ": see --help")
        )


def _hint(path: str, fields: list[str]) -> str:
    """A hint: the nearest field, or the fields of its section."""
    section = path.rpartition(".")[0]
    sections = sorted({field.rpartition(".")[0] for field in fields} - {""})
    if near := did_you_mean(path, fields):
        return near
    for each in nearest(section, sections):
        names = [field.removeprefix(f"{each}.") for field in _inside(each, fields)]
        return f": {each} has {', '.join(names)}"
    return ": --help lists them all"


def check_values(arguments: list[str]) -> None:
    """Raises ValueError for a value that is not of its flag's type."""
    for flag, name, text, _ in given_flags(arguments):
        if name not in flags.FLAGS or text is None or name == "config":
            continue
        parser = flags.FLAGS[name].parser
        try:
            parser.parse(text)
        except (ValueError, TypeError):
            noun = _NOUNS.get(parser.flag_type(), _TUPLE)
            raise ValueError(
                f"{shorten(flag)} must be {noun}, got {show(text)}"
                + _as_whole(noun, text)
            ) from None


def explain_unexpected(argument: str, arguments: list[str], config: Any) -> str:
    """Explains an argument that is neither a flag nor a flag's value.

    Args:
      argument: the one to explain.
      arguments: all, without the program's name.
      config: as in `check_names`.
    """
    text = f"unexpected argument {show(argument)}"
    before = arguments[arguments.index(argument) - 1]
    name, equals, value = argument.partition("=")
    if _is_boolean(before.lstrip("-")) and argument.casefold() in _TRUTHS:
        return f"{text}: write {shorten(before)}={shorten(argument)}"
    if argument.split(":")[0].endswith(".py") and config is None:
        return f"{text}: did you mean --config {shorten(argument)}?"
    if equals and value:
        bare = name.lstrip("-\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}")
        near = did_you_mean(bare, _known(_fields(config)), "--")
        return text + (near or ": flags start with --")
    return f"{text}: flags start with --, and values with spaces stand in quotes"


def error_text(error: BaseException) -> str:
    """The message of an error in one line; empty if it has none or printing fails."""
    try:
        return one_line(error) if str(error) else ""
    except Exception:  # its own __str__ fails
        return ""


def shorten(text: str, limit: int = 400) -> str:
    """Shortens a text to one line without control characters."""
    text = " ".join(text.split())
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return text if len(text) <= limit else f"{text[:limit]}..."


def _known(fields: list[str]) -> list[str]:
    """The names of all flags, for hints."""
    own = [name for name in flags.FLAGS if "." not in name]
    return [*own, *(f"config.{path}" for path in fields)]


def _fields(config: Any) -> list[str]:
    """The dotted paths of a configuration's fields; those of `by_constraint` last."""
    if not isinstance(config, ConfigDict):
        return []
    fields = [path for path, _ in flatten(config)]
    return sorted(fields, key=lambda path: "by_constraint." in path)


def _inside(section: str, fields: list[str]) -> list[str]:
    """The fields below a section."""
    return [field for field in fields if field.startswith(f"{section}.")]


def _is_flag(argument: str) -> bool:
    name = argument.partition("=")[0].lstrip("-")
    dashed = argument.startswith("-")
    return dashed and (name in flags.FLAGS or name.startswith("config."))


def _is_boolean(name: str) -> bool:
    """Whether a flag needs no value: it is boolean, perhaps with `no` before it."""
    return any(
        each in flags.FLAGS and bool(flags.FLAGS[each].boolean)
        for each in (name, name.removeprefix("no"))
    )


def _as_whole(noun: str, text: str) -> str:
    """A hint to write a number such as 1e3 as a whole number."""
    try:
        value = float(text)
        whole = noun == "a whole number" and value.is_integer()
    except ValueError:
        return ""
    return f": write {int(value)}" if whole and abs(value) < 1e15 else ""
