"""What the columns of a table mean, and how its rows become vectors and come back.

A network learns vectors of about unit variance. `describe` looks at the columns of a
table and says what each one is:

- a number: standardised by the mean and the standard deviation of the training rows;
- a whole number of many values: the same, and rounded when it comes back;
- a category, of text or of few whole numbers: one entry for each of its values, 1 for
  its own and 0 for the others. A generator's entries are soft, and the largest comes
  back;
- a constant: no entry; it is filled in when rows come back.

`Columns.encode` and `Columns.decode` go both ways. Everything that is needed is in the
description, which a run stores, so that a sampler does not need the table.
"""

import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from wgan_gp.system.values import join_names, show

NUMBER, WHOLE, CATEGORY, CONSTANT = "number", "whole", "category", "constant"
_FAR = 30.0  # standard deviations; a value as far out rules the column's scale


class Column(NamedTuple):
    """A column of a table.

    Attributes:
      name: of the column.
      kind: `NUMBER`, `WHOLE`, `CATEGORY` or `CONSTANT`.
      mean: of the training rows, in the column's units.
      std: their standard deviation.
      low: the least value of all rows, for a whole number.
      high: the greatest.
      values: what a category can be, sorted: text, or whole numbers as floats. The one
        value of a constant.
    """

    name: str
    kind: str
    mean: float = 0.0
    std: float = 1.0
    low: float = -math.inf
    high: float = math.inf
    values: tuple[Any, ...] = ()

    @property
    def width(self) -> int:
        """How many entries of a vector it takes."""
        return {CATEGORY: len(self.values), CONSTANT: 0}.get(self.kind, 1)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Its entries `[N, width]` for values `[N]`.

        Raises:
          ValueError: a value is none of the category's, or is not finite.
        """
        if self.kind == CONSTANT:
            return np.empty((len(values), 0))
        if self.kind == CATEGORY:
            known = {value: i for i, value in enumerate(self.values)}
            if unknown := sorted({str(v) for v in values if v not in known}):
                raise ValueError(
                    f"column {show(self.name)} has the new value {show(unknown[0])}"
                )
            return np.eye(len(known))[[known[value] for value in values]]
        numbers = np.asarray(values, np.float64)
        if not np.isfinite(numbers).all():
            raise ValueError(f"column {show(self.name)} has values that are not finite")
        return ((numbers - self.mean) / self.std)[:, None]

    def decode(self, entries: np.ndarray) -> np.ndarray:
        """Values `[N]` in the column's units, from entries `[N, width]`."""
        if self.kind == CONSTANT:
            return np.array([self.values[0]] * len(entries))
        if self.kind == CATEGORY:
            values = np.array(self.values)
            return _as_whole(values)[np.argmax(entries, axis=1)]
        numbers = entries[:, 0].astype(np.float64) * self.std + self.mean
        if self.kind == NUMBER:
            return numbers
        return _as_whole(np.clip(np.rint(numbers), self.low, self.high))


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.0f}"


def _as_whole(values: np.ndarray) -> np.ndarray:
    """Whole floats as int64, where they fit; text as it is."""
    if values.dtype.kind != "f" or np.abs(values).max(initial=0) >= 2**53:
        return values
    return values.astype(np.int64)


