"""Says what the columns of a table mean: numbers, categories, constants (`columns`)."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from wgan_gp.data.columns import CATEGORY, CONSTANT, NUMBER, WHOLE, Column, Columns
from wgan_gp.data.summaries import Summary, is_number, summarise
from wgan_gp.system.values import join_names, show

_ROUNDING, _MOST_SHOWN = 1e-9, 1_000_000
_TEXTS = 10  # times as many values as of whole numbers may a category of text have
_FEW_CLASSES, _MOST_CLASSES = 200, 4096  # of a label, whatever the number of rows
_FAR = 30.0  # deviations of the other rows; a value as far out rules the scale


def summarise_columns(
    table: Mapping[str, np.ndarray],
    train: np.ndarray | None = None,
    *,
    whole: Iterable[str] = (),
    most_values: int = 20,
    label: str | None = None,
) -> dict[str, Summary]:
    """Summaries of columns, with as many of their values as `describe` asks for.

    Args:
      table: the values `[N]` of each column: finite float64, or text as objects.
      train: the indices of the training rows; None for all.
      whole: the names of columns that the file has as whole numbers.
      most_values: as in `describe`.
      label: as in `describe`.
    """
    whole = frozenset(whole)
    return {
        name: summarise(
            values,
            train,
            whole=name in whole,
            most=math.inf if name == label else _TEXTS * most_values,
        )
        for name, values in table.items()
    }


def describe(
    summaries: Mapping[str, Summary],
    *,
    most_values: int = 20,
    label: str | None = None,
) -> tuple[Columns, list[str]]:
    """Says what each column of a table is.

    Args:
      summaries: of each column's values. Means and deviations are to be those of the
        training rows; a category's values are those of all rows.
      most_values: whole numbers of at most so many values are a category.
      label: the name of the column with each row's class, as in `label_column`.

    Returns:
      The columns, and notes on them, one line each.

    Raises:
      ValueError: a column of text has more than ten times as many values, or mostly
        numbers; the label has one value or too many; or all other columns are constant.
    """
    made, notes = [], []
    for name, summary in summaries.items():
        if name == label:
            made.append(label_column(name, summary.distinct, summary.count))
            continue
        column = _column(name, summary, most_values)
        made.append(column)
        notes += _notes(column, summary)
    constant = [each.name for each in made if each.kind == CONSTANT]
    if len(constant) == len(made) - (label is not None):
        raise ValueError("every column is constant: there is nothing to learn")
    if constant:
        notes.append(
            f"constant, and filled in when rows are sampled: {join_names(constant)}"
        )
    return Columns(tuple(made), label), notes


def label_column(name: str, values: Sequence[Any], rows: int) -> Column:
    """The category that is each row's class, with an entry for each of its values.

    Args:
      name: of the column.
      values: that it has, sorted.
      rows: how many rows there are.

    Raises:
      ValueError: there is one value; or there are more than 200 values and than a tenth
        of the rows, or more than 4,096: entries grow as rows times values.
    """
    if len(values) < 2:
        raise ValueError(
            f"the label {show(name)} has one value, {show(*values)}, in all rows: name"
            " another, or leave it out"
        )
    most = min(max(_FEW_CLASSES, rows // 10), _MOST_CLASSES)
    if len(values) > most:
        raise ValueError(
            f"the label {show(name)} has {len(values):,} different values in {rows:,}"
            f" rows, and at most {most:,} can be learned as classes: name another, or"
            " leave it out"
        )
    return Column(name, CATEGORY, values=tuple(values))


def _column(name: str, summary: Summary, most_values: int) -> Column:
    values = tuple(summary.distinct)
    if len(values) == 1:
        return Column(name, CONSTANT, values=values)
    if summary.has_text:
        _check_text(name, summary, most_values)
        return Column(name, CATEGORY, values=values)
    if summary.whole and len(values) <= most_values:
        return Column(name, CATEGORY, values=values)
    kind = WHOLE if summary.whole else NUMBER
    scale = max(abs(summary.low), abs(summary.high))
    column = Column(name, kind, summary.mean, summary.std or scale)
    if kind == NUMBER:
        return column
    return column._replace(low=summary.low, high=summary.high)


def _check_text(name: str, summary: Summary, most_values: int) -> None:
    """Refuses text that is no category."""
    most = _TEXTS * most_values
    numbers, others = (sorted(x.values) for x in (summary.numbers, summary.texts))
    if not others:
        raise ValueError(
            f"column {show(name)} has numbers as text, as {show(numbers[0])}, perhaps"
            " for text in rows that are left out: write numbers, or leave it out by"
            " data.without"
        )
    distinct = summary.distinct
    _check_words(name, distinct, few=len(distinct) <= most_values)
    commas = [e for e in others if is_number(e.replace(",", ".", 1))] == others
    if len(numbers) > len(others) and (commas or len(numbers) >= most_values):
        cure = "clean it, or leave it out by data.without"
        if commas:
            cure = "write decimal points, not commas, and no thousands separators"
        raise ValueError(
            f"column {show(name)} has numbers and text, as {show(numbers[0])} and"
            f" {show(others[0])}: {cure}"
        )
    if all(is_number(each.replace(",", ".", 1)) for each in distinct):
        raise ValueError(
            f"column {show(name)} has numbers with decimal commas, as"
            f" {show(distinct[0])}: write points"
        )
    if len(distinct) > most:
        raise ValueError(
            f"column {show(name)} has over {most:,} different texts in"
            f" {summary.count:,} rows, more than a category has: leave it out by"
            " data.without"
        )


# What text of numbers and dates looks like, what it is, and what helps.
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"  # or a month
_AMOUNT = r"[-+]?[\d.,]+"
_TEXT_KINDS = (
    (
        r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?",
        "numbers with commas",
        "leave thousands separators out, and write decimal points",
    ),
    (
        rf"({_DAY}([./-]){_DAY}\2\d{{4}}|\d{{4}}([./-]){_DAY}\3{_DAY}|{_DAY}/{_DAY}/\d\d)"
        r"([ T].*)?",
        "dates",
        "turn them into numbers, as days since the first",
    ),
    (rf"{_AMOUNT} ?%", "percentages", "write them as numbers"),
    (
        rf"[-+]?[$€£¥] ?{_AMOUNT}|{_AMOUNT} ?[$€£¥]",
        "amounts of a currency",
        "write them as numbers",
    ),
)


def _check_words(name: str, values: Sequence[str], *, few: bool) -> None:
    """Refuses text of which nearly all looks like numbers or dates.

    Few percentages, amounts or dates may be a category; numbers with commas are none.
    """
    for pattern, kind, cure in _TEXT_KINDS[: 1 if few else None]:
        alike = [each for each in values if re.fullmatch(pattern, each.strip())]
        if len(alike) >= 0.9 * len(values):
            raise ValueError(
                f"column {show(name)} has {kind} as text, as {show(alike[0])}: {cure},"
                " or leave it out by data.without"
            )


def _notes(column: Column, summary: Summary) -> list[str]:
    if column.kind not in (NUMBER, WHOLE):
        return []
    found = []
    if column.kind == WHOLE and max(-summary.low, summary.high) > 2**53:
        found.append(
            f"column {show(column.name)} has whole numbers of which the first 16 digits"
            " are kept: if they are identifiers, leave it out by data.without"
        )
    ends = summary.low / column.std, summary.high / column.std
    far = max(abs(end - column.mean / column.std) for end in ends)
    far = _of_others(far, summary.marked)
    if not far > _FAR:  # NaN, of numbers that are too far apart to divide
        return found
    shown = f"{far:,.0f}" if far < _MOST_SHOWN else f"over {_MOST_SHOWN:,}"
    return [
        *found,
        f"column {show(column.name)} has values {shown} standard deviations (of the"
        " others) from the mean, which the others vanish beside: its logarithm may be"
        " easier to learn",
    ]


def _of_others(far: float, n: int) -> float:
    """How far a value is from the mean of n, in deviations of the n - 1 others.

    One of n values is at most √(n - 1) of their deviations from their mean, however far
    it is from the others.

    Args:
      far: the same in deviations of all n; more than that of a value that is none of
        them.
      n: at least 2.
    """
    rest = 1 - far**2 / (n - 1)
    if rest < -_ROUNDING:  # none of the n
        return far
    return far * (n / (n - 1) / max(rest, _ROUNDING**2)) ** 0.5
