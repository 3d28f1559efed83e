"""The figure of generated rows beside real ones: columns, correlations, an overview."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from wgan_gp.data.columns import CATEGORY, CONSTANT, WHOLE, Column, Columns
from wgan_gp.runs.axes import PERCENT, legend_below, plain_text
from wgan_gp.runs.style import FAKE, PAGE, REAL, styled

_MOST = 12  # columns with a panel of their own
_ACROSS = 3
_POINTS = 800  # of a scatter plot
_BINS = 30
_NAMED = 16  # columns whose names fit beside a matrix; of more, every n-th is named


@styled
def columns_figure(
    columns: Columns, reals: np.ndarray, fakes: np.ndarray, *, title: str = ""
) -> Figure:
    """Histograms of columns, both correlation matrices, the two leading components.

    Args:
      columns: of the table. Of more than 12, those are shown whose distributions differ
        most.
      reals: held-out vectors `[n, D]`.
      fakes: generated vectors `[m, D]`.
      title: of the figure.
    """
    shown = _most_different(columns, reals, fakes)
    rows = -(-len(shown) // _ACROSS)
    heights = [1.9 * rows, 3.3, 3.2]
    figure = Figure(figsize=(PAGE, sum(heights) + 0.6))
    figure.suptitle(title)
    parts: Any = figure.subfigures(3, 1, height_ratios=heights)
    above, middle, below = parts
    panels = above.subplots(rows, _ACROSS, squeeze=False).ravel()
    real, fake = (columns.decode(each) for each in (reals, fakes))
    for axes, column in zip(panels, shown):
        distribution(axes, column, real[column.name], fake[column.name])
    for axes in panels[::_ACROSS]:
        axes.set_ylabel("share of rows")
    for axes in panels[len(shown) :]:
        axes.axis("off")
    legend_below(above, panels[:1], columns=2)
    in_space = _plain_numbers(columns) == 3
    overview = middle.add_subplot(projection="3d" if in_space else None)
    _components(overview, columns, reals, fakes)
    first, second = below.subplots(1, 2, sharey=True)
    _correlations(first, columns, reals, "correlations, real")
    image = _correlations(second, columns, fakes, "correlations, generated")
    below.colorbar(image, ax=[first, second], shrink=0.8)
    return figure


def _most_different(
    columns: Columns, reals: np.ndarray, fakes: np.ndarray
) -> Sequence[Column]:
    """The columns with a panel, in the table's order."""
    made = [each for each in columns.columns if each.kind != CONSTANT]
    where, levels = columns.slices, np.linspace(0, 1, 101)

    def difference(column: Column) -> float:
        real, fake = (
            np.quantile(each[:, where[column.name]], levels, axis=0)
            for each in (reals, fakes)
        )
        return float(np.abs(real - fake).mean())

    chosen = sorted(made, key=difference, reverse=True)[:_MOST]
    return [each for each in made if each in chosen]


def distribution(
    axes: Axes, column: Column, real: np.ndarray, fake: np.ndarray
) -> None:
    """Plots shares of a category's values, or histograms of numbers.

    Args:
      axes: of the panel.
      column: its kind and its name, which is the title.
      real: values `[n]`.
      fake: values `[m]`.
    """
    axes.set_title(plain_text(column.name, 30))
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_formatter(PERCENT)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    if column.kind == CATEGORY:
        values = np.unique([*real.tolist(), *fake.tolist()])
        bars: tuple[tuple[float, np.ndarray, Any], ...] = (
            (-0.2, real, {"color": REAL, "label": "real"}),
            (0.2, fake, {"facecolor": "none", "edgecolor": FAKE, "label": "generated"}),
        )
        for offset, drawn, style in bars:
            shares = [np.mean(drawn == value) for value in values]
            places = np.arange(len(values)) + offset
            axes.bar(places, shares, 0.4, linewidth=1.6, **style)
        texts = [plain_text(str(value)[:12]) for value in values]
        turned = 45 if len(texts) > 4 else 0
        axes.set_xticks(range(len(values)), texts, rotation=turned)
        return
    low, high = np.quantile(np.concatenate([real, fake]), (0.002, 0.998))
    bins: Any = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    if column.kind == WHOLE:  # each bin has as many whole numbers
        step = max(1, -(-(high - low) // _BINS))
        bins = np.arange(np.floor(low), high + step + 1, step) - 0.5
    sets: tuple[tuple[np.ndarray, Any], ...] = (
        (real, {"color": REAL, "alpha": 0.7, "label": "real"}),
        (fake, {"color": FAKE, "histtype": "step", "lw": 1.6, "label": "generated"}),
    )
    for drawn, style in sets:
        axes.hist(drawn, bins, weights=np.full(len(drawn), 1 / len(drawn)), **style)


def _plain_numbers(columns: Columns) -> int:
    """How many numbers a table has that has nothing else; 0 for other tables."""
    shown = [each for each in columns.columns if each.width]
    return 0 if any(each.kind == CATEGORY for each in shown) else len(shown)


def _components(
    axes: Any, columns: Columns, reals: np.ndarray, fakes: np.ndarray
) -> None:
    """Both sets on the two leading principal components of the real one.

    A table of two or of three numbers is shown as it is, in standard deviations.

    Args:
      axes: of Matplotlib; those of three numbers have three dimensions.
      columns: of the table.
      reals: `[n, D]`.
      fakes: `[m, D]`.
    """
    centre = reals.mean(axis=0)
    if (count := _plain_numbers(columns)) in (2, 3):
        onto = np.eye(count)
        shown = [each for each in columns.columns if each.width]
        labels = [plain_text(each.name, 30) for each in shown]
    else:
        _, _, directions = np.linalg.svd(reals - centre, full_matrices=False)
        onto, labels = directions[:2].T, ["first principal component", "second"]
    for drawn, style in (
        (reals, {"marker": "+", "color": REAL, "ms": 5, "label": "real"}),
        (fakes, {"marker": ".", "color": FAKE, "ms": 3.5, "label": "generated"}),
    ):
        points = (drawn[:_POINTS] - centre) @ onto
        if points.shape[1] == 1:
            points = np.column_stack([points, np.zeros(len(points))])
        axes.plot(*points.T, linestyle="none", alpha=0.7, **style)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), markerscale=1.5)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    if len(labels) == 3:
        axes.set_zlabel(labels[2])
        axes.locator_params(nbins=4)


def _correlations(axes: Axes, columns: Columns, vectors: np.ndarray, title: str) -> Any:
    """The matrix of correlations of the entries, as an image."""
    spread = vectors.std(axis=0)
    scaled = (vectors - vectors.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    matrix = scaled.T @ scaled / len(vectors)
    axes.set_title(title)
    axes.grid(visible=False)
    shown = [each for each in columns.columns if each.width]
    named = shown[:: -(-len(shown) // _NAMED)]
    where = columns.slices
    middles = [
        (where[each.name].start + where[each.name].stop - 1) / 2 for each in named
    ]
    axes.set_yticks(middles, [plain_text(each.name, 16) for each in named], fontsize=8)
    axes.set_xticks([])
    return axes.imshow(matrix, vmin=-1, vmax=1, cmap="cividis", interpolation="nearest")
