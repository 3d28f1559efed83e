"""How good generated images are, beside held-out real ones.

An `Observer` is a network that looks at pictures: it returns features, which distances
compare, and probabilities of classes, which scores are made of. There are two:
`digit_observer` trains a small classifier on the data set's own labels, and
`inception_observer` reads the network behind published FIDs from a file. Without one,
only the sliced distance of pixels is measured.

The held-out pictures are observed once (`observe_reals`), generated ones at each
evaluation (`image_quality`).
"""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import scipy

from wgan_gp.data.images import open_images
from wgan_gp.data.sources import ImageSource, load_arrays
from wgan_gp.evaluate.digit_classifier import (
    CLASSES,
    MIN_SIDE,
    digit_features,
    digit_statistics,
    train_digit_classifier,
)
from wgan_gp.evaluate.distances import sliced_wasserstein
from wgan_gp.evaluate.feature_distances import (
    frechet_distance,
    inception_score,
    kernel_distance,
    subset_size,
)
from wgan_gp.evaluate.inception import inception_features, load_inception
from wgan_gp.evaluate.nearest_neighbours import precision_recall

# Most images for precision and recall, which compare n^2 pairs.
MAX_SUPPORT = 10_000

_classifiers: dict[Any, Any] = {}

# uint8 images [n, H, W, C] -> features [n, F], probabilities of classes [n, K]
Observer = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


class Reals(NamedTuple):
    """Held-out images, and what a network sees in them.

    Attributes:
      images: `[n, H, W, C]`, uint8.
      features: of the same images, `[n, F]`; None without an observer.
    """

    images: np.ndarray
    features: np.ndarray | None


def digit_observer(name: str, **options) -> Observer:
    """A classifier, trained when this is called on the train split of a labelled set.

    It is trained from a fixed key, so that two calls for one set compare.

    Args:
      name: of the set, as in `data.images.open_images`.
      **options: further arguments of `open_images`.

    Returns:
      `images [n, H, W, C] -> (features [n, 64], probabilities [n, 10])`.

    Raises:
      ValueError: the set has no labels or more than 10 classes, or is too small.
    """
    source = open_images(name, "train", **options)
    check_digits(source)
    examples = load_arrays(source)
    assert examples.label is not None
    params = _classifier(examples.image, examples.label)
    return lambda images: digit_features(params, images)


def _classifier(images: np.ndarray, labels: np.ndarray) -> Any:
    """The trained classifier; a process that asks again, as a study, trains it once."""
    arrays = map(np.ascontiguousarray, (images, labels))
    digests = [hashlib.sha256(x.data).digest() for x in arrays]
    key = images.shape, *digests
    if key not in _classifiers:
        _classifiers[key] = train_digit_classifier(images, labels, jax.random.key(0))
    return _classifiers[key]


def check_digits(source: ImageSource) -> None:
    """Refuses a set that the digit classifier cannot be trained on; reads no picture.

    Args:
      source: its train split.

    Raises:
      ValueError: it has no labels, more than 10 classes, or is too small.
    """
    height, width, _ = source.shape
    if source.classes is None:
        wrong = "no labels"
    elif source.classes > CLASSES:
        wrong = f"{source.classes} classes"
    elif min(height, width) < MIN_SIDE:
        wrong = f"pictures of {height} x {width}"
    else:
        return
    raise ValueError(
        f"{source.name} has {wrong}: features of digits need labelled pictures of at"
        f" most {CLASSES} classes, at least {MIN_SIDE} x {MIN_SIDE}"
    )


def inception_observer(path: str) -> Observer:
    """Inception-v3 with the weights of a file.

    Args:
      path: of the weights, as in `inception.load_inception`.

    Returns:
      `images [n, H, W, C] -> (features [n, 2048], probabilities [n, 1008])`.

    Raises:
      ValueError: there is no such file, or it holds other weights.
    """
    params = load_inception(path)

    def observe(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        features, logits = inception_features(params, images)
        return features, scipy.special.softmax(logits, axis=1)

    return observe


def observe_reals(images: np.ndarray, observer: Observer | None) -> Reals:
    """Held-out images with their features, computed once for all evaluations.

    Args:
      images: `[n, H, W, C]`, uint8.
      observer: the network whose features are compared, or None.
    """
    return Reals(images, None if observer is None else observer(images)[0])


def sliced_pixels(first: np.ndarray, second: np.ndarray, *, seed: int = 0) -> float:
    """The sliced W1 of pixels in [0, 1].

    Args:
      first: images `[n, H, W, C]`, uint8.
      second: as many.
      seed: of the directions.
    """
    return sliced_wasserstein(first, second, seed=seed) / 255


def image_quality(
    fakes: np.ndarray, reals: Reals, observer: Observer | None, *, seed: int = 0
) -> dict[str, float]:
    """Distances between generated and held-out real images.

    Args:
      fakes: `[n, H, W, C]`, uint8.
      reals: as many.
      observer: the network whose features are compared, or None.
      seed: of the directions and subsets.

    Returns:
      `sliced_w1` of the pixels in [0, 1]; with an observer also `frechet`, `kernel`
      and `kernel_error`, `precision` and `recall`, and the `score` (Inception's, or the
      same of the digit classifier) over 10 parts; for 10 classes also
      `class_divergence` and `confidence`.
    """
    quality = {"sliced_w1": sliced_pixels(fakes, reals.images, seed=seed)}
    if observer is None or reals.features is None:
        return quality
    features, probabilities = observer(fakes)
    size = subset_size(reals.features, features)
    quality |= compare_features(reals.features, features, subset_size=size, seed=seed)
    parts = min(10, len(fakes))
    quality["score"] = inception_score(probabilities, splits=parts).mean
    if probabilities.shape[1] == 10:
        digits = digit_statistics(probabilities)
        quality["class_divergence"] = digits.divergence
        quality["confidence"] = digits.confidence
    return quality


def compare_features(
    reals: np.ndarray,
    fakes: np.ndarray,
    *,
    subset_size: int,
    max_support: int | None = MAX_SUPPORT,
    seed: int = 0,
) -> dict[str, float]:
    """Every distance between two sets of features.

    Args:
      reals: `[n, F]`.
      fakes: `[m, F]`.
      subset_size: of the kernel distance's subsets, at most n and m.
      max_support: how many of each precision and recall look at, as they take time that
        grows with the square; None for all.
      seed: of the subsets.

    Returns:
      `frechet`, `kernel` and `kernel_error`, `precision` and `recall`.

    Raises:
      ValueError: as the functions of `feature_distances`.
    """
    kernel = kernel_distance(reals, fakes, subset_size=subset_size, seed=seed)
    supports = precision_recall(reals[:max_support], fakes[:max_support])
    return {
        "frechet": frechet_distance(reals, fakes),
        "kernel": kernel.mean,
        "kernel_error": kernel.standard_error,
        "precision": supports.precision,
        "recall": supports.recall,
    }
