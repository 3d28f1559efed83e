"""What a metric is: how a number in a run's records is named, judged and written.

`evaluate.metrics` has the table of all metrics.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from wgan_gp.data import Dataset

FLOOR = "floor_"  # before the name of a metric: what real samples score in its place


FLOOR_MEANING = (
    "A floor (real to real) is what as many other real samples score in place of"
    " generated ones: a generator that scores the same cannot be told from a perfect"
    " one."
)
# Units whose sign alone would be no word in a sentence.
_UNITS = {"%": "per cent", "s": "seconds", "dB": "decibels"}


class Metric(NamedTuple):
    """How a metric is presented.

    Attributes:
      label: the title of its row in a table, and of an axis.
      short: the head of its column in a table, and its name in a sentence.
      better: "lower" or "higher"; empty where neither is better.
      unit: of its values, "" for numbers and for distances, which are in the units of
        the data. "%" is for shares: they are recorded from 0 to 1.
      form: the format of its values in a table, as in `format(value, form)`.
      ideal: its value for the optimal critic, or the record that has it.
      floor: the record of what real samples score in its place, if any.
      floor_row: whether tables have a row for the floor, and for the ratio to it.
      spread: the record of its spread or error, if any, and what that is.
      extent: the records of the least and the greatest value that it is the mean of.
      symbol: its name beside a progress bar; empty if it is not shown there.
      meaning: what it measures and how to read it, in plain sentences, for a run's
        report and for the site. `explanation` adds the unit and which way is better.
      in_sweeps: whether it has a column in the summary of a sweep.
      measure: `(fakes, reals, dataset) -> float`. Each evaluation calls it for each of
        its sets with the generated samples `[n, ...]`, as many held-out real ones and
        the data set, and records the mean. Vectors are floats, images uint8 `[n, H, W,
        C]`. It may return None for a data set that it does not apply to. At the start
        of a run, other real samples are measured in the place of generated ones, and
        recorded as `floor` if that has a name. A metric without the function is
        recorded by other code.
    """

    label: str
    short: str
    better: str = ""
    unit: str = ""
    form: str = ".4g"  # significant digits: a clipped critic's numbers have any size
    ideal: str = ""
    floor: str = ""
    floor_row: bool = False
    spread: tuple[str, str] | None = None
    extent: tuple[str, str] | None = None
    symbol: str = ""
    meaning: str = ""
    in_sweeps: bool = False
    measure: Callable[[np.ndarray, np.ndarray, Dataset], float | None] | None = None

    def text(self, value: float, form: str = "") -> str:
        """A value with its unit.

        Args:
          value: as it is recorded.
          form: in place of the metric's own.
        """
        number = format(100 * value if self.unit == "%" else value, form or self.form)
        return f"{number} {self.unit}" if self.unit else number

    def axis(self) -> str:
        """The title of an axis of recorded values."""
        return (
            f"{self.label} ({self.unit})" if self.unit not in ("", "%") else self.label
        )

    def explanation(self) -> str:
        """The meaning of its values, their unit, and which way is better."""
        parts = [self.meaning] if self.meaning else []
        if self.unit:
            parts.append(f"Unit: {_UNITS.get(self.unit, self.unit)}.")
        if self.better:
            parts.append(f"{self.better.capitalize()} is better.")
        return " ".join(parts)
