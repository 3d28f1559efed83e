"""A study of a sweep's grid, written as text: `field=value,value,... field=...`."""

import ast
import math
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, NamedTuple

from wgan_gp.system.values import did_you_mean, show

_OPEN, _CLOSE, _QUOTES = "([{", ")]}", "'\""
_IN_WORDS = "_-./:~"
# Fields without effect in a sweep, as all of `checkpoint` and `mesh`: runs are named by
# their points, nothing is logged, and the sweep's own fields say where it is computed.
NO_EFFECT = ("name", "task", "log_every", "eval_every", "debug_nans")


class GridStudy(NamedTuple):
    """One study: the product of the values of some fields."""

    text: str
    fields: dict[str, tuple[Any, ...]]  # by dotted path, the values of each

    @property
    def size(self) -> int:
        """The number of points."""
        return math.prod(len(values) for values in self.fields.values())

    def points(self) -> Iterator[dict[str, Any]]:
        """The points, each a value by field; the last field varies fastest."""
        for values in product(*self.fields.values()):
            yield dict(zip(self.fields, values))


def parse(text: Any, known: Iterable[str]) -> GridStudy:
    """Parses a study.

    Args:
      text: `field=value,value` terms separated by spaces. Values are Python literals
        or bare words; spaces and commas inside brackets or quotes do not separate.
      known: the dotted paths of all fields of the experiment.

    Raises:
      ValueError: the text cannot be parsed, or names a field that does not exist, has
        no effect in a sweep, or is named twice.
    """
    if not isinstance(text, str):
        raise ValueError(
            f"grid must hold text such as 'clip_bound=0.01,0.1', got {show(text)}"
        )
    known, fields = list(known), {}
    for part in _split(text, " \t\n"):
        path, equals, values = part.partition("=")
        if not equals:
            raise ValueError(f"grid takes field=value,value,...; got {show(part)}")
        _check_field(path, known)
        if path in fields:
            raise ValueError(f"grid: {path} is given twice in {show(text)}")
        fields[path] = tuple(_value(path, each) for each in _split(values, ","))
        if not fields[path]:
            raise ValueError(f"grid: {path} has no value in {show(text)}")
    if not fields:
        raise ValueError(f"grid: a study needs a field to vary, got {show(text)}")
    return GridStudy(" ".join(text.split()), fields)


def _check_field(path: str, known: list[str]) -> None:
    if path == "seed":
        raise ValueError(
            "grid: seed is not varied here: set seeds, and experiment.seed"
        )
    if path in NO_EFFECT or path.startswith(("checkpoint.", "mesh.")):
        raise ValueError(f"grid: {path} has no effect on a sweep's runs: leave it out")
    if path not in known:
        raise ValueError(
            f"grid: there is no field {show(path)[1:-1]}{did_you_mean(path, known)}"
        )


def _split(text: str, separators: str) -> list[str]:
    """Splits at separators outside brackets and quotes, and drops empty parts."""
    parts, depth, quote = [""], 0, ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in _QUOTES:
            quote = char
        else:
            depth += (char in _OPEN) - (char in _CLOSE)
        if char in separators and not quote and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    if quote or depth:
        raise ValueError(f"grid: a bracket or quote is left open in {show(text)}")
    return [part for part in parts if part]


def _value(path: str, text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        pass
    if all(char.isalnum() or char in _IN_WORDS for char in text):
        return text
    raise ValueError(
        f"grid: {path} has a value that cannot be read: {show(text)}; write text of"
        f" other characters than letters, digits and {_IN_WORDS} in quotes"
    )
