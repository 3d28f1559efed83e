"""The figures of `transport`: `coupling`, `estimate` and `bias`."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wgan_gp.runs.axes import count_x, label_decades, legend_below, reference_line
from wgan_gp.runs.style import FAKE, GREY, PAGE, REAL, ordered_line, styled
from wgan_gp.studies.evidence.common import Arrays, Rows, constraint_line
from wgan_gp.studies.evidence.transport import SETS, array_name


class _Critics(NamedTuple):
    """A row of the table: critics of one constraint and strength."""

    sets: str
    lipschitz: str
    strength: str  # such as "λ = 0.1"
    row: Any

    @property
    def value(self) -> float:
        return float(self.strength.split(" = ")[1])

    @property
    def is_penalised(self) -> bool:
        return self.row["1 + d / 2λ"] != ""


def figures(rows: Rows, arrays: Arrays) -> dict[str, Figure]:
    """Draws the figures, from what `transport.evidence` has measured."""
    critics = list(map(_critics, rows))
    gaussians = [each for each in critics if each.sets == SETS[0]]
    return {
        "coupling.png": _coupling_figure(gaussians, arrays),
        "estimate.png": _estimate_figure(gaussians, arrays),
        "bias.png": _bias_figure(critics),
    }


def _critics(row: Any) -> _Critics:
    lipschitz, strength = row["constraint"].split(", ")
    return _Critics(row["sets"], lipschitz, strength, row)


def _by(critics: list[_Critics], field: str) -> dict[str, list[_Critics]]:
    """The critics by a field, in the table's order."""
    groups: dict[str, list[_Critics]] = {}
    for each in critics:
        groups.setdefault(getattr(each, field), []).append(each)
    return groups


@styled
def _coupling_figure(critics: list[_Critics], arrays: Arrays) -> Figure:
    """Draws norms and cosines by strength: medians, and 5 to 95 % of the points."""
    groups = _by(critics, "lipschitz")
    figure = Figure(figsize=(PAGE, 5.2))
    grid = figure.subplots(2, len(groups), sharex="col", squeeze=False)
    for (norm, cosine), (name, group) in zip(grid.T, groups.items()):
        at = np.array([each.value for each in group])
        coupled, unrelated, along = (
            arrays[array_name(name, each)]
            for each in ("coupled", "unrelated", "cosine")
        )
        _bars(norm, at * 0.8, coupled, REAL, "o", "optimally coupled pairs")
        _bars(norm, at * 1.25, unrelated, FAKE, "s", "random pairs")
        _bars(cosine, at, along, REAL, "o", "optimally coupled pairs")
        reference_line(norm, 1, "the optimal critic: 1")
        reference_line(cosine, 1, "the optimal critic: 1")
        norm.set(title=name, yscale="log", xscale="log")
        if group[0].is_penalised:  # others need an axis of their own
            norm.set(ylim=(0.5, 40))
        label_decades(norm.yaxis)
        cosine.set(ylim=(-1.1, 1.1), xlabel=group[0].strength.split(" = ")[0])
        cosine.set_xticks(at, [f"{value:g}" for value in at])
        cosine.minorticks_off()
    for axes in grid[0, 2:]:
        axes.set_yticklabels([])
    for axes in grid[1, 1:]:
        axes.set_yticklabels([])
    grid[0, 0].set_ylabel("‖∇D‖ between the pair")
    grid[1, 0].set_ylabel("cosine of ∇D with\nthe transport direction")
    legend_below(figure, grid.ravel(), columns=3)
    return figure


def _bars(
    axes: Axes, at: np.ndarray, values: np.ndarray, colour: str, marker: str, label: str
) -> None:
    low, middle, high = values.T
    style = {"color": colour, "marker": marker, "capsize": 2, "label": label}
    error = (middle - low, high - middle)
    axes.errorbar(at, middle, yerr=error, linestyle="none", **style)


