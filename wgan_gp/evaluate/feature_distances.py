"""Distances and scores of image sets, on features or probabilities of a classifier.

Distances of pixels say little about how pictures look. The field therefore compares
features `[n, F]`, the activations of a classifier's layer before the last:

- `frechet_distance` (FID) is the field's standard, biased by the number of samples.
- `kernel_distance` (KID) has no such bias; use it for small sets.
- `precision_recall` says whether samples look bad (precision) or lack variety (recall),
  which one number cannot.
- `inception_score` needs no real samples, and does not see samples that repeat within
  a class.

Pitfalls: numbers compare only between sets of equal size, with features of one network
on pictures that were resized in one way. Published FIDs use 10,000 to 50,000 samples.

The functions know no network. `inception` and `digit_classifier` make features.
"""

from typing import NamedTuple

import numpy as np
import scipy

from wgan_gp.evaluate.distances import as_float64

_ROWS = 4096  # that are in float64 at a time


class Moments(NamedTuple):
    """Mean and covariance of a set, all that the Frechet distance depends on.

    Attributes:
      mean: of the features, `[F]`.
      covariance: unbiased, `[F, F]`.
    """

    mean: np.ndarray
    covariance: np.ndarray


class KernelDistance(NamedTuple):
    """Squared maximum mean discrepancy (MMD) over random subsets.

    Attributes:
      mean: over the subsets; 0 is expected of equal distributions.
      standard_error: of that mean, over the choice of subsets.
    """

    mean: float
    standard_error: float


