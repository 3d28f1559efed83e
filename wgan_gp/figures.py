"""Pictures: arrays in, a matplotlib Figure out. Nothing here saves or shows."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

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
    floor: float,
    title: str = "",
) -> Figure:
    """The course of a run: estimate and exact distance, slope, sample quality.

    Args:
      training: records with `step`, `wasserstein` and `penalty`.
      evaluation: records with `step`, `wasserstein`, `w1`, the `gradient_norm_*`
        and, for a mixture, `share`.
      floor: exact W1 between two sets of real samples.
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
    estimate.plot(
        at, _column(evaluation, "w1"), "s-", color=THIRD, ms=4, label="exact W1"
    )
    estimate.axhline(floor, color="0.4", linestyle=":", label="exact W1, real to real")
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
    if evaluation and "share" in evaluation[0]:
        quality.plot(at, _column(evaluation, "share"), "o-", color=THIRD, ms=4)
        quality.set(ylabel="share of samples within 3σ of a mode", ylim=(0, 1))
    else:
        quality.plot(at, _column(evaluation, "w1"), "s-", color=THIRD, ms=4)
        quality.axhline(floor, color="0.4", linestyle=":")
        quality.set(ylabel="exact W1", ylim=(0, None))
    for axes in (estimate, slope):
        axes.legend(fontsize=8)
    for axes in (estimate, slope, quality):
        axes.set_xlabel("generator updates")
        axes.grid(alpha=0.3)
    return figure


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
