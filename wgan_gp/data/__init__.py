"""Data sets as samplers `(key, n) -> [n, ...]` that run on the device."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from wgan_gp.data import toy
from wgan_gp.data.arrays import Sampler, noisy, resident

__all__ = [
    "DATASETS",
    "Dataset",
    "Sampler",
    "load",
    "noisy",
    "open_named",
    "resident",
    "unlabelled",
]


_KINDS = {1: "vectors", 3: "images"}  # by the number of a sample's axes


class Dataset(NamedTuple):
    """A distribution to learn."""

    name: str
    shape: tuple[int, ...]  # of one sample
    sample: Sampler  # (key, n, or a raw batch of `stream`) -> [n, *shape]
    modes: np.ndarray | None = None  # centres [M, D], where the set is a mixture
    std: float | None = None  # standard deviation of each mode
    held_out: Sampler | None = None  # of what training never sees; None: same as sample
    held_out_count: int | None = None  # samples that are held out, if finitely many
    count: int | None = None  # of the samples, if they are finitely many
    classes: int | None = None  # of the labels that samples come with, if they do
    class_names: tuple[str, ...] | None = None  # of each class, as the set has them
    class_shares: np.ndarray | None = None  # [classes], of each in the train split
    left_out: tuple[str, ...] = ()  # files that are not part of the set, and why
    notes: tuple[str, ...] = ()  # what a user should know before training, line by line
    # (batch size of all hosts, seed) -> this host's raw batches
    stream: Callable[[int, int], Any] | None = None

    @property
    def kind(self) -> str:
        """What its samples are: "vectors" `[D]` or "images" `[H, W, C]`."""
        return _KINDS[len(self.shape)]


def unlabelled(dataset: Dataset) -> Sampler:
    """The sampler of a data set's training samples, without their labels."""
    if dataset.classes is None:
        return dataset.sample

    def sample(key: jax.Array, n: int) -> jax.Array:
        samples, _ = dataset.sample(key, n)
        return samples

    return sample


def _mixture(name: str, modes: np.ndarray, std: float) -> Dataset:
    return Dataset(
        name, (2,), partial(toy.mixture, modes=modes, std=std), modes=modes, std=std
    )


# By `data.name` of a configuration. An experiment's file may add its own.
DATASETS = {
    "8gaussians": _mixture("8gaussians", toy.RING_MODES, toy.RING_STD),
    "25gaussians": _mixture("25gaussians", toy.GRID_MODES, toy.GRID_STD),
    "swissroll": Dataset("swissroll", (2,), toy.swissroll),
}


def load(name: str) -> Dataset:
    """The data set of this name.

    Raises:
      ValueError: there is none; the message lists those there are.
    """
    if name not in DATASETS:
        raise ValueError(f"data.name must be one of {sorted(DATASETS)}, got {name!r}")
    return DATASETS[name]


def open_named(name: str, kind: str, *, conditional: bool) -> Dataset:
    """A data set of `DATASETS` as a configuration asks for it.

    Args:
      name: of the set, a key of `DATASETS`.
      kind: "vectors" or "images", which the configuration expects.
      conditional: whether training samples are to come with labels.

    Returns:
      The set; without labels, unless it is conditional.

    Raises:
      ValueError: it is of another kind, or has no labels.
    """
    dataset = load(name)
    if dataset.kind != kind:
        raise ValueError(
            f"{name} has samples of shape {dataset.shape}, and this experiment learns"
            f" {kind}: start from configs.base(data={dataset.kind!r})"
        )
    if conditional and dataset.classes is None:
        raise ValueError(f"{name} has no labels: conditional must be False")
    if conditional or dataset.classes is None:
        return dataset
    return dataset._replace(
        sample=unlabelled(dataset), classes=None, class_names=None, class_shares=None
    )
