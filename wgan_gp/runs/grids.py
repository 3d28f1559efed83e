"""Grids of generated images."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp import train
from wgan_gp.build import Experiment
from wgan_gp.configs import Settings
from wgan_gp.data import Dataset
from wgan_gp.data.conditions import own_entries, told_classes
from wgan_gp.data.ranges import to_pixels
from wgan_gp.runs import figures


class GridLayout(NamedTuple):
    """The arrangement of a grid of generated images."""

    columns: int
    labels: np.ndarray | None  # [n], the class of each image
    headings: dict[str, list[str]]  # "columns" or "rows", arguments of `save_image`


def grid_layout(dataset: Dataset) -> GridLayout:
    """The arrangement for a data set: 8 x 8 images, or images of every class.

    Up to 16 classes get one or more columns of 8 images each. More classes follow each
    other along rows of 16 images; of more than 256 classes, the first 256 are shown.
    Headings are the names of up to 16 classes, or their numbers where they have none;
    rows of more classes have the numbers of their first and last.
    """
    classes = dataset.classes
    if not classes:
        return GridLayout(8, None, {})
    if classes <= 16:
        row = np.repeat(np.arange(classes), max(1, 8 // classes))
        names = dataset.class_names or [str(each) for each in range(classes)]
        return GridLayout(
            len(row), np.tile(row, 8), {"columns": [names[each] for each in row]}
        )
    shown = min(classes, 256)
    rows = max(8, -(-shown // 16))
    labels = np.arange(16 * rows) % shown
    ends = zip(labels[::16], labels[15::16])
    return GridLayout(
        16, labels, {"rows": [f"{first} to {last}" for first, last in ends]}
    )


def image_grid(
    experiment: Experiment, settings: Settings, state: train.TrainState
) -> np.ndarray | None:
    """One picture of generated images, laid out by `grid_layout`; None for vectors.

    The latents are the same at every step of a run.

    Args:
      experiment: of the run.
      settings: of the run.
      state: of training, on one device.

    Returns:
      `[rows (H + 1) - 1, columns (W + 1) - 1, C]`, uint8.
    """
    if experiment.dataset.kind != "images":
        return None
    grid = grid_layout(experiment.dataset)
    count = 64 if grid.labels is None else len(grid.labels)
    key = jax.random.fold_in(jax.random.key(settings.seed), 64)
    latents = experiment.algorithm.sample_latent(key, count)
    if grid.labels is not None:
        latents = latents[0], told_classes(experiment.dataset, grid.labels)
    pixels = _generate(experiment, settings, state, latents)
    return figures.image_grid(pixels, columns=grid.columns)


def interpolations(
    experiment: Experiment, settings: Settings, state: train.TrainState
) -> np.ndarray:
    """Rows of 8 images on straight lines between two latents, of one condition each.

    Args:
      experiment: of the run, on images.
      settings: of the run.
      state: of training, on one device.

    Returns:
      `[8 (H + 1) - 1, 8 (W + 1) - 1, C]`, uint8.
    """
    key = jax.random.fold_in(jax.random.key(settings.seed), 65)
    latents = experiment.algorithm.sample_latent(key, 16)
    told = None
    if isinstance(latents, tuple):
        latents, told = latents
        told = jnp.repeat(told[:8], 8, axis=0)
    share = jnp.linspace(0, 1, 8).reshape(1, 8, 1)
    starts, ends = latents[:8, None], latents[8:, None]
    lines = (starts + share * (ends - starts)).reshape(64, -1)
    given = lines if told is None else (lines, told)
    return figures.image_grid(_generate(experiment, settings, state, given), columns=8)


def _generate(
    experiment: Experiment, settings: Settings, state: train.TrainState, latents: Any
) -> np.ndarray:
    """The images of latents, as bytes, without channels that the generator is told."""
    made = jax.jit(experiment.algorithm.generator.apply)(state.average, latents)
    return to_pixels(own_entries(experiment.dataset, made), settings.data.scale)
