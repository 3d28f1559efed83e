"""Claim 5, in GAN training: the critic's estimate compared with the exact W1."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from wgan_gp.constraints import COMPARED, CONSTRAINTS
from wgan_gp.studies.evidence.common import (
    SCALE_COLOURS,
    Evidence,
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
    """Measures the claim: figure `game` and its table."""
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
    return Evidence({"game.png": game_figure(curves)}, rows)


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


def game_figure(curves: list[LearningCurves]) -> Figure:
    """Draws the estimate above, and the exact W1 of the same generators below."""
    figure = Figure(figsize=(3.0 * len(curves), 5), layout="constrained")
    grid = figure.subplots(2, len(curves), sharex=True, sharey="row", squeeze=False)
    for column, curve in zip(grid.T, curves):
        for axes, values in zip(column, (curve.estimate, curve.w1)):
            for i, (weight, colour) in enumerate(zip(curve.weights, SCALE_COLOURS)):
                line = values[:, i]
                style = {"color": colour, "label": f"λ = {weight:g}", "linewidth": 1.2}
                axes.plot(curve.steps, np.median(line, axis=1), ".-", ms=4, **style)
                low, high = line.min(axis=1), line.max(axis=1)
                axes.fill_between(curve.steps, low, high, color=colour, alpha=0.2)
            axes.grid(alpha=0.3)
        column[0].set_title(curve.label)
        column[0].set_yscale("symlog", linthresh=0.02)
        column[0].axhline(0, color="0.4", linewidth=1)
        column[1].axhline(curve.floor, color="0.4", linestyle=":", label="floor")
        column[1].set(yscale="log", xlabel="generator updates")
    grid[0, 0].set_ylabel("critic's estimate")
    grid[1, 0].set_ylabel("exact W1")
    handles, labels = grid[1, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return figure
