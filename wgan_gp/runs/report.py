"""Reports of a run: progress and advice during training, a table and figures after."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from wgan_gp import train
from wgan_gp.build import Experiment
from wgan_gp.configs import CriticSettings, Settings, constraint_section
from wgan_gp.constraints import CONSTRAINTS, RECOMMENDED, aimed_slope
from wgan_gp.data import Dataset
from wgan_gp.data.columns import numbered
from wgan_gp.evaluate.held_out import HeldOutSets, count_evaluated
from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.runs import (
    animation,
    column_figures,
    draws,
    figures,
    grids,
    sequence_samples,
    series_figures,
)
from wgan_gp.system.files import writing

# With smaller slopes, the generator's gradients vanish beside the epsilon of its
# optimiser, 1e-8. In docs/images/sweep_toy.csv all critics of clip_bound 0.003 are
# below this, and those of clip_bound 0.01 are above 1e-4.
_FROZEN_WITHOUT_SCALE = 1e-6


class History(NamedTuple):
    """The records of a run so far."""

    training: list[dict[str, float]]
    evaluation: list[dict[str, float]]


def draw_figures(
    experiment: Experiment,
    settings: Settings,
    state: train.TrainState,
    held: HeldOutSets,
    history: History,
    key: jax.Array,
    workdir: Path,
) -> None:
    """Writes the figures of a finished run as PNG files under `figures/`.

    Curves for every run, image grids for image data, critic contours for 2-d data.

    Args:
      experiment: that was trained.
      settings: of the run.
      state: the final state, on one device.
      held: the held-out sets.
      history: all records.
      key: for the generated samples that are drawn.
      workdir: the run's folder.

    Raises:
      WriteError: a file cannot be written; the old file remains.
    """
    folder = workdir / "figures"
    with writing(folder):
        folder.mkdir(exist_ok=True)
    title = _title(experiment, settings)
    curves = figures.training_curves(*history, floor=held.floor, title=title)
    save_figure(folder / "curves.png", curves)
    images = grids.image_grid(experiment, settings, state)
    if images is not None:
        _draw_images(experiment, settings, state, images, folder)
    if experiment.dataset.kind == "sequences":
        _draw_sequences(experiment, settings, state, held, key, folder)
    elif images is None and experiment.dataset.columns is not None:
        _draw_columns(experiment, settings, state, held, key, folder)
    if experiment.dataset.shape != (2,):
        return
    edge = 1.25 * float(np.abs(held.reals).max())
    grid = np.linspace(-edge, edge, 128, dtype=np.float32)
    plane = np.stack(np.meshgrid(grid, grid), axis=-1)
    critic = train.bind_critic(experiment.algorithm.critic, state.critic)
    values = jax.jit(jax.vmap(jax.vmap(critic)))(plane)
    fakes = train.generate(experiment.algorithm, state.average, key, 1000)
    contours = figures.critic_contours(
        np.asarray(values),
        -edge,
        edge,
        held.reals[0, :500],
        np.asarray(fakes),
        title=title,
    )
    save_figure(folder / "critic.png", contours)
    if (scene := animation.read_scene(workdir, settings.steps)) is not None:
        animation.save_gif(folder / "training.gif", animation.animate([scene]))


def _draw_columns(
    experiment: Experiment,
    settings: Settings,
    state: train.TrainState,
    held: HeldOutSets,
    key: jax.Array,
    folder: Path,
) -> None:
    columns = experiment.dataset.columns
    assert columns is not None
    reals, fakes = _real_and_generated(experiment, state, held, key)
    title = _title(experiment, settings)
    drawn = column_figures.columns_figure(
        columns, reals, columns.hardened(fakes), title=title
    )
    save_figure(folder / "columns.png", drawn)


def _draw_sequences(
    experiment: Experiment,
    settings: Settings,
    state: train.TrainState,
    held: HeldOutSets,
    key: jax.Array,
    folder: Path,
) -> None:
    dataset = experiment.dataset
    if dataset.characters is not None:
        return
    sides = (
        sequence_samples.decoded(dataset, each)
        for each in _real_and_generated(experiment, state, held, key)
    )
    columns = dataset.columns or numbered(dataset.shape[1])
    names = [each.name for each in columns.others.columns]
    title = _title(experiment, settings)
    drawn = series_figures.series_figure(names, *sides, title=title)
    save_figure(folder / "series.png", drawn)


def _real_and_generated(
    experiment: Experiment, state: train.TrainState, held: HeldOutSets, key: jax.Array
) -> tuple[np.ndarray, np.ndarray]:
    """All held-out samples, and as many generated ones, `[n, ...]` each."""
    reals = held.reals.reshape(-1, *experiment.dataset.shape)
    parts = draws.draw(experiment.algorithm, state.average, key, len(reals))
    return reals, draws.concatenate(parts, len(reals))


def save_figure(path: Path, figure: Figure) -> None:
    """Writes a figure as PNG, atomically.

    Args:
      path: of the file; an existing file is replaced once the new one is complete.
      figure: to be written.

    Raises:
      WriteError: the file cannot be written.
    """
    _write_atomically(path, partial(figure.savefig, dpi=150))


def _save_image(path: Path, image: np.ndarray, **headings) -> None:
    _write_atomically(path, partial(figures.save_image, image=image, **headings))


def _title(experiment: Experiment, settings: Settings) -> str:
    kind, colon, path = experiment.dataset.name.partition(":")
    name = f"{kind}:{Path(path).name}" if colon else kind  # a path without its folders
    name = name.replace("$", r"\$")  # a dollar sign begins a formula
    return f"{name}: {settings.lipschitz}, {settings.steps:,} generator updates"


def _write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    draft = path.with_suffix(".part.png")
    with writing(path):
        try:
            write(draft)
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise


def _draw_images(
    experiment: Experiment,
    settings: Settings,
    state: train.TrainState,
    images: np.ndarray,
    folder: Path,
) -> None:
    headings = grids.grid_layout(experiment.dataset).headings
    _save_image(folder / "samples.png", images, **headings)
    lines = grids.interpolations(experiment, settings, state)
    _save_image(folder / "interpolation.png", lines)


def closing_table(
    experiment: Experiment,
    settings: Settings,
    result: dict[str, float],
) -> Table:
    """The table of a run's final evaluation, with rows for each metric.

    Args:
      experiment: that was trained.
      settings: of the run.
      result: the scalars of the last evaluation, and `seconds` of the run.
    """
    table = Table(title=f"{settings.name}: {settings.lipschitz}", title_justify="left")
    table.add_column("held-out quantity")
    table.add_column("value", justify="right")
    modes = experiment.dataset.modes
    totals = {} if modes is None else {"modes": f" of {len(modes)}"}
    _, repeats = count_evaluated(experiment.evaluation, experiment.dataset)
    for name in METRICS:
        # Without a penalty in the loss, its record is always 0.
        unused = name == "penalty" and settings.penalty.weight is None
        if name in result and not unused:
            for title, value in _rows(name, result, repeats):
                table.add_row(title, value + totals.get(name, ""))
    return table


def _rows(name: str, result: dict[str, float], sets: int) -> Iterator[tuple[str, str]]:
    """The rows of a metric: its value with its spread, its range, and its floor."""
    metric = METRICS[name]
    title, value = metric.label, metric.text(result[name])
    floor = result.get(metric.floor)
    if metric.spread is not None and metric.spread[0] in result:
        title += f" (± {metric.spread[1].format(sets=sets)})"
        value += f" ± {result[metric.spread[0]]:.2g}"
    if floor is not None and not metric.floor_row:
        title += " (real to real)"
        value += f" ({metric.text(floor)})"
    if metric.extent is not None:
        title += ", mean"
    yield title, value
    if metric.extent is not None:
        least, greatest = (metric.text(result[each]) for each in metric.extent)
        yield "... minimum to maximum", f"{least} to {greatest}"
    if floor is not None and metric.floor_row:
        yield "... real to real (sampling floor)", metric.text(floor)
        yield "... ratio of the two", f"{result[name] / floor:.3g}"


def advice(settings: CriticSettings, measured: dict[str, float]) -> list[str]:
    """Advice for a critic that looks broken in an evaluation.

    Args:
      settings: of the run.
      measured: the scalars of the evaluation.

    Returns:
      A line for each problem: the measured value, and what to try.
    """
    mean, found = measured.get("gradient_norm_mean"), []
    if mean is None:
        return found
    section = constraint_section(settings)
    aim = aimed_slope(CONSTRAINTS[settings.lipschitz], section)
    if aim is None:
        if mean < _FROZEN_WITHOUT_SCALE:
            strength = CONSTRAINTS[settings.lipschitz].strength
            found.append(
                f"the critic is frozen (mean gradient norm {mean:.2g}, below"
                f" {_FROZEN_WITHOUT_SCALE:g}): try"
                f" {f'a larger {strength}' if strength else 'a constraint'}, or fewer"
                " layers"
            )
        return found
    if mean < 0.01 * aim:
        found.append(
            f"the critic is frozen (mean gradient norm {mean:.2g}): try a lower"
            " critic_optimiser.learning_rate, or another initialisation"
        )
    if mean > 5 * aim:
        found.append(
            f"the critic is far from {aim:g}-Lipschitz (mean gradient norm {mean:.2g}):"
            " try a larger penalty.weight or a lower critic_optimiser.learning_rate"
        )
    if measured["wasserstein"] < -0.1 * aim:
        other = ""
        if settings.lipschitz != RECOMMENDED:
            other = f", lipschitz = {RECOMMENDED!r}"
        found.append(
            f"the estimate is upside down ({measured['wasserstein']:.2g}, real below"
            f" generated): try more n_critic{other}, or a narrower critic if there are"
            " few samples to learn from"
        )
    return found


def recommendation(dataset: Dataset, settings: CriticSettings) -> str | None:
    """A line for the end of a run that names another constraint.

    Args:
      dataset: that was learned.
      settings: of the run.

    Returns:
      None for images, which the study did not compare, and for the recommended one.
    """
    if dataset.kind != "vectors" or settings.lipschitz == RECOMMENDED:
        return None
    return (
        f"the constraint recommended for vectors is {RECOMMENDED}:"
        f" --config.lipschitz={RECOMMENDED} (docs/constraints.md)"
    )


def progress_bar(console: Console) -> Progress:
    """A progress bar with the steps done, the time left and current metrics."""
    return Progress(
        TextColumn("{task.completed:,.0f} / {task.total:,.0f}"),
        BarColumn(bar_width=24),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=console,
    )


def as_floats(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Scalars on the device as Python floats."""
    return {name: float(value) for name, value in metrics.items()}


def progress_text(
    training: dict[str, float], evaluation: list[dict[str, float]]
) -> str:
    """The current metrics, as text beside the progress bar.

    Args:
      training: the newest record of training.
      evaluation: all records of evaluations so far.
    """
    newest = (evaluation[-1] if evaluation else {}) | training
    return "  ".join(
        f"{metric.symbol} {metric.text(newest[name], '.3g')}"
        for name, metric in METRICS.items()
        if metric.symbol and name in newest
    )
