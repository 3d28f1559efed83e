"""Matplotlib axes for values of any range: scales, ticks and legends."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from wgan_gp.runs.style import GREY

_WIDE = 30  # ratio of the largest to the smallest value from which the axis is a log
_LABELS = 7  # at most, on an axis
# First digits of labels on a log axis; those before others take precedence.
_DIGITS = ("1", "2", "5", "3", "1.5", "7", "4", "1.2", "6", "8")
# Without an offset, which matplotlib would write where the legend is.
PLAIN = FuncFormatter(lambda x, _: f"{x:.6g}")
PERCENT = FuncFormatter(lambda x, _: f"{100 * x:.3g} %")  # of shares


def plain_text(text: str, longest: int | None = None) -> str:
    """A user's text as text of a figure, where a dollar sign would begin a formula.

    Args:
      text: such as the name of a run or of a column.
      longest: how many characters are shown; None for all.
    """
    if longest is not None and len(text) > longest:
        text = text[:longest] + "…"
    return text.replace("$", r"\$")


def scale_y(axes: Axes, *series: Sequence[float], from_zero: bool = False) -> None:
    """Chooses the scale of the y axis: log for wide positive values, linear otherwise.

    Where signs differ and sizes too, a linear axis shows the middle of each series, at
    least half of its values, and says how far the others go.

    Args:
      axes: with all curves plotted.
      *series: the values of each curve.
      from_zero: whether a linear axis starts at 0.
    """
    finite = [np.array(list(filter(math.isfinite, values))) for values in series]
    every = np.concatenate([*finite, np.zeros(0)])
    if len(every) and every.min() > 0 and every.max() > _WIDE * every.min():
        axes.set_yscale("log")
        low, high = np.log(every.min()), np.log(every.max())
        margin = 0.04 * (high - low)
        axes.set_ylim(np.exp(low - margin), np.exp(high + margin))
        label_decades(axes.yaxis)
        return
    axes.yaxis.set_major_locator(MaxNLocator(6, min_n_ticks=4))
    axes.yaxis.set_major_formatter(PLAIN)
    if not len(every):
        return
    if from_zero and every.max() > 0:
        axes.set_ylim(0, 1.05 * every.max())
    elif np.abs(every).max() > _WIDE * np.median(np.abs(every)):
        _show_middle(axes, [each for each in finite if len(each)], every)


def _show_middle(axes: Axes, series: list[np.ndarray], every: np.ndarray) -> None:
    """Limits a linear axis to the middle of each series; arrows tell of the rest."""
    ends = [_middle(each) for each in series]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    margin = 0.1 * (high - low) or abs(high) or np.abs(every).max()
    axes.set_ylim(low - margin, high + margin)
    for value, y, text in (
        (every.max(), 0.97, "↑ up to {:.3g}"),
        (every.min(), 0.03, "↓ down to {:.3g}"),
    ):
        if not low - margin <= value <= high + margin:
            note = axes.text(0.99, y, text.format(value), transform=axes.transAxes)
            note.set(ha="right", va="top" if y > 0.5 else "bottom")
            note.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.5})


def _middle(values: np.ndarray) -> tuple[float, float]:
    """The ends of as many values as are not much larger than the median size."""
    for share in (0.0, 0.05, 0.1, 0.15, 0.2, 0.25):
        low, high = np.quantile(values, (share, 1 - share))
        if max(-low, high) <= _WIDE / 3 * np.median(np.abs(values)):
            break
    return low, high


def label_decades(axis: Axis) -> None:
    """Labels a log axis at powers of ten, and between them where there is room."""
    low, high = sorted(axis.get_view_interval())
    powers = range(math.floor(math.log10(low)), 1 + math.ceil(math.log10(high)))
    ticks: list[float] = []
    for digits in _DIGITS:
        for tick in (float(f"{digits}e{power}") for power in powers):
            far = all(
                abs(math.log(tick / other)) >= math.log(high / low) / _LABELS
                for other in ticks
            )
            if low <= tick <= high and far:
                ticks.append(tick)
    few = len(ticks) < 2  # the axis spans a small part of a decade
    axis.set_major_locator(MaxNLocator(4) if few else FixedLocator(sorted(ticks)))
    axis.set_major_formatter(PLAIN)
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def count_x(axes: Axes, last: float, label: str, *, labels: int = 5) -> None:
    """Makes the x axis one of counts, from 0 to `last`, with about `labels` labels."""
    axes.set_xlim(0, 1.02 * last)
    few = last < 4  # too few whole numbers for labels
    locator = MaxNLocator(
        labels, integer=not few, min_n_ticks=3, steps=[1, 2, 2.5, 5, 10]
    )
    axes.xaxis.set_major_locator(locator)
    counts = FuncFormatter(lambda x, _: f"{x:,.0f}")
    axes.xaxis.set_major_formatter(PLAIN if few else counts)
    axes.set_xlabel(label)


def legend_above(axes: Any, columns: int = 4) -> None:
    """Puts the legend between the axes and the title, where it hides no curve."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=columns,
        borderaxespad=0.2,
        columnspacing=1.4,
    )


def legend_below(figure: Figure, panels: Iterable[Axes], *, columns: int) -> None:
    """Adds one legend below a figure, with each label of its panels once.

    Args:
      figure: is changed.
      panels: its axes.
      columns: of the legend.
    """
    shown = [axes.get_legend_handles_labels() for axes in panels]
    legend = {name: each for axes in shown for each, name in zip(*axes)}
    figure.legend(
        list(legend.values()),
        list(legend),
        loc="outside lower center",
        ncols=columns,
        columnspacing=1.4,
    )


def reference_line(axes: Axes, value: float, label: str | None = None) -> None:
    """Draws a dotted horizontal line at `value`."""
    axes.axhline(value, color=GREY, linestyle=":", linewidth=1.4, label=label)
