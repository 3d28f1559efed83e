"""Pictures: arrays in, a matplotlib Figure out. Nothing here shows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

# Okabe and Ito's colours, told apart by colour-blind readers.
REAL, FAKE, THIRD = "#E69F00", "#009E73", "#0072B2"


def critic_contours(
    values: np.ndarray,
    low: float,
    high: float,
    reals: np.ndarray,
    fakes: np.ndarray,
    *,
    title: str = "",
) -> Figure:
    """Level lines of a critic over a square, with real and generated samples.

    Args:
      values: critic values `[N, N]`, `values[i, j]` at x = grid[j], y = grid[i].
      low: lower end of both axes.
      high: upper end.
      reals: samples `[n, 2]`.
      fakes: samples `[m, 2]`.
      title: of the figure.
    """
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot(aspect="equal", title=title)
    grid = np.linspace(low, high, len(values))
    # The critic is defined up to a constant: centring makes colours comparable.
    centred = values - values.mean()
    axes.contourf(grid, grid, centred, levels=24, cmap="Greys", alpha=0.45)
    axes.contour(grid, grid, centred, levels=24, colors="0.35", linewidths=0.6)
    axes.plot(*reals.T, "+", color=REAL, markersize=6, label="real")
    axes.plot(*fakes.T, ".", color=FAKE, markersize=2.5, label="generated")
    axes.set(xlim=(low, high), ylim=(low, high), xlabel="$x_1$", ylabel="$x_2$")
    axes.legend(loc="upper right", markerscale=2, framealpha=0.9)
    return figure


def training_curves(
    training: Sequence[dict[str, float]],
    evaluation: Sequence[dict[str, float]],
    *,
    floor: dict[str, float],
    title: str = "",
) -> Figure:
    """The course of a run: estimate and exact distance, slope, sample quality.

    Args:
      training: records with `step`, `wasserstein` and `penalty`.
      evaluation: records with `step`, `wasserstein`, the `gradient_norm_*` and one or
        more of `w1`, `share`, `frechet` and `sliced_w1`.
      floor: what real samples score: `floor` of `w1`, `floor_frechet`, ...
      title: of the figure.
    """
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    figure.suptitle(title)
    estimate, slope, quality = figure.subplots(1, 3)
    at = _column(evaluation, "step")
    estimate.plot(
        _column(training, "step"),
        _column(training, "wasserstein"),
        color=FAKE,
        linewidth=1,
        label="critic's estimate, training",
    )
    estimate.plot(
        at, _column(evaluation, "wasserstein"), "o", color=FAKE, ms=4, label="held out"
    )
    if "w1" in evaluation[0]:
        exact = _column(evaluation, "w1")
        estimate.plot(at, exact, "s-", color=THIRD, ms=4, label="exact W1")
        least = {"color": "0.4", "linestyle": ":", "label": "exact W1, real to real"}
        estimate.axhline(floor["floor"], **least)
    estimate.set_ylabel("distance")
    estimate.set_yscale("symlog", linthresh=0.1)
    slope.fill_between(
        at,
        _column(evaluation, "gradient_norm_min"),
        _column(evaluation, "gradient_norm_max"),
        color=REAL,
        alpha=0.25,
        label="minimum to maximum",
    )
    slope.plot(
        at,
        _column(evaluation, "gradient_norm_mean"),
        "o-",
        color=REAL,
        ms=4,
        label="mean",
    )
    slope.axhline(1, color="0.4", linestyle=":")
    slope.set(ylabel="critic's gradient norm at interpolates", ylim=(0, None))
    _plot_quality(quality, evaluation, floor)
    for axes in (estimate, slope):
        axes.legend(fontsize=8)
    for axes in (estimate, slope, quality):
        axes.set_xlabel("generator updates")
        axes.grid(alpha=0.3)
    return figure


_QUALITIES = {
    "share": ("share of samples within 3σ of a mode", None),
    "w1": ("exact W1", "floor"),
    "frechet": ("Frechet distance of features", "floor_frechet"),
    "sliced_w1": ("sliced W1 of pixels", "floor_sliced_w1"),
}


def _plot_quality(axes, evaluation, floor: dict[str, float]) -> None:
    """The first quantity of `_QUALITIES` that there is."""
    name = next(each for each in _QUALITIES if each in evaluation[0])
    label, least = _QUALITIES[name]
    axes.plot(
        _column(evaluation, "step"), _column(evaluation, name), "o-", color=THIRD, ms=4
    )
    axes.set(ylabel=label, ylim=(0, 1 if name == "share" else None))
    if least in floor:
        axes.axhline(floor[least], color="0.4", linestyle=":", label="real to real")
        axes.legend(fontsize=8)


def image_grid(images: np.ndarray, *, columns: int, gap: int = 1) -> np.ndarray:
    """Images in rows, white lines between them.

    Args:
      images: `[n, H, W, C]`, uint8; n a multiple of `columns`.
      columns: images in a row.
      gap: pixels between them.

    Returns:
      One image `[rows (H + gap) - gap, columns (W + gap) - gap, C]`, uint8.
    """
    edges = ((0, 0), (0, gap), (0, gap), (0, 0))
    padded = np.pad(images, edges, constant_values=255)
    n, height, width, channels = padded.shape
    rows = padded.reshape(n // columns, columns, height, width, channels)
    grid = rows.swapaxes(1, 2).reshape(-1, columns * width, channels)
    return grid[: len(grid) - gap, : grid.shape[1] - gap]


def save_image(path: Path, image: np.ndarray, *, least: int = 512) -> None:
    """Writes `[H, W, C]` uint8 as PNG, each pixel enlarged until a side has `least`."""
    times = max(1, -(-least // max(image.shape[:2])))
    large = image.repeat(times, 0).repeat(times, 1)
    Image.fromarray(large[..., 0] if large.shape[2] == 1 else large).save(path)


def truth_curves(evaluation: Sequence[dict[str, float]], *, title: str = "") -> Figure:
    """The course of a critic whose optimum is known.

    Args:
      evaluation: records with `step`, `cosine`, `cosine_clear`, `estimate` and `w1`.
      title: of the figure.
    """
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    figure.suptitle(title)
    cosine, estimate = figure.subplots(1, 2)
    at = _column(evaluation, "step")
    for name, line, label in (
        ("cosine", "o-", "all samples"),
        ("cosine_clear", "s:", "centres left out"),
    ):
        values = _column(evaluation, name)
        cosine.plot(at, values, line, color=THIRD, ms=4, label=label)
    cosine.set(ylabel="cosine with the optimal critic's gradient", ylim=(None, 1))
    for name, line, colour, label in (
        ("estimate", "o-", FAKE, "critic's estimate"),
        ("w1", ":", "0.4", "true W1, same samples"),
    ):
        values = _column(evaluation, name)
        estimate.plot(at, values, line, color=colour, ms=4, label=label)
    estimate.set(ylabel="distance")
    for axes in (cosine, estimate):
        axes.set_xlabel("critic updates")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    return figure


def _column(records: Sequence[dict[str, float]], name: str) -> list[float]:
    return [record[name] for record in records]
