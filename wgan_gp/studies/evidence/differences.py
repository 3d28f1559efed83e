"""Claim 7: the difference penalty with each pairing, beside gradient penalties."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from wgan_gp import losses
from wgan_gp.constraints import difference, one_sided, two_sided
from wgan_gp.losses import PAIRINGS, SHAPES
from wgan_gp.studies.evidence.common import Evidence, mean_and_spread
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
_PAIR_COLOURS = {
    "independent": "#D55E00",
    "segment": "#009E73",
    "endpoint": "#0072B2",
    "gradient": "0.2",
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
    """Measures the claim: figure `difference` and its table."""
    settings = {
        label: gan_settings(steps=steps, width=width, **fields)
        for label, fields in penalty_forms(pairings).items()
    }
    curves = measure_side_by_side(
        settings, (10.0,), seeds=seeds, evaluations=evaluations, samples=samples
    )
    return Evidence(
        {"difference.png": quality_figure(curves)}, list(map(table_row, curves))
    )


def table_row(curve: LearningCurves) -> dict[str, Any]:
    """The row of the results table."""
    side, pairing = curve.label.split(" / ")
    runs = curve.quality.shape[1] * curve.quality.shape[2]
    return {
        "shape": side,
        "slope between": "one point" if pairing == "gradient" else f"{pairing} pairs",
        "estimate": mean_and_spread(curve.estimate[-1]),
        "W1 / floor": mean_and_spread(curve.quality[-1] / curve.floor),
        "ms per generator update": float(
            1000 * curve.seconds[-1] / curve.steps[-1] / runs
        ),
    }


def quality_figure(curves: list[LearningCurves]) -> Figure:
    """Draws quality by wall time: a panel for each shape, a line for each pairing."""
    figure = Figure(figsize=(3.0 * len(_SIDES), 3.2), layout="constrained")
    panels = dict(
        zip(_SIDES, figure.subplots(1, len(_SIDES), sharey=True, sharex=True))
    )
    for curve in curves:
        side, pairing = curve.label.split(" / ")
        axes = panels[side]
        ratio = curve.quality[:, 0] / curve.floor
        runs = curve.quality.shape[2]
        label = "gradient penalty" if pairing == "gradient" else f"{pairing} pairs"
        style = {"color": _PAIR_COLOURS[pairing], "label": label, "linewidth": 1.2}
        seconds = curve.seconds / runs
        axes.plot(seconds, np.median(ratio, axis=1), ".-", ms=4, **style)
        axes.fill_between(
            seconds,
            ratio.min(axis=1),
            ratio.max(axis=1),
            color=style["color"],
            alpha=0.2,
        )
    for side, axes in panels.items():
        axes.axhline(1, color="0.4", linestyle=":", linewidth=1)
        axes.set(title=side, yscale="log", xlabel="seconds of training, per run")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    panels["two-sided"].set_ylabel("exact W1 / floor")
    return figure