@styled
def _estimate_figure(critics: list[_Critics], arrays: Arrays) -> Figure:
    """Draws estimate / W1 in training: a panel for each lambda, one for clipping."""
    figure = Figure(figsize=(PAGE, 5.4))
    penalised = [each for each in critics if each.is_penalised]
    others = [each for each in critics if not each.is_penalised]
    panels = figure.subplots(2, 3).ravel()
    groups = _by(penalised, "strength")
    names = list(_by(penalised, "lipschitz"))
    for i, (axes, (strength, group)) in enumerate(zip(panels, groups.items())):
        for j, each in enumerate(group):
            curve = arrays[array_name(each.lipschitz, "estimate")][i]
            _band(axes, arrays["points"], curve, constraint_line(names[j], j))
        axes.set(title=strength)
        limit = group[0].row["1 + d / 2λ"]
        axes.axhline(limit, color="0.0", linewidth=1.2, label="two points: 1 + W1 / 2λ")
    last = panels[len(groups)]
    for name, group in _by(others, "lipschitz").items():
        last.set(title=name)
        for i, each in enumerate(group[::-1]):
            curve = arrays[array_name(name, "estimate")][len(group) - 1 - i]
            style = ordered_line(i) | {"label": f"{name}, {each.strength}"}
            _band(last, arrays["points"], curve, style)
    for axes in panels[: len(groups) + 1]:
        reference_line(axes, 1, "exact: 1")
        count_x(axes, arrays["points"][-1], "critic updates", labels=3)
    for axes in panels[len(groups) + 1 :]:
        axes.axis("off")
    for axes in panels[::3]:
        axes.set_ylabel("estimate / exact W1")
    legend_below(figure, panels, columns=3)
    return figure


def _band(axes: Axes, at: np.ndarray, curve: np.ndarray, style: dict[str, Any]) -> None:
    """Draws a mean `curve[0]` between the least and the greatest values."""
    mean, low, high = curve
    axes.plot(at, mean, markevery=10, **style)
    axes.fill_between(at, low, high, color=style["color"], alpha=0.2, linewidth=0)


@styled
def _bias_figure(critics: list[_Critics]) -> Figure:
    """Draws the final estimate / W1 by lambda, with the closed form as a line.

    The axis is logarithmic; where the mean is below 0, an arrow and a text stand in.
    """
    problems = _by([each for each in critics if each.is_penalised], "sets")
    figure = Figure(figsize=(PAGE, 3.9))
    panels = figure.subplots(1, len(problems), sharey=True, squeeze=False)[0]
    for axes, (problem, group) in zip(panels, problems.items()):
        true = 2 * group[0].value * (group[0].row["1 + d / 2λ"] - 1)
        weights = np.geomspace(0.07, 140, 100)
        axes.plot(weights, 1 + true / (2 * weights), color=GREY, label="1 + W1 / 2λ")
        axes.set(title=f"{problem}, W1 = {true:.2f}", xlabel="λ", xscale="log")
        axes.set(yscale="log", ylim=(0.4, 25))
        for i, (name, each) in enumerate(_by(group, "lipschitz").items()):
            _draw_ratios(axes, each, 1.18 ** (i - 1), constraint_line(name, i))
        reference_line(axes, 1, "exact: 1")
        ticks = list(dict.fromkeys(each.value for each in group))
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
    label_decades(panels[0].yaxis)
    panels[0].set_ylabel("estimate / exact W1")
    legend_below(figure, panels, columns=3)
    return figure


def _draw_ratios(
    axes: Axes, critics: list[_Critics], shift: float, style: dict[str, Any]
) -> None:
    at = shift * np.array([each.value for each in critics])
    mean, spread = np.transpose([each.row["estimate / W1"] for each in critics])
    style = style | {"linestyle": "none", "capsize": 3}
    axes.errorbar(at[mean > 0], mean[mean > 0], yerr=spread[mean > 0], **style)
    for x, value, deviation in zip(at, mean, spread):
        if value <= 0:
            axes.plot(x, 0.44, marker=r"$\downarrow$", ms=10, color=style["color"])
            text = f"{style['label']}:\n{value:.2f} ± {deviation:.2f}"
            axes.text(0.7 * x, 0.44, text, ha="right", va="bottom", fontsize=9)
