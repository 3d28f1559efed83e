"""What the columns of a table mean, and how its rows become vectors and come back.

A network learns vectors of about unit variance. `meanings.describe` looks at a table's
columns and says what each one is:

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
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from wgan_gp.system.values import join_names, show

NUMBER, WHOLE, CATEGORY, CONSTANT = "number", "whole", "category", "constant"


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
            entries = np.zeros((len(values), len(known)), np.float32)
            entries[np.arange(len(values)), [known[value] for value in values]] = 1
            return entries
        numbers = np.asarray(values, np.float64)
        if not np.isfinite(numbers).all():
            raise ValueError(f"column {show(self.name)} has values that are not finite")
        return ((numbers - self.mean) / self.std)[:, None]

    def decode(self, entries: np.ndarray) -> np.ndarray:
        """Values `[N]` in the column's units, from entries `[N, width]`.

        Their type is that of the column, whatever the entries are: whole numbers are
        int64 where all that the column can have fit.
        """
        if self.kind == CONSTANT:
            return np.full(len(entries), self.values[0])
        if self.kind == CATEGORY:
            values = np.array(self.values)
            exact = values.dtype.kind == "f" and _are_exact(*self.values)
            return values.astype(np.int64 if exact else values.dtype)[
                np.argmax(entries, axis=1)
            ]
        numbers = entries[:, 0].astype(np.float64) * self.std + self.mean
        if self.kind == NUMBER:
            return numbers
        numbers = np.clip(np.rint(numbers), self.low, self.high)
        return numbers.astype(np.int64) if _are_exact(self.low, self.high) else numbers


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.0f}"


def _are_exact(*values: float) -> bool:
    """Whether whole floats are near enough to 0 that none between them is left out."""
    return max(map(abs, values)) < 2**53


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

    def kinds(self) -> str:
        """What the columns are, in a line, for a user to look over."""
        kinds = {
            "numbers": [each.name for each in self.columns if each.kind == NUMBER],
            "whole numbers": [each.name for each in self.columns if each.kind == WHOLE],
            "categories": [
                f"{each.name} ({len(each.values)})"
                for each in self.columns
                if each.kind == CATEGORY
            ],
        }
        return "; ".join(
            f"{k}: {join_names(names)}" for k, names in kinds.items() if names
        )

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
        """First entry of each category and the one after its last, for a softmax."""
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
