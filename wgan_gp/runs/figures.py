"""Figures: each function takes arrays and returns a matplotlib Figure or an image."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from wgan_gp.evaluate.metrics import METRICS, QUALITY
from wgan_gp.runs.axes import count_x, legend_above, reference_line, scale_y
from wgan_gp.runs.planes import draw_levels, draw_samples, round_levels
from wgan_gp.runs.style import FAKE, GREY, ON_PLANE, PAGE, REAL, THIRD, styled


@styled
def critic_contours(
    values: np.ndarray,
    low: float,
    high: float,
    reals: np.ndarray,
    fakes: np.ndarray,
    *,
    title: str = "",
) -> Figure:
    """Contours of a critic over a square, with real and generated samples.

    Args:
      values: critic values `[N, N]`, `values[i, j]` at x = grid[j], y = grid[i].
      low: lower end of both axes.
      high: upper end.
      reals: samples `[n, 2]`.
      fakes: samples `[m, 2]`.
      title: of the figure.
    """
    figure = Figure(figsize=(6.2, 5.8))
    figure.suptitle(title)
    axes = figure.add_subplot(aspect="equal")
    axes.grid(visible=False)
    grid = np.linspace(low, high, len(values))
    # The critic is defined up to a constant, so only differences mean something.
    centred = values - values.mean()
    levels = round_levels(centred, 16)
    drawn = draw_levels(axes, grid, centred, levels)
    draw_samples(axes, reals, fakes, size=8)
    axes.set(xlim=(low, high), ylim=(low, high), xlabel="$x_1$", ylabel="$x_2$")
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2,
        frameon=True,
        facecolor="0.75",
        markerscale=1.5,
    )
    label = f"critic D, less its mean; a line every {levels[1] - levels[0]:.2g}"
    figure.colorbar(drawn, ax=axes, shrink=0.85, label=label)
    return figure


@styled
def training_curves(
    training: Sequence[dict[str, float]],
    evaluation: Sequence[dict[str, float]],
    *,
    floor: dict[str, float],
    title: str = "",
) -> Figure:
    """Three curves over a run: the distance, the critic's slope, the sample quality.

    Args:
      training: records with `step`, `wasserstein` and `penalty`.
      evaluation: records with `step`, `wasserstein`, the `gradient_norm_*` and one or
        more of `w1`, `share`, `frechet` and `sliced_w1`. What is drawn is what the
        last has; earlier ones may lack it, if a run went on with other data.
      floor: the scores of other real samples, by record name: `floor` of `w1`,
        `floor_frechet` of `frechet`, and so on.
      title: of the figure.
    """
    figure = Figure(figsize=(PAGE, 7.4))
    figure.suptitle(title)
    panels = figure.subplots(3, 1)
    estimate, slope, quality = panels
    _plot_estimate(estimate, training, evaluation, floor)
    _plot_slope(slope, evaluation)
    _plot_quality(quality, evaluation, floor)
    last = max(record["step"] for record in [*training, *evaluation])
    for axes in panels:
        count_x(axes, last, "")
        legend_above(axes)
    quality.set_xlabel("generator updates")
    return figure


def _plot_estimate(
    axes: Axes,
    training: Sequence[dict[str, float]],
    evaluation: Sequence[dict[str, float]],
    floor: dict[str, float],
) -> None:
    """The critic's estimate, and the exact distance if it was measured."""
    while_training = _column(training, "wasserstein")
    held_out = _column(evaluation, "wasserstein")
    at = _column(evaluation, "step")
    steps = _column(training, "step")
    marker = "." if len(steps) == 1 else ""
    line = {"color": FAKE, "linewidth": 1, "marker": marker}
    axes.plot(steps, while_training, **line, label="critic, training")
    axes.plot(at, held_out, "o", color=FAKE, mec="black", label="critic, held out")
    series = [while_training, held_out]
    if "w1" in evaluation[-1]:
        found = _with(evaluation, "w1")
        exact = _column(found, "w1")
        name, least = METRICS["w1"].short, floor[METRICS["w1"].floor]
        axes.plot(_column(found, "step"), exact, "s--", color=THIRD, label=name)
        reference_line(axes, least, f"{name}, real to real")
        series.append([*exact, least])
    axes.set_ylabel("distance,\nreal to generated")
    scale_y(axes, *series)


def _plot_slope(axes: Axes, evaluation: Sequence[dict[str, float]]) -> None:
    """The critic's gradient norm, which should be near 1 under a penalty."""
    at = _column(evaluation, "step")
    metric = METRICS["gradient_norm_mean"]
    assert metric.extent is not None
    mean = _column(evaluation, "gradient_norm_mean")
    low, high = (_column(evaluation, name) for name in metric.extent)
    label = "minimum to maximum"
    axes.fill_between(at, low, high, color=REAL, alpha=0.25, linewidth=0, label=label)
    axes.plot(at, mean, "o-", color=ON_PLANE, label="mean")
    if max(high) > 0.1:  # the slopes of clipped critics may have any scale
        reference_line(axes, 1, "a slope of 1")
    axes.set_ylabel(metric.axis())
    scale_y(axes, mean + high, from_zero=True)
    if axes.get_yscale() == "log":
        axes.set_ylim(bottom=min(mean) / 2)


