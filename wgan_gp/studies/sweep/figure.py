"""The figure of a sweep: sample quality by constraint and hyperparameter."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.runs.axes import (
    label_decades,
    legend_below,
    plain_text,
    reference_line,
)
from wgan_gp.runs.style import PAGE, line, styled
from wgan_gp.studies.sweep.results import Summary, quality

_DIVERGED = "#B00000"


class _Line(NamedTuple):
    """Points that differ only in the field of the x axis."""

    label: str
    at: list[float]  # positions on the x axis
    summaries: list[Summary]


class _Panel(NamedTuple):
    title: str
    field: str  # of the x axis
    symbol: str  # of the field in formulas, if it is the constraint's strength
    ticks: dict[float, str]  # of each value
    logarithmic: bool
    lines: list[_Line]


@styled
def draw(summaries: Sequence[Summary], *, title: str) -> Figure:
    """Draws a panel for each study and constraint, with a dot for each seed.

    Lines join the medians, in bands between the quartiles. A dotted line is the floor:
    the score of other real samples; where points are evaluated against different ones,
    each has a short line. Crosses at the top count runs that diverged.

    Args:
      summaries: of all points; at least one run has not diverged.
      title: of the figure.
    """
    name = quality(summaries)
    assert name is not None
    panels = [_panel(group) for group in _groups(summaries)]
    columns = min(len(panels), 2 if len(panels) <= 4 else 3)
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(PAGE if columns > 1 else 4.8, 2.5 * rows + 0.8))
    figure.suptitle(title)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    limits = _limits(summaries, name)
    for axes, panel in zip(grid, panels):
        _draw_panel(axes, panel, name, limits)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[::columns]:
        axes.set_ylabel(METRICS[name].short)
    legend_below(figure, grid, columns=4)
    return figure


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
        lines.setdefault(plain_text(", ".join(others)), []).append(each)
    choice = CONSTRAINTS[summaries[0].point.settings.lipschitz]
    return _Panel(
        title=summaries[0].point.settings.lipschitz,
        field=field,
        symbol=choice.symbol or "" if field == choice.strength else "",
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
    return f"{value:g}" if _is_number(value) else plain_text(str(value))


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
    label = f"{panel.symbol} ({panel.field})" if panel.symbol else panel.field
    axes.set(xlabel=label, ylim=(low, high))
    if logarithmic:
        axes.set(yscale="log", ylim=(low, high))
        label_decades(axes.yaxis)
    axes.set_title(panel.title, pad=9)
    axes.xaxis.minorticks_off()
    axes.set_xticks(list(panel.ticks), list(panel.ticks.values()))
    axes.margins(x=0.1)
    for i, each in enumerate(panel.lines):
        _draw_line(axes, each, name, i, panel.logarithmic)
    _mark_diverged(axes, panel.lines, high)
    _draw_floors(axes, panel.lines, METRICS[name].floor)
    if len(panel.lines) > 1:
        coloured = [each for each in axes.lines if each.get_gid() == "median"]
        kept = [each for each in panel.lines if any(s.metrics for s in each.summaries)]
        labels = [each.label for each in kept]
        axes.legend(coloured, labels, fontsize=8, frameon=True)


def _draw_floors(axes: Axes, lines: list[_Line], floor: str) -> None:
    """The scores of real samples: a line if all points have the same, or short ones."""
    found = [
        (x, summary, line(i)["color"])
        for i, each in enumerate(lines)
        for x, summary in zip(each.at, each.summaries)
        if floor in summary.metrics
    ]
    label = "real samples"
    if len({_real_samples(summary) for _, summary, _ in found}) == 1:
        values = np.hstack([summary.metrics[floor] for _, summary, _ in found])
        reference_line(axes, float(np.median(values)), label)
        return
    for x, summary, colour in found:
        value = float(np.median(summary.metrics[floor]))
        axes.plot(x, value, "_", color=colour, ms=22, mew=1.4, label=label)


def _real_samples(summary: Summary) -> str:
    """What a point's real samples depend on, but for the seeds."""
    settings = summary.point.settings
    return str(
        (
            settings.data,
            settings.conditional,
            settings.eval_samples,
            settings.eval_repeats,
            settings.features,
        )
    )


def _draw_line(axes: Axes, each: _Line, name: str, i: int, logarithmic: bool) -> None:
    style = line(i)
    colour, marker = style["color"], style.pop("marker")
    kept = [(x, s.metrics[name]) for x, s in zip(each.at, each.summaries) if s.metrics]
    if kept:
        at = [x for x, _ in kept]
        quartiles = [np.quantile(values, (0.25, 0.5, 0.75)) for _, values in kept]
        low, middle, high = np.transpose(quartiles)
        band = {"color": colour, "alpha": 0.2, "linewidth": 0}
        axes.fill_between(at, low, high, label="quartiles", **band)
        axes.plot(at, middle, **style, label="median", gid="median")
    for x, values in kept:
        spots = _beside(x, len(values), logarithmic)
        dots = {"color": colour, "ms": 3.5, "alpha": 0.7, "mew": 0}
        axes.plot(spots, values, marker, label="a seed", **dots)


def _mark_diverged(axes: Axes, lines: list[_Line], top: float) -> None:
    """Marks values at which runs diverged with a cross and their number."""
    counts: dict[float, int] = {}
    for each in lines:
        for x, summary in zip(each.at, each.summaries):
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
                fontsize=9,
                color=_DIVERGED,
            )


def _beside(x: float, count: int, logarithmic: bool) -> np.ndarray:
    """Positions of seeds around a value, so that equal results do not overlap."""
    shift = np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
    return x * 1.12**shift if logarithmic else x + 0.03 * shift * max(abs(x), 1)
