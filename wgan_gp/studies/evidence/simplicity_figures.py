"""The figures of `simplicity`: `critics` and `weights`."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from wgan_gp.runs.axes import PERCENT
from wgan_gp.runs.planes import draw_levels, draw_samples, round_levels
from wgan_gp.runs.style import PAGE, THIRD, styled
from wgan_gp.studies.evidence.common import Arrays, Rows
from wgan_gp.studies.evidence.simplicity import EDGE, GRID

_LEVELS = 24  # lines between a row's least and greatest value, about


def figures(rows: Rows, arrays: Arrays) -> dict[str, Figure]:
    """Draws the figures, from what `simplicity.evidence` has measured."""
    return {
        "critics.png": _contour_figure(rows, arrays),
        "weights.png": _weight_figure(rows, arrays),
    }


@styled
def _contour_figure(rows: Rows, arrays: Arrays) -> Figure:
    """Draws each first critic: rows are constraints, columns data sets.

    The critics of a row have the same colours and lines, and rows have their own, as
    constraints differ in scale.
    """
    shown = rows[: len(arrays["values"])]
    names = list(dict.fromkeys(row["constraint"] for row in shown))
    datasets = list(dict.fromkeys(row["data"] for row in shown))
    figure = Figure(figsize=(PAGE, 2.0 * len(names) + 0.7))
    shape = {"sharex": True, "sharey": True, "squeeze": False}
    grid = figure.subplots(len(names), len(datasets), **shape)
    axis = np.linspace(-EDGE, EDGE, GRID)
    centred = arrays["values"] - arrays["values"].mean(axis=(1, 2), keepdims=True)
    for row, name in zip(grid, names):
        mine = [i for i, each in enumerate(shown) if each["constraint"] == name]
        levels = round_levels(centred[mine], _LEVELS)
        for i in mine:
            axes = row[datasets.index(shown[i]["data"])]
            drawn = draw_levels(axes, axis, centred[i], levels)
            draw_samples(axes, arrays["reals"][i], arrays["fakes"][i], size=4)
            axes.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), aspect="equal")
            axes.grid(visible=False)
        label = f"a line every {levels[1] - levels[0]:.2g}"
        figure.colorbar(drawn, ax=row, label=label, aspect=14)
        row[0].set_ylabel(name)
    for axes, dataset in zip(grid[0], datasets):
        axes.set_title(dataset)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    style = {"frameon": True, "facecolor": "0.75", "markerscale": 1.6}
    figure.legend(handles, labels, loc="outside lower center", ncols=2, **style)
    return figure


@styled
def _weight_figure(rows: Rows, arrays: Arrays) -> Figure:
    """Draws histograms of the critics' weights on the data of the last row."""
    mine = [i for i, row in enumerate(rows) if row["data"] == rows[-1]["data"]]
    clipped = rows[-1]["constraint"].split(",")[0]  # the last are started inside
    mine.sort(key=lambda i: rows[i]["constraint"].split(",")[0] != clipped)
    few = sum(rows[i]["constraint"].split(",")[0] == clipped for i in mine)
    figure = Figure(figsize=(PAGE, 4.8))
    parts: Any = figure.subfigures(2, 1)
    above, below = parts
    panels = [
        *above.subplots(1, few, sharey=True, squeeze=False)[0],
        *below.subplots(1, len(mine) - few, sharey=True, squeeze=False)[0],
    ]
    for axes, i in zip(panels, mine):
        edges = arrays["weight edges"][i]
        axes.stairs(arrays["weight shares"][i], edges, fill=True, color=THIRD)
        axes.set(title=rows[i]["constraint"], xlabel="weight", yscale="log")
        axes.set_ylim(1e-5, 1)
        axes.set_yticks([1e-4, 1e-3, 1e-2, 1e-1, 1])
        axes.yaxis.set_major_formatter(PERCENT)
        axes.yaxis.minorticks_off()
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    for axes in (panels[0], panels[few]):
        axes.set_ylabel("share of weights")
    return figure
