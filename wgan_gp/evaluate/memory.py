"""What does not fit this machine is refused before it is computed."""

import math
from typing import Any

import jax
from ml_collections import FrozenConfigDict

from wgan_gp.data import Dataset
from wgan_gp.evaluate.distances import largest_exact
from wgan_gp.evaluate.held_out import count_evaluated
from wgan_gp.system.platforms import physical_memory as physical
from wgan_gp.system.values import show

SHARE = 0.8  # of the machine's memory, for the state alone
# Bytes of one value of an image and of a generated one: both as float32 and as bytes,
# and then what `image_quality` makes of them, float32 and float64 for the sliced
# distance.
_EVALUATED = 38
_WIDTHS = "hidden", "width", "multipliers", "blocks"


def check(config: FrozenConfigDict, dataset: Dataset, state: Any) -> None:
    """Raises ValueError if training or evaluation can't fit in memory.

    A checkpoint is copied on the host, so that its memory counts whatever the device.

    Args:
      config: from `configs.resolve`.
      dataset: what is learned.
      state: a tree of arrays, or of `jax.ShapeDtypeStruct`.
    """
    needed = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(state))
    if needed > SHARE * physical():
        raise ValueError(
            f"parameters, moments and average take {_gigabytes(needed)}, and this"
            f" machine has {_gigabytes(physical())} of memory: take narrower layers,"
            f" {_widths(config)}"
        )
    if len(dataset.shape) == 1:
        _check_vectors(config, dataset.shape[0])
    else:
        _check_images(config, dataset)


def _check_vectors(config: FrozenConfigDict, dimension: int) -> None:
    n, repeats, fit = config.eval_samples, config.eval_repeats, largest_exact()
    if n > fit and dimension > 1:
        raise ValueError(
            f"eval_samples = {n}: exact W1 needs {_gigabytes(16 * n**2)}; this"
            f" machine's memory is enough for {fit} samples"
        )
    drawn = 2 * n * repeats * dimension * 4  # held out, and as many for the floor
    if drawn > SHARE * physical():
        raise ValueError(
            f"eval_samples * eval_repeats = {n * repeats}: samples to evaluate on take"
            f" {_gigabytes(drawn)}, and this machine has {_gigabytes(physical())} of"
            " memory: lower them"
        )


def _check_images(config: FrozenConfigDict, dataset: Dataset) -> None:
    samples, repeats = count_evaluated(config, dataset)
    needed = samples * repeats * math.prod(dataset.shape) * _EVALUATED
    if needed > SHARE * physical():
        raise ValueError(
            f"eval_samples * eval_repeats = {samples * repeats}: images to evaluate on"
            f" take {_gigabytes(needed)}, and this machine has"
            f" {_gigabytes(physical())} of memory: lower them"
        )


def check_samples(n: int, sample: Any) -> None:
    """Raises ValueError if n samples do not fit in memory.

    Args:
      n: how many.
      sample: the `shape` and `dtype` of one of them.
    """
    needed = n * math.prod(sample.shape) * sample.dtype.itemsize
    if needed > SHARE * physical():
        raise ValueError(
            f"n = {show(n)}: the samples take {_gigabytes(needed)}, and this machine"
            f" has {_gigabytes(physical())} of memory: draw fewer"
        )


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"


def _widths(config: FrozenConfigDict) -> str:
    """The fields of both networks that say how large they are."""
    return ", ".join(
        f"{player}.{name} = {show(config[player][name])}"
        for player in ("critic", "generator")
        for name in _WIDTHS
        if name in config[player]
    )
