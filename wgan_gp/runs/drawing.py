"""The pictures of a finished run, drawn from its final state and written as files."""

import io
import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
from matplotlib.figure import Figure

from wgan_gp import train
from wgan_gp.build import Experiment
from wgan_gp.configs import Settings
from wgan_gp.data.columns import numbered
from wgan_gp.evaluate.held_out import HeldOutSets
from wgan_gp.runs import (
    animation,
    column_figures,
    draws,
    figures,
    grids,
    sequence_samples,
    series_figures,
)
from wgan_gp.runs.axes import plain_text
from wgan_gp.runs.records import History
from wgan_gp.runs.workdir import FIGURES
from wgan_gp.system.files import write_bytes, writing


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
    folder = workdir / FIGURES
    with writing(folder):
        folder.mkdir(exist_ok=True)
    title = _title(experiment, settings)
    floor = held.floor_beside(1)  # as of all evaluations but the last
    curves = figures.training_curves(*history, floor=floor, title=title)
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
    if (scene := animation.read_scene(workdir)) is not None:
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
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=150)
        write_bytes(path, file.getvalue())
    missing = {}
    for each in caught:
        if found := re.match(r"Glyph (\d+) .*missing from", str(each.message)):
            missing[chr(int(found[1]))] = None
        else:
            warnings.warn_explicit(
                each.message, each.category, each.filename, each.lineno
            )
    if missing:
        warnings.warn(
            f"no installed font has {''.join(missing)}, drawn as boxes in {path}:"
            " install one that has, such as Noto Sans CJK",
            stacklevel=2,
        )


def save_image(
    path: Path,
    image: np.ndarray,
    *,
    columns: Sequence[str] = (),
    rows: Sequence[str] = (),
) -> None:
    """Writes a picture as PNG, atomically.

    Args:
      path: of the file; an existing file is replaced once the new one is complete.
      image: `[H, W, C]` bytes.
      columns: as in `figures.save_image`.
      rows: likewise.

    Raises:
      WriteError: the file cannot be written.
    """
    file = io.BytesIO()
    figures.save_image(file, image, columns=columns, rows=rows)
    write_bytes(path, file.getvalue())


def _title(experiment: Experiment, settings: Settings) -> str:
    kind, colon, path = experiment.dataset.name.partition(":")
    name = f"{kind}:{Path(path).name}" if colon else kind  # a path without its folders
    done = f"{settings.lipschitz}, {settings.steps:,} generator updates"
    return f"{plain_text(name)}: {done}"


def _draw_images(
    experiment: Experiment,
    settings: Settings,
    state: train.TrainState,
    images: np.ndarray,
    folder: Path,
) -> None:
    headings = grids.grid_layout(experiment.dataset).headings
    save_image(folder / "samples.png", images, **headings)
    lines = grids.interpolations(experiment, settings, state)
    save_image(folder / "interpolation.png", lines)
