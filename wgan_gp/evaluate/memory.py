"""Refuses runs, evaluations and draws that cannot fit in this machine's memory.

A run that outgrows memory is killed by the operating system without a message, often
after hours. Sizes are known from shapes before anything is computed, so what certainly
cannot fit is refused in one line that names the fields to lower. This is a lower bound:
the activations of training are not counted, so a run that passes can still fail.
"""

import math
from functools import partial
from typing import Any

import jax

from wgan_gp.data import Dataset
from wgan_gp.evaluate.distances import max_exact_samples
from wgan_gp.evaluate.held_out import Evaluation, count_evaluated
from wgan_gp.system.platforms import physical_memory
from wgan_gp.system.values import show

SHARE = 0.8  # of the machine's memory, for the state alone
# Bytes of one value of a sequence and of a generated one: of both as float32, of other
# real ones, and as float64.
_BYTES_PER_STEP = 36
# Bytes of one value of an image and of a generated one: both as float32 and as bytes.
# What `image_quality` needs beside them does not grow with the pictures' size.
_BYTES_PER_VALUE = 10


def check(evaluation: Evaluation, dataset: Dataset, state: Any, widths: str) -> None:
    """Checks that training and evaluation can fit in this machine's memory.

    A checkpoint is copied on the host, so that its memory counts whatever the device.

    Args:
      evaluation: how generated samples are compared with held-out ones.
      dataset: what is learned.
      state: a tree of arrays, or of `jax.ShapeDtypeStruct`.
      widths: the fields that say how large the networks are, with their values.

    Raises:
      ValueError: they cannot; the message has the sizes and the fields to lower.
    """
    needed = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(state))
    if needed > SHARE * physical_memory():
        raise ValueError(
            f"parameters, moments and average take {_gigabytes(needed)}, and this"
            f" machine has {_gigabytes(physical_memory())} of memory: take narrower"
            f" layers, {widths}"
        )
    _BY_KIND[dataset.kind](evaluation, dataset)


def _check_vectors(evaluation: Evaluation, dataset: Dataset) -> None:
    """Refuses sets that exact W1, or the samples themselves, have no room for."""
    n, repeats = count_evaluated(evaluation, dataset)
    fit = max_exact_samples()
    (dimension,) = dataset.shape
    if n > fit and dimension > 1:
        raise ValueError(
            f"eval_samples = {n}: exact W1 needs {_gigabytes(16 * n**2)}; this"
            f" machine's memory is enough for {fit} samples"
        )
    drawn = 2 * n * repeats * dimension * 4  # held out, and as many for the floor
    if drawn > SHARE * physical_memory():
        raise ValueError(
            f"eval_samples * eval_repeats = {n * repeats}: samples to evaluate on take"
            f" {_gigabytes(drawn)}, and this machine has"
            f" {_gigabytes(physical_memory())} of memory: lower them"
        )


def _check_pools(
    evaluation: Evaluation, dataset: Dataset, *, noun: str, each: int
) -> None:
    """Refuses held-out and generated samples that there is no room for."""
    samples, repeats = count_evaluated(evaluation, dataset)
    needed = samples * repeats * math.prod(dataset.shape) * each
    if needed > SHARE * physical_memory():
        raise ValueError(
            f"eval_samples * eval_repeats = {samples * repeats}: {noun} to evaluate on"
            f" take {_gigabytes(needed)}, and this machine has"
            f" {_gigabytes(physical_memory())} of memory: lower them"
        )


_BY_KIND = {
    "vectors": _check_vectors,
    "sequences": partial(_check_pools, noun="sequences", each=_BYTES_PER_STEP),
    "images": partial(_check_pools, noun="images", each=_BYTES_PER_VALUE),
}


def check_samples(n: int, sample: Any) -> None:
    """Checks that n generated samples fit in this machine's memory.

    Args:
      n: number of samples.
      sample: one of them, or anything with its `shape` and `dtype`.

    Raises:
      ValueError: they do not fit.
    """
    needed = n * math.prod(sample.shape) * sample.dtype.itemsize
    if needed > SHARE * physical_memory():
        raise ValueError(
            f"n = {show(n)}: the samples take {_gigabytes(needed)}, and this machine"
            f" has {_gigabytes(physical_memory())} of memory: draw fewer"
        )


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
