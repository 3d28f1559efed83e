"""Claim 7: the difference penalty with each pairing, beside gradient penalties."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from wgan_gp import losses
from wgan_gp.constraints import difference, one_sided, two_sided
from wgan_gp.losses import PAIRINGS, SHAPES
from wgan_gp.runs.axes import count_x, label_decades, legend_below, reference_line
from wgan_gp.runs.style import PAGE, line, styled
from wgan_gp.studies.evidence.common import Arrays, Evidence, Rows, mean_and_spread
from wgan_gp.studies.evidence.learning_curves import (
    DEFAULT,
    PAPER,
    SMOKE,
    LearningCurves,
    gan_settings,
    measure_side_by_side,
)
from wgan_gp.studies.names import constraint_name, key_of

SCALES = {
    "smoke": SMOKE | {"pairings": ("endpoint",)},
    "default": DEFAULT | {"evaluations": 10},
    "paper": PAPER,
}
_SIDES = {
    "two-sided": {"shape": key_of(SHAPES, losses.two_sided), "signed": False},
    "two-sided, signed": {"shape": key_of(SHAPES, losses.two_sided), "signed": True},
    "one-sided": {"shape": key_of(SHAPES, losses.one_sided), "signed": False},
}


def penalty_forms(pairings: Iterable[str] = PAIRINGS) -> dict[str, dict[str, Any]]:
    """The settings of each form of penalty.

    Args:
      pairings: names of the pairings of difference penalties.

    Returns:
      Fields and values by "side / pairing".
    """
    settings = {
        f"{side} / {pairing}": {
            "lipschitz": constraint_name(difference.CHOICE),
            "penalty.pairing": pairing,
            **{f"penalty.{name}": value for name, value in form.items()},
        }
        for side, form in _SIDES.items()
        for pairing in pairings
        if not (form["signed"] and pairing == "independent")
    }
    return settings | {
        "two-sided / gradient": {"lipschitz": constraint_name(two_sided.CHOICE)},
        "one-sided / gradient": {"lipschitz": constraint_name(one_sided.CHOICE)},
    }


def evidence(
    *,
    seeds: int,
    steps: int,
    width: int,
    evaluations: int,
    samples: int,
    pairings: Iterable[str] = PAIRINGS,
) -> Evidence:
    """Measures the claim."""
    settings = {
        label: gan_settings(steps=steps, width=width, **fields)
        for label, fields in penalty_forms(pairings).items()
    }
    curves = measure_side_by_side(
        settings, (10.0,), seeds=seeds, evaluations=evaluations, samples=samples
    )
    arrays = {
        "steps": curves[0].steps,
        "W1 / floor": np.stack([each.quality[:, 0] / each.floor for each in curves]),
    }
    return Evidence(list(map(table_row, curves)), arrays)


def table_row(curve: LearningCurves) -> dict[str, Any]:
    """The row of the results table."""
    side, pairing = curve.label.split(" / ")
    runs = curve.quality.shape[1] * curve.quality.shape[2]
    return {
        "shape": side,
        "slope between": "one point" if pairing == "gradient" else f"{pairing} pairs",
        "estimate": mean_and_spread(curve.estimate[-1, 0]),
        "W1 / floor": mean_and_spread(curve.quality[-1, 0] / curve.floor),
        "ms per generator update": float(
            1000 * curve.seconds[-1] / curve.steps[-1] / runs
        ),
    }


def figures(rows: Rows, arrays: Arrays) -> dict[str, Figure]:
    """Draws `difference`, from what `evidence` has measured."""
    return {"difference.png": _quality_figure(rows, arrays)}


@styled
def _quality_figure(rows: Rows, arrays: Arrays) -> Figure:
    """Draws quality by updates: a panel for each shape, a line for each slope."""
    shapes = list(dict.fromkeys(row["shape"] for row in rows))
    slopes = list(dict.fromkeys(row["slope between"] for row in rows))
    figure = Figure(figsize=(PAGE, 4.0))
    panels = figure.subplots(1, len(shapes), sharey=True, sharex=True, squeeze=False)[0]
    for row, ratio in zip(rows, arrays["W1 / floor"]):
        axes, slope = panels[shapes.index(row["shape"])], row["slope between"]
        label = "gradient penalty (at one point)" if slope == "one point" else slope
        style = line(slopes.index(slope)) | {"label": label}
        axes.plot(arrays["steps"], np.median(ratio, axis=1), **style)
        band = {"color": style["color"], "alpha": 0.2, "linewidth": 0}
        low, high = ratio.min(axis=1), ratio.max(axis=1)
        axes.fill_between(arrays["steps"], low, high, **band)
    for shape, axes in zip(shapes, panels):
        reference_line(axes, 1, "as good as real samples")
        axes.set(title=shape, yscale="log")
        count_x(axes, arrays["steps"][-1], "generator updates", labels=2)
    label_decades(panels[0].yaxis)
    panels[0].set_ylabel("exact W1 / floor")
    legend_below(figure, panels, columns=2)
    return figure