class InceptionScore(NamedTuple):
    """The scores of equal parts of a set.

    Attributes:
      mean: over the parts.
      standard_deviation: over the parts. It is not the error of a score between runs.
    """

    mean: float
    standard_deviation: float


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Squared Frechet distance of Gaussians fitted to two sets (FID).

    ||m1 - m2||^2 + tr(C1 + C2 - 2 (C1 C2)^1/2), in [Heusel] et al. 2017,
    arXiv:1706.08500. Its expectation falls with the number of samples: compare equal
    numbers, more than F. Time grows as n F^2 + F^3, memory beside the features as F^2.

    Args:
      first: features `[n, F]`.
      second: features `[m, F]`.

    Returns:
      The distance, in the features' units squared.

    Raises:
      ValueError: a set is not `[n, F]`, has fewer than 2 samples or a number that is
        not finite, or the features differ in number.
    """
    first, second = check_feature_sets(first, second, at_least=2)
    return frechet_from_moments(_moments(first), _moments(second))


def gaussian_moments(features: np.ndarray) -> Moments:
    """Mean and unbiased covariance of a set, for `frechet_from_moments`.

    Args:
      features: `[n, F]`, n >= 2.

    Raises:
      ValueError: as `frechet_distance`.
    """
    return _moments(_check(features, at_least=2))


def frechet_from_moments(first: Moments, second: Moments) -> float:
    """`frechet_distance` of sets whose moments are known.

    Use it where many sets are compared with the same real images. With C = L L^T the
    trace of (C1 C2)^1/2 is the sum of the singular values of L1^T L2. No root is taken
    of a difference, and singular covariances, which come of fewer samples than
    features, lose no digits.

    Args:
      first: from `gaussian_moments`.
      second: of as many features.

    Returns:
      The distance, in the features' units squared.

    Raises:
      ValueError: shapes do not fit, a number is not finite, or a variance is negative.
    """
    shapes = [np.shape(x) for x in (*first, *second)]
    if shapes != 2 * [shapes[0], 2 * shapes[0]]:
        raise ValueError(f"moments must be twice [F] and [F, F], got {shapes}")
    if not all(np.isfinite(x).all() for x in (*first, *second)):
        raise ValueError("moments must be finite, got NaN or infinity")
    factors = _factor(first.covariance).T @ _factor(second.covariance)
    cross = np.linalg.svd(factors, compute_uv=False).sum()
    shift = np.square(first.mean - second.mean).sum()
    traces = np.trace(first.covariance) + np.trace(second.covariance)
    return float(max(shift + traces - 2 * cross, 0.0))


def kernel_distance(
    first: np.ndarray,
    second: np.ndarray,
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 0,
) -> KernelDistance:
    """Unbiased squared MMD with the kernel (x.y / F + 1)^3 (KID).

    [Binkowski] et al. 2018, arXiv:1801.01401. Unlike the Frechet distance's its
    expectation does not depend on the number of samples, and it may fall below 0.

    Args:
      first: features `[n, F]`.
      second: features `[m, F]`.
      subsets: how many estimates to average, at least 2.
      subset_size: samples of each set in one estimate, drawn without replacement.
      seed: of the subsets.

    Returns:
      Mean and standard error over the subsets. As subsets overlap, the error counts
      their choice and not that of the sets.

    Raises:
      ValueError: as `frechet_distance`; or `subsets` or `subset_size` is less than 2,
        or `subset_size` more than n or m.
    """
    if subsets < 2 or subset_size < 2:
        raise ValueError(
            f"subsets and subset_size must be at least 2, got {subsets} and"
            f" {subset_size}"
        )
    first, second = check_feature_sets(first, second, at_least=subset_size)
    draws = np.random.default_rng(seed)

    def subset(features: np.ndarray) -> np.ndarray:
        chosen = draws.choice(len(features), subset_size, replace=False)
        return as_float64(features[chosen])

    estimates = [_squared_mmd(subset(first), subset(second)) for _ in range(subsets)]
    error = np.std(estimates, ddof=1) / np.sqrt(subsets)
    return KernelDistance(float(np.mean(estimates)), float(error))


def subset_size(*sets: np.ndarray) -> int:
    """Samples of a subset for `kernel_distance`: half of the smallest set, most 1,000.

    Subsets of a whole set would all be the same, with no error.

    Args:
      *sets: of samples, `[n, ...]` each.
    """
    return min(1000, *((len(each) + 1) // 2 for each in sets))


def inception_score(probabilities: np.ndarray, *, splits: int = 10) -> InceptionScore:
    """The exponential of the mean KL(p(y|x) || p(y)), p(y) being the mean of p(y|x).

    [Salimans] et al. 2016, arXiv:1606.03498. From 1, where all samples look alike, to
    the number of classes. The field's numbers are of 50,000 samples in 10 parts;
    smaller parts score lower.

    Args:
      probabilities: of the classes, `[n, C]`, each row a distribution. Parts are runs
        of rows: the rows must be in no particular order.
      splits: the number of parts.

    Returns:
      Mean and standard deviation of the parts' scores.

    Raises:
      ValueError: the rows are not distributions, or are fewer than `splits`.
    """
    if splits < 1:
        raise ValueError(f"splits must be at least 1, got {splits}")
    rows = _check(probabilities, at_least=splits)
    sums = rows.sum(1, dtype=np.float64)
    if rows.min() < 0 or np.abs(sums - 1).max() > 1e-3:
        raise ValueError(
            "probabilities must be at least 0 and their rows sum to 1, got"
            f" {rows.min():.3g} and a sum of {sums.max():.3g}: take softmax of logits"
        )
    parts = map(as_float64, np.array_split(rows, splits))
    scores = [
        np.exp(scipy.special.rel_entr(part, part.mean(0, keepdims=True)).sum(1).mean())
        for part in parts
    ]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))


def _check(features: np.ndarray, at_least: int) -> np.ndarray:
    """The features in float32 or float64, if they are a set of enough finite ones."""
    array = np.asarray(features)
    array = array if array.dtype == np.float32 else as_float64(array)
    if array.ndim != 2 or not array.shape[1]:
        raise ValueError(f"features must be [n, F], got the shape {array.shape}")
    if len(array) < at_least:
        raise ValueError(f"at least {at_least} samples are needed, got {len(array)}")
    if not np.isfinite(array).all():
        raise ValueError("features must be finite, got NaN or infinity")
    return array


def check_feature_sets(first, second, at_least: int) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of features, once they are seen to fit each other.

    Args:
      first: features `[N, F]`.
      second: features `[M, F]`.
      at_least: the fewest rows that a set may have.

    Returns:
      Both: as they are in float32, since they may take much memory, or in float64.

    Raises:
      ValueError: a set has fewer rows, or other numbers than real ones, or the sets
        have different numbers of features.
    """
    first, second = _check(first, at_least), _check(second, at_least)
    widths = first.shape[1], second.shape[1]
    if widths[0] != widths[1]:
        raise ValueError(f"sets must have equally many features, got {widths}")
    return first, second


def _moments(features: np.ndarray) -> Moments:
    mean = features.mean(0, dtype=np.float64)
    starts = range(0, len(features), _ROWS)
    centred = (features[i : i + _ROWS] - mean[None] for i in starts)
    squares = np.zeros(2 * features.shape[1:])
    for rows in centred:
        squares += rows.T @ rows
    return Moments(mean, squares / (len(features) - 1))


def _factor(covariance: np.ndarray) -> np.ndarray:
    """L `[F, rank]` with L L^T the covariance."""
    values, vectors = np.linalg.eigh(covariance)
    largest = np.abs(values).max()
    if values.min() < -1e-6 * largest:
        raise ValueError(f"a covariance has the negative eigenvalue {values.min():.3g}")
    # Rounding leaves about eps where there is 0, and its root would be 1e-8.
    kept = values > len(values) * np.finfo(np.float64).eps * largest
    return vectors[:, kept] * np.sqrt(values[kept])[None]


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    base = x @ y.T / x.shape[1] + 1
    return base * base * base  # NumPy's power takes many times as long


def _squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    """Unbiased for equally large sets: a sample is not compared with itself."""
    n = len(x)
    within = sum(k.sum() - np.trace(k) for k in (_kernel(x, x), _kernel(y, y)))
    return within / (n * (n - 1)) - 2 * _kernel(x, y).mean()
