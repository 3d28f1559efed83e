"""How good the generated samples of each class are."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wgan_gp.data import Dataset, text
from wgan_gp.data.conditions import own_entries
from wgan_gp.data.ranges import to_pixels
from wgan_gp.evaluate.distances import as_float64
from wgan_gp.evaluate.images import sliced_pixels
from wgan_gp.evaluate.ngrams import ngram_divergences
from wgan_gp.evaluate.sequences import windows_wasserstein
from wgan_gp.evaluate.vectors import LEAST_SAMPLES, marginal_wasserstein

_NGRAMS = 4  # the order that text is compared by, or its length if that is less


class ClassQuality(NamedTuple):
    """How good the generated samples of one class are, beside real ones."""

    share: float  # of the generated samples
    real_share: float
    distance: float  # by `metric_of`; NaN where there are too few of the class
    floor: float  # the distance of other real samples of the class


def metric_of(dataset: Dataset) -> str:
    """The metric that compares samples of one class, a key of `metrics.METRICS`."""
    if dataset.characters is not None:
        return f"js_{_order(dataset)}"
    return _DISTANCES[dataset.kind][0]


def by_class(
    dataset: Dataset,
    fakes: np.ndarray,
    reals: np.ndarray,
    others: np.ndarray,
    *,
    scale: str = "",
) -> dict[str, ClassQuality]:
    """Compares the samples of each class with real ones of the same class.

    Args:
      dataset: with a label among the entries, or channels, of its samples. Only the
        others are compared, but of vectors.
      fakes: generated samples `[n, ...]`.
      reals: held-out samples `[m, ...]`.
      others: real samples `[k, ...]` that take the place of generated ones in the
        floor.
      scale: of images, the key of `ranges.SCALES` that they were scaled with.

    Returns:
      The quality of each class by its name.
    """
    assert dataset.columns is not None
    assert dataset.columns.class_names is not None
    numbers = [_classes(dataset, each) for each in (fakes, reals, others)]
    sets = [_compared(dataset, each, scale) for each in (fakes, reals, others)]
    found = {}
    for i, name in enumerate(dataset.columns.class_names):
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


def _classes(dataset: Dataset, samples: np.ndarray) -> np.ndarray:
    """The number of each sample's class, `[n]`, which it has at every position."""
    first = samples[(slice(None), *[0] * (samples.ndim - 2))]
    return first[:, list(dataset.told)].argmax(axis=1)


def _compared(dataset: Dataset, samples: np.ndarray, scale: str) -> np.ndarray:
    """What is compared of samples `[n, ...]`: rows, series, bytes, or lines `[n]`."""
    if dataset.kind == "vectors":
        return as_float64(samples)
    own = own_entries(dataset, samples)
    if dataset.characters is not None:
        return np.array(text.decode(own, dataset.characters), str)
    if dataset.kind == "images":
        return to_pixels(own, scale)
    return as_float64(own)


def _of_equal_sizes(dataset: Dataset, one: np.ndarray, two: np.ndarray) -> float:
    count = min(len(one), len(two))
    if count < LEAST_SAMPLES:
        return math.nan
    one, two = one[:count], two[:count]
    if dataset.characters is None:
        return _DISTANCES[dataset.kind][1](one, two)
    lines = one.tolist(), two.tolist()
    return ngram_divergences(*lines, [_order(dataset)])[metric_of(dataset)]


def _order(dataset: Dataset) -> int:
    return min(_NGRAMS, dataset.shape[0])


# The metric and its function of what `_compared` returns, by the kind of the data.
_DISTANCES: dict[str, tuple[str, Callable[[Any, Any], float]]] = {
    "vectors": ("marginal_w1", marginal_wasserstein),
    "sequences": ("windows_w1", windows_wasserstein),
    "images": ("sliced_w1", sliced_pixels),
}
