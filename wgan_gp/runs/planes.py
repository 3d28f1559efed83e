"""A critic in the plane: its values as bands of colour, and samples on them."""

from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from wgan_gp.runs.style import ON_PLANE


def round_levels(values: np.ndarray, most: int) -> np.ndarray:
    """At most `most` levels at round numbers, around all values."""
    locator = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10])
    return np.asarray(locator.tick_values(float(values.min()), float(values.max())))


def draw_levels(
    axes: Axes, grid: np.ndarray, values: np.ndarray, levels: np.ndarray
) -> Any:
    """Draws a critic's values in the plane as bands of colour with lines between them.

    Args:
      axes: of the plane.
      grid: coordinates `[N]` of both axes.
      values: `[N, N]`, `values[i, j]` at x = grid[j], y = grid[i].
      levels: at which lines are drawn, ascending.

    Returns:
      The bands, for a colour bar.
    """
    drawn = axes.contourf(grid, grid, values, levels=levels, cmap="cividis")
    line = {"colors": "white", "linewidths": 0.6, "linestyles": "solid", "alpha": 0.7}
    axes.contour(grid, grid, values, levels=levels, **line)
    return drawn


def draw_samples(
    axes: Axes, reals: np.ndarray, fakes: np.ndarray, *, size: float
) -> None:
    """Draws samples over the bands of `draw_levels`: white crosses, orange dots.

    Args:
      axes: of the plane.
      reals: samples `[n, 2]`.
      fakes: generated samples `[m, 2]`.
      size: of the crosses, in points.
    """
    outline = [patheffects.withStroke(linewidth=3 / 8 * size, foreground="black")]
    cross = {"ms": size, "mew": 1.4 / 8 * size, "path_effects": outline}
    axes.plot(*reals.T, "+", color="white", label="real", **cross)
    axes.plot(*fakes.T, ".", color=ON_PLANE, markersize=3, label="generated")
