"""The rows of a table that can be learned: which columns, and which rows are complete.

They serve a table that is read whole (`tables`), and one that is read in parts
(`streamed_tables`).
"""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wgan_gp.data.labels import check_labels
from wgan_gp.data.raw_tables import RawTable
from wgan_gp.system.values import did_you_mean, join_names, show

LEAST_ROWS = 30  # so that three are held out
MOST_COLUMNS = 2**14  # that are used


class TableOptions(NamedTuple):
    """How a table is read, as the fields of `data` of the same names say.

    Attributes:
      columns: the names of columns to learn; None for all.
      without: the names of columns to leave out.
      label: the name of the column with each row's class, of which a generator is told
        the value; None for none.
      given: the names of columns of which a generator is told the values, instead.
      most_values: whole numbers of at most so many values are a category.
      encoding: of a CSV file.
    """

    columns: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    label: str | None = None
    given: tuple[str, ...] = ()
    most_values: int = 20
    encoding: str = "utf-8"


ALL_COLUMNS = TableOptions()


@dataclasses.dataclass(frozen=True)
class Gaps:
    """Missing values of a table, or of a part of it; those of parts add up.

    Attributes:
      rows: how many rows there are.
      complete: how many of them have all values.
      missing: how many values each column lacks.
    """

    rows: int
    complete: int
    missing: Counter[str]

    def __add__(self, other: "Gaps") -> "Gaps":
        return Gaps(
            self.rows + other.rows,
            self.complete + other.complete,
            Counter({n: k + other.missing[n] for n, k in self.missing.items()}),
        )

    def check(self, path: Path) -> None:
        """Raises ValueError unless enough rows of the table are complete."""
        for name, count in self.missing.items():
            if count == self.rows:
                raise ValueError(
                    f"column {show(name)} of {path} has no values: leave it out by"
                    " data.without"
                )
        if self.complete < LEAST_ROWS:
            (worst, most), *_ = self.missing.most_common(1)
            hint = f", most of them in {show(worst)}" if most else ""
            raise ValueError(
                f"{path} has {self.complete:,} complete rows of {self.rows:,}{hint}: at"
                f" least {LEAST_ROWS} are needed"
            )

    def notes(self, path: Path) -> list[str]:
        """What a user should know of them, one line or none."""
        if self.complete == self.rows:
            return []
        where = ", ".join(
            f"{count:,} in {show(name)}"
            for name, count in self.missing.items()
            if count
        )
        return [
            f"{path}: {self.rows - self.complete:,} of {self.rows:,} rows have missing"
            f" values ({where[:200]}) and are left out"
        ]


def chosen_columns(raw: RawTable, options: TableOptions, path: Path) -> list[str]:
    """The columns that are used, in the file's order; with those that are told.

    Args:
      raw: the table, or its first part.
      options: which columns are asked for.
      path: of the file.

    Raises:
      ValueError: a name is not there, a column is not fit to be learned, or there are
        too many.
    """
    columns, without, label, given, *_ = options
    known = [*raw.columns, *raw.refused]
    asked = {"data.columns": columns or (), "data.without": without}
    asked["data.label"] = () if label is None else (label,)
    asked["data.given"] = given
    for field, names in asked.items():
        for name in names:
            if field == "data.without" and not name.strip():
                continue  # one without a name, which a part may have left out
            if name not in known:
                hint = _several(name, known) or did_you_mean(name, known)
                raise ValueError(
                    f"{field}: there is no column {show(name)} in {path}, which has"
                    f" {join_names(known)}{hint}"
                )
    told = {"data.label": asked["data.label"], "data.given": given}
    for field, names in told.items():
        if both := sorted({*names} & {*without}):
            raise ValueError(f"data.without has the column of {field}, {show(both[0])}")
    wanted = set(known if columns is None else columns) - set(without)
    told_names = {name for names in told.values() for name in names}
    names = [name for name in known if name in wanted | told_names]
    for name in names:
        if name in raw.refused:
            reason = raw.refused[name]
            cure = "leave it out by data.without"
            also = ", or" if ":" in reason else ":"  # a reason may name a cure
            raise ValueError(f"column {show(name)} {reason}{also} {cure}")
    if not {*names} - told_names:
        raise ValueError(f"no column of {path} is left to learn")
    if len(names) > MOST_COLUMNS:
        raise ValueError(
            f"{len(names):,} columns of {path} are more than {MOST_COLUMNS:,}: choose"
            " some by data.columns"
        )
    return names


def _several(name: str, known: list[str]) -> str:
    """How several names are written, if one is several that are known."""
    parts = tuple(each.strip() for each in name.split(","))
    return f": several are written {parts}" if {*parts} <= {*known} else ""


def complete_rows(
    raw: RawTable, names: list[str], path: Path, before: int = 0
) -> tuple[dict[str, np.ndarray], Gaps]:
    """The rows without missing values, and how many others there are.

    Args:
      raw: the table, or a part of it.
      names: of the columns that are used.
      path: of the file.
      before: how many rows of the file come before this part.

    Raises:
      ValueError: a value is infinite.
    """
    missing = {name: _missing(raw.columns[name]) for name in names}
    for name in names:
        _check_finite(name, raw.columns[name], path, before)
    complete = np.flatnonzero(~np.any(list(missing.values()), axis=0))
    counts = Counter({name: int(each.sum()) for name, each in missing.items()})
    values = {name: raw.columns[name][complete] for name in names}
    return values, Gaps(raw.count, len(complete), counts)


def _missing(values: np.ndarray) -> np.ndarray:
    if values.dtype == object:
        return np.array([each is None for each in values], bool)
    return np.isnan(values)


def _check_finite(name: str, values: np.ndarray, path: Path, before: int) -> None:
    if values.dtype == object:
        return
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise ValueError(
            f"column {show(name)} of {path} has infinite values, the first in row"
            f" {before + infinite[0] + 1:,}: remove them, or leave the column out by"
            " data.without"
        )


def as_classes(labels: np.ndarray, name: str, path: Path) -> np.ndarray:
    """Labels as text, or as whole numbers in floats.

    Raises:
      ValueError: they are numbers that are not whole.
    """
    text = labels.astype(str) if labels.dtype == object else labels
    checked = check_labels(text, len(labels), f"{path}: {name}")
    return checked.astype(object if checked.dtype.kind == "U" else np.float64)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Puts the path before the message of a ValueError within."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