class Columns(NamedTuple):
    """The columns of a table, in its order.

    Attributes:
      columns: those that are entries of vectors.
      label: the name of the category that is each row's class, if a generator is told
        one.
      given: the names of the columns that a generator is told, where they are not a
        class. It repeats what it is told in its entries.
    """

    columns: tuple[Column, ...]
    label: str | None = None
    given: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Entries of a vector."""
        return sum(each.width for each in self.columns)

    @property
    def slices(self) -> dict[str, slice]:
        """The entries of each column, by its name."""
        ends = np.cumsum([0, *(each.width for each in self.columns)]).tolist()
        return {
            each.name: slice(*pair)
            for each, pair in zip(self.columns, itertools.pairwise(ends))
        }

    @property
    def told_names(self) -> tuple[str, ...]:
        """The names of the columns that a generator is told: the label, or `given`."""
        return self.given if self.label is None else (self.label,)

    @property
    def conditions(self) -> "Columns":
        """The columns that a generator is told, in the table's order."""
        told = self.told_names
        return Columns(tuple(each for each in self.columns if each.name in told))

    @property
    def others(self) -> "Columns":
        """The columns that a generator is not told."""
        told = self.told_names
        return Columns(tuple(each for each in self.columns if each.name not in told))

    @property
    def told(self) -> tuple[int, ...]:
        """The entries of `conditions` among all entries, in the same order."""
        where = self.slices
        parts = (where[each.name] for each in self.conditions.columns)
        return tuple(i for part in parts for i in range(part.start, part.stop))

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The label's values as text, if there is one."""
        for each in self.columns:
            if each.name == self.label:
                return tuple(_as_text(value) for value in each.values)
        return None

    @property
    def categories(self) -> tuple[tuple[int, int], ...]:
        """First and last-but-one entry of each category, for a generator's softmax."""
        return tuple(
            (where.start, where.stop)
            for each, where in zip(self.columns, self.slices.values())
            if each.kind == CATEGORY
        )

    def encode(self, table: Mapping[str, np.ndarray]) -> np.ndarray:
        """Rows as vectors.

        Args:
          table: the values `[N]` of each column by its name.

        Returns:
          `[N, width]`, float32.

        Raises:
          ValueError: as `Column.encode`.
        """
        parts = [each.encode(table[each.name]) for each in self.columns]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def decode(self, vectors: np.ndarray) -> dict[str, np.ndarray]:
        """Vectors as rows.

        Args:
          vectors: `[N, width]`, of a generator, whose categories are soft.

        Returns:
          The values `[N]` of each column by its name, in the column's units.
        """
        where = self.slices
        return {
            each.name: each.decode(vectors[:, where[each.name]])
            for each in self.columns
        }

    def hardened(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors `[N, width]` of the rows that other vectors stand for, float32."""
        return self.encode(self.decode(vectors))

    def as_record(self) -> dict[str, Any]:
        """What `from_record` reads, for a JSON file."""
        plain = {"low", "high"}  # JSON has no infinity
        columns = [
            {
                name: value
                for name, value in each._asdict().items()
                if name not in plain or math.isfinite(value)
            }
            for each in self.columns
        ]
        return {"label": self.label, "given": list(self.given), "columns": columns}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Columns":
        """Columns as `as_record` wrote them.

        Raises:
          TypeError: a column lacks a field, or has an unknown one.
          KeyError: there are no columns.
          ValueError: a column that a generator is told is not there.
        """
        made = [Column(**each) for each in record["columns"]]
        columns = tuple(each._replace(values=tuple(each.values)) for each in made)
        found = cls(columns, record["label"], tuple(record.get("given", ())))
        if absent := {*found.told_names} - {each.name for each in columns}:
            raise ValueError(f"there is no column {show(min(map(str, absent)))}")
        return found


def numbered(width: int) -> Columns:
    """Columns x1, x2, ... of vectors `[width]` that are their own units."""
    return Columns(tuple(Column(f"x{i + 1}", NUMBER) for i in range(width)))


def describe(
    table: Mapping[str, np.ndarray],
    train: np.ndarray,
    *,
    whole: Iterable[str] = (),
    most_values: int = 20,
    label: str | None = None,
) -> tuple[Columns, list[str]]:
    """Says what each column of a table is.

    Args:
      table: the values `[N]` of each column: finite float64, or text as objects.
      train: the indices of the training rows. Means and deviations are theirs; values
        of categories are those of all rows.
      whole: the names of columns that the file has as whole numbers.
      most_values: whole numbers of at most so many values are a category.
      label: the name of the column with each row's class, a category of any size.

    Returns:
      The columns, and notes on them, one line each.

    Raises:
      ValueError: a column of text has more than ten times as many values, or numbers
        among text; or all columns but the label are constant.
    """
    made, notes, whole = [], [], frozenset(whole)
    for name, values in table.items():
        if name == label:
            known = tuple(sorted(set(values.tolist())))
            made.append(Column(name, CATEGORY, values=known))
            continue
        column = _column(name, values, train, name in whole, most_values)
        made.append(column)
        notes += _notes(column, values)
    constant = [each.name for each in made if each.kind == CONSTANT]
    if len(constant) == len(made) - (label is not None):
        raise ValueError("every column is constant: there is nothing to learn")
    if constant:
        notes.append(
            f"constant, and filled in when rows are sampled: {join_names(constant)}"
        )
    return Columns(tuple(made), label), notes


def _column(
    name: str, values: np.ndarray, train: np.ndarray, whole: bool, most_values: int
) -> Column:
    distinct = sorted(set(values.tolist()))
    if len(distinct) == 1:
        return Column(name, CONSTANT, values=tuple(distinct))
    if values.dtype == object:
        _check_text(name, distinct, len(values), 10 * most_values)
        return Column(name, CATEGORY, values=tuple(distinct))
    whole = whole or bool(np.all(values == np.rint(values)))
    if whole and len(distinct) <= most_values:
        return Column(name, CATEGORY, values=tuple(distinct))
    scale = float(np.abs(values).max())  # squares of huge values are not finite
    mean = scale * float(np.mean(values[train] / scale))
    std = scale * float(np.std(values[train] / scale))
    column = Column(name, WHOLE if whole else NUMBER, mean, std or scale)
    return column._replace(low=distinct[0], high=distinct[-1]) if whole else column


def _check_text(name: str, distinct: list[str], count: int, most: int) -> None:
    """Refuses text that is no category."""
    numbers = [each for each in distinct if is_number(each)]
    others = [each for each in distinct if not is_number(each)]
    if not others:
        raise ValueError(
            f"column {show(name)} has text among its numbers, in rows that are left"
            " out: clean it, or leave it out by data.without"
        )
    if len(numbers) > len(others):
        commas = [e for e in others if is_number(e.replace(",", ".", 1))]
        hint = ": write decimal points, not commas" if commas == others else ""
        raise ValueError(
            f"column {show(name)} has numbers and text, as {show(numbers[0])} and"
            f" {show(others[0])}{hint or ': clean it, or leave it out by data.without'}"
        )
    decimal = [each for each in distinct if is_number(each.replace(",", ".", 1))]
    if decimal and len(decimal) == len(distinct):
        raise ValueError(
            f"column {show(name)} has numbers with decimal commas, as"
            f" {show(decimal[0])}: write points"
        )
    if len(distinct) > most:
        raise ValueError(
            f"column {show(name)} has {len(distinct):,} different texts in {count:,}"
            f" rows, more than a category of {most} has: leave it out by data.without"
        )


def is_number(text: str) -> bool:
    """Whether a text is one that Python reads as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _notes(column: Column, values: np.ndarray) -> list[str]:
    if column.kind not in (NUMBER, WHOLE):
        return []
    far = float(np.abs(values / column.std - column.mean / column.std).max())
    if far <= _FAR:
        return []
    return [
        f"column {show(column.name)} has values {far:.0f} standard deviations from its"
        " mean, which the others vanish beside: its logarithm may be easier to learn"
    ]
