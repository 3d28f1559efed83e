"""Data sets as samplers `(key, n) -> [n, ...]` that run on the device."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from wgan_gp.data import toy
from wgan_gp.data.arrays import Sampler, noisy, resident

__all__ = ["DATASETS", "Dataset", "Sampler", "load", "noisy", "resident"]


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


def _mixture(name: str, modes: np.ndarray, std: float) -> Dataset:
    return Dataset(
        name, (2,), partial(toy.mixture, modes=modes, std=std), modes=modes, std=std
    )


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
