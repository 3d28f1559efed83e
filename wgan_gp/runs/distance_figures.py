"""Figures of a distance between two sets: which columns differ, which way is real."""

from typing import Any

import numpy as np
import scipy
from matplotlib.figure import Figure

from wgan_gp.data.columns import NUMBER, Column
from wgan_gp.runs.axes import legend_above, legend_below, plain_text
from wgan_gp.runs.column_figures import distribution
from wgan_gp.runs.style import FAKE, PAGE, styled

_BARS, _PANELS = 12, 4
PICTURES = 8  # examples in a figure


@styled
def columns_figure(
    names: tuple[str, ...], reals: np.ndarray, fakes: np.ndarray, *, units: str
) -> Figure:
    """The columns that move most: W1 of each alone, and histograms of the first four.

    Args:
      names: of the D columns.
      reals: samples `[n, D]`, in random order.
      fakes: samples `[m, D]`.
      units: of the distances, for the axis.
    """
    half = len(reals) // 2
    moved = _marginals(reals, fakes)
    floors = _marginals(reals[:half], reals[half:])
    order = np.argsort(-moved, kind="stable")[:_BARS]
    rows = -(-min(len(order), _PANELS) // 2)
    heights = (1.2 + 0.25 * len(order), 0.4 + 1.7 * rows)
    figure = Figure(figsize=(PAGE, sum(heights)))
    parts: Any = figure.subfigures(2, 1, height_ratios=heights)
    above, below = parts
    axes = above.subplots()
    places = np.arange(len(order))
    axes.barh(places, moved[order], color=FAKE, label="real and generated")
    axes.plot(floors[order], places, "k|", ms=12, mew=2, label="two halves of the real")
    axes.set_yticks(places, [plain_text(names[i], 24) for i in order])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel(f"W1 of the column alone, {units}")
    legend_above(axes)
    panels = below.subplots(rows, 2, squeeze=False).ravel()
    for panel, i in zip(panels, order[:_PANELS]):
        distribution(panel, Column(names[i], NUMBER), reals[:, i], fakes[:, i])
    for panel in panels[::2]:
        panel.set_ylabel("share of rows")
    for panel in panels[len(order) :]:
        panel.axis("off")
    legend_below(below, panels[:1], columns=2)
    return figure


def _marginals(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    pairs = zip(first.T, second.T)
    return np.array([scipy.stats.wasserstein_distance(*pair) for pair in pairs])


@styled
def pictures_figure(
    examples: np.ndarray, gradients: np.ndarray, length: float
) -> Figure:
    """Generated pictures, the critic's gradient there, and where a step along it leads.

    Args:
      examples: pictures `[k, H, W, C]` in [0, 1], C = 1 or 3.
      gradients: of the critic's value, of the same shape.
      length: of the step, in the units of W1.
    """
    norms = np.sqrt(np.square(gradients).sum(axis=(1, 2, 3), keepdims=True))
    steps = length * gradients / np.where(norms > 0, norms, 1.0)
    signed = gradients.mean(axis=-1)
    most = np.abs(signed).max(axis=(1, 2), keepdims=True)
    rows: list[tuple[str, np.ndarray, dict[str, Any]]] = [
        ("generated", examples, {"cmap": "gray", "vmin": 0, "vmax": 1}),
        (
            "brighter (red) or\ndarker (blue) is\nmore real",
            signed / np.where(most > 0, most, 1.0),
            {"cmap": "RdBu_r", "vmin": -1, "vmax": 1},
        ),
        (
            f"moved by {length:.3g}\nthat way",
            np.clip(examples + steps, 0, 1),
            {"cmap": "gray", "vmin": 0, "vmax": 1},
        ),
    ]
    count = len(examples)
    side = (PAGE - 1.4) / count  # the rest is for the titles of the lines
    figure = Figure(figsize=(PAGE, 0.3 + 3.2 * side))
    panels = figure.subplots(3, count, squeeze=False)
    for line, (title, pictures, style) in zip(panels, rows):
        line[0].set_ylabel(
            title, rotation=0, ha="right", va="center", fontsize=9, labelpad=8
        )
        for axes, picture in zip(line, pictures):
            axes.imshow(np.squeeze(picture), interpolation="nearest", **style)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.grid(visible=False)
    return figure
