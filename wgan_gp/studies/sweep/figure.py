"""The figure of a sweep: sample quality by constraint and hyperparameter."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.runs.figures import FAKE, REAL, THIRD
from wgan_gp.studies.sweep.results import Summary, quality

_COLOURS = (THIRD, REAL, FAKE, "#CC79A7", "#D55E00", "#56B4E9")
_COLUMNS = 4
_DIVERGED = "#B00000"


class _Line(NamedTuple):
    """Points that differ only in the field of the x axis."""

    label: str
    at: list[float]  # positions on the x axis
    summaries: list[Summary]


class _Panel(NamedTuple):
    title: str
    field: str  # of the x axis
    ticks: dict[float, str]  # of each value
    logarithmic: bool
    lines: list[_Line]


def draw(summaries: Sequence[Summary], *, title: str) -> Figure:
    """Draws a panel for each study and constraint, with a dot for each seed.

    Lines join the medians, in bands between the quartiles. A dotted line is the floor:
    the score of other real samples. Crosses at the top count runs that diverged.

    Args:
      summaries: of all points; at least one run has not diverged.
      title: of the figure.
    """
    name = quality(summaries)
    assert name is not None
    panels = [_panel(group) for group in _groups(summaries)]
    columns = min(len(panels), _COLUMNS)
    rows = math.ceil(len(panels) / columns)
    size = (max(3.0 * columns + 0.6, 4.5), 3.1 * rows + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, fontsize=11)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    limits = _limits(summaries, name)
    for axes, panel in zip(grid, panels):
        _draw_panel(axes, panel, name, limits)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[::columns]:
        axes.set_ylabel(METRICS[name].short)
    add_legend(figure, grid, columns=5)
    return figure


def add_legend(figure: Figure, panels: Iterable[Axes], *, columns: int) -> None:
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
        fontsize=8,
    )


def _groups(summaries: Sequence[Summary]) -> list[list[Summary]]:
    groups: dict[Any, list[Summary]] = {}
    for each in summaries:
        key = each.point.study, each.point.settings.lipschitz
        groups.setdefault(key, []).append(each)
    return list(groups.values())


def _panel(summaries: list[Summary]) -> _Panel:
    """The field with the most values is the x axis; the others distinguish lines."""
    swept = [each.point.swept for each in summaries]
    varied = {
        path: list(dict.fromkeys(map(_hashable, (each[path] for each in swept))))
        for path in swept[0]
        if path != "lipschitz"
    }
    varied = varied or {"lipschitz": [swept[0].get("lipschitz")]}
    field = max(varied, key=lambda path: len(varied[path]))
    numeric = all(_is_number(value) for value in varied[field])
    values = varied[field]
    positions = {v: float(v) if numeric else i for i, v in enumerate(values)}
    lines: dict[str, list[Summary]] = {}
    for each in summaries:
        others = [
            f"{path.split('.')[-1]} {value}"
            for path, value in each.point.swept.items()
            if path not in (field, "lipschitz") and len(varied[path]) > 1
        ]
        lines.setdefault(", ".join(others), []).append(each)
    return _Panel(
        title=summaries[0].point.settings.lipschitz,
        field=field,
        ticks={positions[value]: _tick(value) for value in values},
        logarithmic=numeric and min(values) > 0 and max(values) / min(values) >= 10,
        lines=[
            _line(label, members, field, positions) for label, members in lines.items()
        ],
    )


def _line(
    label: str, summaries: list[Summary], field: str, positions: dict[Any, float]
) -> _Line:
    at = [positions[_hashable(each.point.swept[field])] for each in summaries]
    order = np.argsort(at)
    return _Line(label, [at[i] for i in order], [summaries[i] for i in order])


def _tick(value: Any) -> str:
    return f"{value:g}" if _is_number(value) else str(value)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _limits(summaries: Sequence[Summary], name: str) -> tuple[float, float, bool]:
    """The limits of the y axis, and whether it is logarithmic."""
    kept = [each.metrics for each in summaries if each.metrics]
    values = np.hstack([metrics[name] for metrics in kept])
    floors = [metrics.get(METRICS[name].floor, metrics[name]) for metrics in kept]
    low, high = min(values.min(), np.hstack(floors).min()), values.max()
    if low > 0 and high / low > 5:
        return low / 1.3, high * 1.6, True
    return min(0.0, low), high + 0.15 * (high - min(0.0, low)), False


def _draw_panel(
    axes: Axes, panel: _Panel, name: str, limits: tuple[float, float, bool]
) -> None:
    low, high, logarithmic = limits
    if panel.logarithmic:
        axes.set_xscale("log")
    if logarithmic:
        axes.set_yscale("log")
    axes.set(xlabel=panel.field, ylim=(low, high))
    axes.set_title(panel.title, fontsize=10, pad=9)
    axes.xaxis.minorticks_off()
    axes.set_xticks(list(panel.ticks), list(panel.ticks.values()), fontsize=8)
    axes.margins(x=0.1)
    for colour, line in zip(_COLOURS * len(panel.lines), panel.lines):
        _draw_line(axes, line, name, colour, panel.logarithmic)
    _mark_diverged(axes, panel.lines, high)
    floors = [
        each.metrics[METRICS[name].floor]
        for line in panel.lines
        for each in line.summaries
        if METRICS[name].floor in each.metrics
    ]
    if floors:
        floor = float(np.median(np.hstack(floors)))
        axes.axhline(floor, color="0.4", linestyle=":", label="real samples")
    axes.grid(alpha=0.3)
    if len(panel.lines) > 1:
        coloured = [each for each in axes.lines if each.get_gid() == "median"]
        labels = [line.label for line in panel.lines]
        axes.legend(coloured, labels, fontsize=7)


def _draw_line(
    axes: Axes, line: _Line, name: str, colour: str, logarithmic: bool
) -> None:
    kept = [(x, s.metrics[name]) for x, s in zip(line.at, line.summaries) if s.metrics]
    if kept:
        at = [x for x, _ in kept]
        quartiles = [np.quantile(values, (0.25, 0.5, 0.75)) for _, values in kept]
        low, middle, high = np.transpose(quartiles)
        band = {"color": colour, "alpha": 0.2, "linewidth": 0}
        axes.fill_between(at, low, high, label="quartiles", **band)
        axes.plot(at, middle, "-", color=colour, label="median", gid="median")
    for x, values in kept:
        spots = _beside(x, len(values), logarithmic)
        axes.plot(spots, values, "o", color=colour, ms=3, alpha=0.7, mew=0)


def _mark_diverged(axes: Axes, lines: list[_Line], top: float) -> None:
    """Marks values at which runs diverged with a cross and their number."""
    counts: dict[float, int] = {}
    for line in lines:
        for x, summary in zip(line.at, line.summaries):
            counts[x] = counts.get(x, 0) + summary.diverged
    style = {"color": _DIVERGED, "ms": 7, "mew": 2, "clip_on": False}
    for x, count in counts.items():
        if count:
            axes.plot(x, top, "x", **style, label="diverged, and how many")
            axes.annotate(
                str(count),
                (x, top),
                xytext=(0, -13),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=_DIVERGED,
            )


def _beside(x: float, count: int, logarithmic: bool) -> np.ndarray:
    """Positions of seeds around a value, so that equal results do not overlap."""
    shift = np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
    return x * 1.12**shift if logarithmic else x + 0.03 * shift * max(abs(x), 1)
