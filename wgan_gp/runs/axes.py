"""Axes that can be read whatever was measured: their scales, ticks and legends."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

_WIDE = 30  # times from the least to the greatest value, from which a scale is a log
_LABELS = 7  # at most, on an axis
_GREY = "0.4"
# In full, as an offset would be written above the axis, where the legend is.
_PLAIN = FuncFormatter(lambda x, _: f"{x:.6g}")


def scale_y(axes: Any, values: Sequence[float], *, from_zero: bool = False) -> None:
    """Chooses an axis by its values: linear, logarithmic, or both where signs differ.

    Args:
      axes: with everything plotted.
      values: what has to be told apart on it.
      from_zero: whether a linear axis begins at 0.
    """
    finite = np.array([value for value in values if math.isfinite(value)])
    sizes = np.abs(finite[finite != 0])
    if not len(sizes) or (
        sizes.max() < _WIDE * np.median(sizes) and not _is_wide(finite)
    ):
        _linear(axes, finite, from_zero)
    elif finite.min() > 0:
        axes.set_yscale("log")
        _decades(axes, finite.min(), finite.max())
    else:
        axes.set_yscale("symlog", linthresh=float(np.median(sizes)))
        _decades(axes, finite.min(), finite.max())


def _is_wide(values: np.ndarray) -> bool:
    return values.min() > 0 and values.max() > _WIDE * values.min()


def _linear(axes: Any, values: np.ndarray, from_zero: bool) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(6, min_n_ticks=4))
    axes.yaxis.set_major_formatter(_PLAIN)
    if from_zero and len(values) and values.max() > 0:
        axes.set_ylim(0, 1.05 * values.max())


def _decades(axes: Any, low: float, high: float) -> None:
    """Labels at 1, 2 and 5 times powers of ten, as many as there is room for."""
    powers = range(
        math.floor(math.log10(_smallest(low, high))) - 1, 1 + _top(low, high)
    )
    sizes = [m * 10.0**power for power in powers for m in (1, 2, 5)]
    candidates = np.array([-size for size in sizes[::-1]] + [0.0] + sizes)
    if low > 0:
        candidates = candidates[candidates > 0]
    scale = axes.yaxis.get_transform()
    at, ends = scale.transform(candidates), scale.transform(np.array([low, high]))
    margin = 0.04 * (ends[1] - ends[0]) * np.array([-1, 1])
    limits = ends + margin
    inside = (at >= limits[0]) & (at <= limits[1])
    axes.set_ylim(*scale.inverted().transform(limits))
    axes.yaxis.set_major_locator(FixedLocator(_thinned(candidates[inside], at[inside])))
    axes.yaxis.set_major_formatter(_PLAIN)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())


def _smallest(low: float, high: float) -> float:
    return min(abs(each) for each in (low, high) if each)


def _top(low: float, high: float) -> int:
    return math.ceil(math.log10(max(abs(low), abs(high))))


def _thinned(ticks: np.ndarray, at: np.ndarray) -> list[float]:
    """Ticks far enough apart, whole powers of ten and 0 before the others."""
    gap = (at[-1] - at[0]) / _LABELS
    rank = [0 if tick == 0 else 1 + (f"{abs(tick):e}"[0] != "1") for tick in ticks]
    kept: list[int] = []
    for i in sorted(range(len(ticks)), key=lambda i: rank[i]):
        if all(abs(at[i] - at[j]) >= gap for j in kept):
            kept.append(i)
    return sorted(float(ticks[i]) for i in kept)


def count_x(axes: Any, last: float, label: str) -> None:
    """An axis of counts from 0 to the last one."""
    axes.set_xlim(0, 1.02 * last)
    few = last < 4  # too few whole numbers for labels
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=not few, min_n_ticks=3))
    counts = FuncFormatter(lambda x, _: f"{x:,.0f}")
    axes.xaxis.set_major_formatter(_PLAIN if few else counts)
    axes.set_xlabel(label)


def legend_above(axes: Any, columns: int = 2) -> None:
    """A legend between the axes and the title, so that it hides no curve."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=columns,
        fontsize=8,
        frameon=False,
        borderaxespad=0.2,
        handlelength=1.6,
        columnspacing=1.2,
    )


def reference_line(axes: Any, value: float, label: str | None = None) -> None:
    """A dotted level line."""
    axes.axhline(value, color=_GREY, linestyle=":", label=label)
