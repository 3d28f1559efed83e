"""How good the generated samples of each class are."""

import math
from typing import NamedTuple

import numpy as np

from wgan_gp.data import Dataset
from wgan_gp.data.columns import Columns
from wgan_gp.evaluate.distances import as_float64
from wgan_gp.evaluate.held_out import own_channels
from wgan_gp.evaluate.sequences import windows_wasserstein
from wgan_gp.evaluate.vectors import LEAST_SAMPLES, marginal_wasserstein

# The metric that compares samples of one class, by the kind of the data.
METRIC = {"vectors": "marginal_w1", "sequences": "windows_w1"}


class ClassQuality(NamedTuple):
    """How good the generated samples of one class are, beside real ones."""

    share: float  # of the generated samples
    real_share: float
    distance: float  # `METRIC`; NaN where there are too few of the class
    floor: float  # the distance of other real samples of the class


def by_class(
    dataset: Dataset, fakes: np.ndarray, reals: np.ndarray, others: np.ndarray
) -> dict[str, ClassQuality]:
    """Compares the samples of each class with real ones of the same class.

    Args:
      dataset: of vectors `[D]` or series `[T, C]`, with columns and a label.
      fakes: generated samples `[n, ...]`.
      reals: held-out samples `[m, ...]`.
      others: real samples `[k, ...]` that take the place of generated ones in the
        floor.

    Returns:
      The quality of each class by its name.
    """
    columns = dataset.columns
    assert columns is not None
    assert columns.class_names is not None
    sets = [as_float64(each) for each in (fakes, reals, others)]
    numbers = [_classes(columns, each) for each in sets]
    found = {}
    for i, name in enumerate(columns.class_names):
        fake, real, other = (x[at == i] for x, at in zip(sets, numbers))
        found[name] = ClassQuality(
            len(fake) / len(fakes),
            len(real) / len(reals),
            _of_equal_sizes(dataset, fake, real),
            _of_equal_sizes(dataset, other, real),
        )
    return found


class Recognition(NamedTuple):
    """How a classifier sees the images of one class."""

    share: float  # of the images
    accuracy: float  # share of the class's images that it gives to the class; NaN: none
    confidence: float  # mean probability that it gives to the class; NaN without any


def recognition(
    probabilities: np.ndarray, labels: np.ndarray, classes: int
) -> list[Recognition]:
    """How a classifier sees images whose classes are known, for each class.

    Args:
      probabilities: of each class, `[n, K]` with K >= `classes`.
      labels: the classes of the images, `[n]`: what a generator was told.
      classes: how many there are.
    """
    found = []
    for number in range(classes):
        own = probabilities[labels == number]
        named = np.argmax(own, axis=1) == number
        accuracy, confidence = (
            (float(named.mean()), float(own[:, number].mean()))
            if len(own)
            else (math.nan, math.nan)
        )
        found.append(Recognition(len(own) / len(labels), accuracy, confidence))
    return found


def _classes(columns: Columns, samples: np.ndarray) -> np.ndarray:
    """The number of each sample's class, `[n]`: series have it at every step."""
    entries = samples[..., list(columns.told)]
    return entries.reshape(len(entries), -1, len(columns.told))[:, 0].argmax(axis=1)


def _of_equal_sizes(dataset: Dataset, one: np.ndarray, two: np.ndarray) -> float:
    count = min(len(one), len(two))
    if count < LEAST_SAMPLES:
        return math.nan
    one, two = one[:count], two[:count]
    if dataset.kind == "vectors":
        return marginal_wasserstein(one, two)
    return windows_wasserstein(*(own_channels(dataset, each) for each in (one, two)))
