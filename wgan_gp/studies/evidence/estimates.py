"""Claim 5, in GAN training: the critic's estimate compared with the exact W1."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wgan_gp.constraints import COMPARED, CONSTRAINTS
from wgan_gp.runs.axes import count_x, label_decades, legend_below, reference_line
from wgan_gp.runs.style import PAGE, styled
from wgan_gp.studies.evidence.common import (
    Arrays,
    Evidence,
    Rows,
    constraint_line,
    mean_and_spread,
)
from wgan_gp.studies.evidence.learning_curves import (
    DEFAULT,
    PAPER,
    SMOKE,
    LearningCurves,
    gan_settings,
    measure_curves,
)

SCALES = {"smoke": SMOKE, "default": DEFAULT, "paper": PAPER}


def evidence(
    *, seeds: int, steps: int, width: int, evaluations: int, samples: int
) -> Evidence:
    """Measures the claim."""
    curves = [
        measure_curves(
            lipschitz,
            gan_settings(steps=steps, width=width, lipschitz=lipschitz),
            CONSTRAINTS[lipschitz].strengths,
            seeds=seeds,
            evaluations=evaluations,
            samples=samples,
        )
        for lipschitz in COMPARED
        if CONSTRAINTS[lipschitz].has_scale
    ]
    rows = [row for curve in curves for row in table_rows(curve)]
    arrays = {
        "steps": curves[0].steps,
        "floor": np.asarray(curves[0].floor),
        "estimate": np.stack([curve.estimate for curve in curves]),
        "exact W1": np.stack([curve.w1 for curve in curves]),
    }
    return Evidence(rows, arrays)


def table_rows(curve: LearningCurves) -> list[dict[str, Any]]:
    """A row of the results table for each lambda: means over evaluations and seeds.

    The first evaluation is left out, because the networks have hardly trained by then.
    """
    later = slice(1, None) if len(curve.steps) > 1 else slice(None)
    rows = []
    for i, weight in enumerate(curve.weights):
        estimate, w1 = curve.estimate[later, i], curve.w1[later, i]
        rows.append(
            {
                "constraint": f"{curve.label}, λ = {weight:g}",
                "estimate": mean_and_spread(estimate.mean(axis=0)),
                "exact W1": mean_and_spread(w1.mean(axis=0)),
                "estimate < 0": float(np.mean(estimate < 0)),
                "final quality / floor": mean_and_spread(
                    curve.quality[-1, i] / curve.floor
                ),
            }
        )
    return rows


def figures(rows: Rows, arrays: Arrays) -> dict[str, Figure]:
    """Draws `game`, from what `evidence` has measured."""
    settings = [row["constraint"].split(", ") for row in rows]
    names, weights = (list(dict.fromkeys(each)) for each in zip(*settings))
    return {"game.png": _game_figure(names, weights, arrays)}


@styled
def _game_figure(names: list[str], weights: list[str], arrays: Arrays) -> Figure:
    """Draws the estimate above, and the exact W1 of the same generators below.

    The scale is the same in all panels, and logarithmic. Estimates below 0 are arrows
    at the lower edge.
    """
    figure = Figure(figsize=(PAGE, 5.4))
    quantities = ("estimate", "exact W1")
    grid = figure.subplots(2, len(weights), sharex=True, sharey=True, squeeze=False)
    every = np.stack([np.median(arrays[name], axis=-1) for name in quantities])
    low = 0.6 * every[every > 0].min()
    for row, curves in zip(grid, every):
        for i, axes in enumerate(row):
            for j, name in enumerate(names):
                style = constraint_line(name, j)
                _draw_curve(axes, arrays["steps"], curves[j, :, i], style, low)
            reference_line(axes, arrays["floor"].item(), "exact W1, real to real")
    for axes, weight in zip(grid[0], weights):
        axes.set(title=weight, yscale="log", ylim=(0.8 * low, 1.3 * every.max()))
        label_decades(axes.yaxis)
    grid[0, 0].set_ylabel("critic's estimate of W1")
    grid[1, 0].set_ylabel("exact W1")
    for axes in grid[1]:
        count_x(axes, arrays["steps"][-1], "generator\nupdates", labels=2)
    legend_below(figure, grid.ravel(), columns=3)
    return figure


def _draw_curve(
    axes: Axes, steps: np.ndarray, values: np.ndarray, style: dict[str, Any], low: float
) -> None:
    """Draws a curve on a log axis, with arrows at `low` for values below 0."""
    axes.plot(steps, np.where(values > 0, values, np.nan), **style)
    below = steps[values <= 0]
    arrows = {"color": style["color"], "linestyle": "none", "marker": r"$\downarrow$"}
    if len(below):
        axes.plot(
            below,
            np.full(len(below), low),
            ms=9,
            label=f"{style['label']}, below 0",
            **arrows,
        )