def _plot_quality(
    axes: Axes, evaluation: Sequence[dict[str, float]], floor: dict[str, float]
) -> None:
    """The share of samples near modes; without modes, the first quality metric."""
    name = next(each for each in ("share", *QUALITY) if each in evaluation[-1])
    least = METRICS[name].floor
    found = _with(evaluation, name)
    values, steps = _column(found, name), _column(found, "step")
    axes.plot(steps, values, "o-", color=THIRD, label="generated to real")
    axes.set_ylabel(METRICS[name].axis())
    if least in floor:
        reference_line(axes, floor[least], "real to real")
        values = [*values, floor[least]]
    if METRICS[name].unit == "%":
        axes.set_ylim(-0.02, 1.02)  # shares are drawn as they are recorded
    else:
        scale_y(axes, values, from_zero=True)


def image_grid(images: np.ndarray, *, columns: int, gap: int = 1) -> np.ndarray:
    """Arranges images in rows, with white lines between them.

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


def save_image(
    file: Path | IO[bytes],
    image: np.ndarray,
    *,
    least: int = 512,
    columns: Sequence[str] = (),
    rows: Sequence[str] = (),
) -> None:
    """Writes `[H, W, C]` uint8 as PNG, each pixel enlarged until a side has `least`.

    Args:
      file: its path, or an open file.
      image: the picture.
      least: pixels of its longer side.
      columns: headings of columns of equal width.
      rows: headings of rows of equal height.
    """
    times = max(1, -(-least // max(image.shape[:2])))
    large = image.repeat(times, 0).repeat(times, 1)
    picture = Image.fromarray(large[..., 0] if large.shape[2] == 1 else large)
    if columns or rows:
        picture = _with_headings(picture, columns, rows)
    picture.save(file, "png")


def _with_headings(
    picture: Image.Image, columns: Sequence[str], rows: Sequence[str]
) -> Image.Image:
    font = ImageFont.load_default(12)
    left = 8 + max((int(font.getlength(row)) for row in rows), default=-8)
    top = 18 if columns else 0
    size = picture.width + left, picture.height + top
    sheet = Image.new(picture.mode, size, "white")
    sheet.paste(picture, (left, top))
    draw = ImageDraw.Draw(sheet)
    for i, text in enumerate(columns):
        width = picture.width / len(columns)
        at = left + (i + 0.5) * width, top / 2
        draw.text(at, _fitted(text, width - 2, font), "black", font, anchor="mm")
    for i, text in enumerate(rows):
        at = left - 4, top + (i + 0.5) * picture.height / len(rows)
        draw.text(at, text, "black", font, anchor="rm")
    return sheet


def _fitted(text: str, width: float, font: Any) -> str:
    """The text on one line; cut to the available width, with an ellipsis."""
    text = " ".join(text.split())
    end = ""
    while text and font.getlength(text + end) > width:
        text, end = text[:-1], "…"
    return text + end if text else ""


@styled
def truth_curves(evaluation: Sequence[dict[str, float]], *, title: str = "") -> Figure:
    """Curves of a critic that is trained alone, beside its known optimum.

    Args:
      evaluation: records with `step`, `cosine`, `cosine_clear`, `estimate` and `w1`.
      title: of the figure.
    """
    figure = Figure(figsize=(PAGE, 5.4))
    figure.suptitle(title)
    cosine, estimate = figure.subplots(2, 1)
    at = _column(evaluation, "step")
    for axes, name, line, colour in (
        (cosine, "cosine", "o-", THIRD),
        (cosine, "cosine_clear", "s--", ON_PLANE),
        (estimate, "estimate", "o-", FAKE),
        (estimate, "w1", ":", GREY),
    ):
        values, label = _column(evaluation, name), METRICS[name].short
        axes.plot(at, values, line, color=colour, label=label)
    cosine.set(ylabel=METRICS["cosine"].axis(), ylim=(None, 1.02))
    estimate.set(ylabel="distance")
    scale_y(estimate, *(_column(evaluation, name) for name in ("estimate", "w1")))
    for axes in (cosine, estimate):
        count_x(axes, at[-1], "critic updates")
        legend_above(axes)
    return figure


def _with(records: Sequence[dict[str, float]], name: str) -> list[dict[str, float]]:
    """The records that have a number of this name."""
    return [record for record in records if name in record]


def _column(records: Sequence[dict[str, float]], name: str) -> list[float]:
    return [record[name] for record in records]
