"""Matplotlib axes for values of any range: scales, ticks and legends."""

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

_WIDE = 30  # ratio of the largest to the smallest value from which the axis is a log
_LABELS = 7  # at most, on an axis
_GREY = "0.4"
# Without an offset, which matplotlib would write where the legend is.
_PLAIN = FuncFormatter(lambda x, _: f"{x:.6g}")


def scale_y(axes: Any, values: Sequence[float], *, from_zero: bool = False) -> None:
    """Chooses the scale of the y axis: linear, log, or symlog where signs differ.

    Args:
      axes: a `matplotlib.axes.Axes` with all curves plotted.
      values: the values that must be distinguishable on the axis.
      from_zero: whether a linear axis starts at 0.
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
    """Sets labels at 1, 2 and 5 times powers of ten, as many as there is room for."""
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
    """Ticks that are far enough apart; 0 and powers of ten take precedence."""
    gap = (at[-1] - at[0]) / _LABELS
    rank = [0 if tick == 0 else 1 + (f"{abs(tick):e}"[0] != "1") for tick in ticks]
    kept: list[int] = []
    for i in sorted(range(len(ticks)), key=lambda i: rank[i]):
        if all(abs(at[i] - at[j]) >= gap for j in kept):
            kept.append(i)
    return sorted(float(ticks[i]) for i in kept)


def count_x(axes: Any, last: float, label: str) -> None:
    """Makes the x axis one of counts, from 0 to `last`."""
    axes.set_xlim(0, 1.02 * last)
    few = last < 4  # too few whole numbers for labels
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=not few, min_n_ticks=3))
    counts = FuncFormatter(lambda x, _: f"{x:,.0f}")
    axes.xaxis.set_major_formatter(_PLAIN if few else counts)
    axes.set_xlabel(label)


def legend_above(axes: Any, columns: int = 2) -> None:
    """Puts the legend between the axes and the title, where it hides no curve."""
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
    """Draws a dotted horizontal line at `value`."""
    axes.axhline(value, color=_GREY, linestyle=":", label=label)
