"""How good generated vectors of many dimensions are, beside real ones.

Exact W1 between two sets of n samples misleads where there are many dimensions: real
samples lie so far from one another that a generator of *half* their spread, all of
whose samples are near everything, has a smaller W1 to them than other real samples
have. From about ten dimensions on, W1 / floor calls it better than real. The numbers
here do not:

- `marginal_w1`: the W1 of each entry alone, which compares all quantiles of all
  columns;
- `sliced_w1`: the same along random directions, which sees correlations too;
- `spread`: generated standard deviations over real ones;
- `sinkhorn`: an entropic W1 from which the sets' own spread is subtracted;
- `two_sample`: how well a classifier tells generated samples from real ones;
- `precision` and `recall`: shares of one set within the other's estimated support;
- `nearest`: how near samples lie to the training samples, which shows copies.

Each but the last has a floor, what other real samples score in place of generated ones;
held-out samples are what `nearest` divides by. The last evaluation of a run also has
`lower_bound`: see `evaluate.lower_bound`.
"""

import math
from typing import NamedTuple

import numpy as np
import scipy

from wgan_gp.evaluate.distances import (
    as_float64,
    sinkhorn_divergence,
    sliced_wasserstein,
    typical_distance,
)
from wgan_gp.evaluate.nearest_neighbours import precision_recall

LEAST_SAMPLES = 8  # of two halves, each with neighbours
_DIRECTIONS = 128  # whose squares the classifier sees
_RIDGE = 1e-2  # of its weights, per sample
_FAR = 50  # the width of both sets over the least regularisation
_LEAST_COPIES = 10  # half of those to be seen of a set that is nothing but copies
_MOST = 2000  # samples of a set in metrics that take time as n squared


class Spread(NamedTuple):
    """Generated standard deviations over real ones, over the entries."""

    overall: float  # of the sums of variances
    least: float
    greatest: float


def marginal_wasserstein(fakes: np.ndarray, reals: np.ndarray) -> float:
    """The mean over entries of the W1 of one entry alone.

    Args:
      fakes: samples `[n, D]`.
      reals: samples `[n, D]`.

    Returns:
      The distance, in the units of the entries. It is 0 for equal marginals, whatever
      the correlations.
    """
    return float(np.abs(np.sort(fakes, axis=0) - np.sort(reals, axis=0)).mean())


def spread(fakes: np.ndarray, reals: np.ndarray) -> Spread:
    """The ratio of standard deviations, generated over real.

    Args:
      fakes: samples `[n, D]`.
      reals: samples `[m, D]`. Entries that hardly vary in them, such as those of rare
        categories, count for the overall ratio alone.
    """
    fake, real = fakes.std(axis=0), reals.std(axis=0)
    varies = real > 0.1 * real.max()
    if not varies.any():
        return Spread(1.0, 1.0, 1.0)
    ratio = fake[varies] / real[varies]
    overall = math.sqrt(float(np.square(fake).sum() / np.square(real).sum()))
    return Spread(overall, float(ratio.min()), float(ratio.max()))


def two_sample_accuracy(fakes: np.ndarray, reals: np.ndarray) -> float:
    """The accuracy of a classifier that tells generated from real samples.

    A logistic regression on the entries, their squares and the squares of random
    projections, so that it sees means, spreads and correlations. It is fitted on one
    half of each set and tested on the other, and the other way round (Lopez-Paz and
    Oquab 2017, arXiv:1610.06545).

    Args:
      fakes: samples `[n, D]`.
      reals: samples `[m, D]`.

    Returns:
      The mean of both classes' accuracies: 0.5 where they cannot be told apart, 1
      where no sample is taken for the other kind. Its standard error at 0.5 is
      0.5 / sqrt(n + m).
    """
    both = np.concatenate([fakes, reals])
    centre, scale = both.mean(axis=0), both.std(axis=0)
    lines = np.random.RandomState(0).standard_normal((both.shape[1], _DIRECTIONS))
    lines /= np.linalg.norm(lines, axis=0)

    def features(samples: np.ndarray) -> np.ndarray:
        entries = (samples - centre) / np.where(scale > 0, scale, 1.0)
        return np.concatenate([entries, entries**2, (entries @ lines) ** 2], axis=1)

    seen = [features(each) for each in (fakes, reals)]
    offset, width = np.vstack(seen).mean(axis=0), np.vstack(seen).std(axis=0)
    seen = [(each - offset) / np.where(width > 0, width, 1.0) for each in seen]
    halves = [(each[::2], each[1::2]) for each in seen]
    found = []
    for fit in (0, 1):
        weights, bias = _logistic_regression(halves[0][fit], halves[1][fit])
        for sign, sides in zip((1, -1), halves):
            margins = sign * (sides[1 - fit] @ weights + bias)
            found.append(np.mean(margins > 0) + np.mean(margins == 0) / 2)
    return float(np.mean(found))


def _logistic_regression(
    fakes: np.ndarray, reals: np.ndarray
) -> tuple[np.ndarray, float]:
    """Weights `[F]` and a bias: positive for generated samples."""
    x = np.concatenate([fakes, reals])
    signs = np.repeat([1.0, -1.0], [len(fakes), len(reals)])
    shares = np.repeat([0.5 / len(fakes), 0.5 / len(reals)], [len(fakes), len(reals)])

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = parameters[:-1], parameters[-1]
        margin = signs * (x @ weights + bias)
        value = shares @ np.logaddexp(0.0, -margin) + 0.5 * _RIDGE * weights @ weights
        slope = -signs * shares / (1.0 + np.exp(np.minimum(margin, 500.0)))
        gradient = np.append(x.T @ slope + _RIDGE * weights, slope.sum())
        return float(value), gradient

    start = np.zeros(x.shape[1] + 1)
    best = scipy.optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}
    ).x
    return best[:-1], float(best[-1])


def nearest_ratio(
    fakes: np.ndarray, reals: np.ndarray, train: np.ndarray, share: float = 1.0
) -> float | None:
    """Distances to the nearest training sample, generated over held out.

    The median distances, where most training samples are looked at. Else few of a
    copier's samples are seen to be copies, and the distances are quantiles of half the
    share that is looked at.

    Args:
      fakes: generated samples `[n, D]`.
      reals: held-out samples `[m, D]`.
      train: samples that were learned from, `[k, D]`.
      share: they are of all that were learned from.

    Returns:
      The ratio: near 1 for new samples, near 0 for copies. 1 if held-out samples are
      copies themselves. None if only a part of the training samples is looked at, and
      too few are generated to see copies, or held-out samples are copies, too.
    """
    some = share <= 0.6
    level = share / 2 if some else 0.5
    if some and level * len(fakes) < _LEAST_COPIES:
        return None
    tree = scipy.spatial.KDTree(as_float64(train))
    distances = [tree.query(each)[0] for each in (fakes, reals)]
    if some and np.mean(distances[1] == 0) > level / 2:
        return None
    generated, held_out = (float(np.quantile(each, level)) for each in distances)
    return generated / held_out if held_out > 0 else 1.0


def vector_quality(
    fakes: np.ndarray, reals: np.ndarray, train: np.ndarray | None, share: float = 1.0
) -> dict[str, float]:
    """The metrics of one set of generated vectors.

    Args:
      fakes: generated samples `[n, D]`.
      reals: held-out samples `[n, D]`.
      train: samples that were learned from, `[k, D]`; None if there is no finite set of
        them.
      share: they are of all that were learned from.

    Returns:
      `marginal_w1`, `sliced_w1`, `sinkhorn`, `spread` with `spread_min` and
      `spread_max`, `two_sample`, `precision`, `recall`, and `nearest` with `train`.
      Those that compare samples with each other are left out of sets of fewer than 8.
    """
    fakes, reals = as_float64(fakes), as_float64(reals)
    found = {
        "marginal_w1": marginal_wasserstein(fakes, reals),
        "sliced_w1": sliced_wasserstein(fakes, reals, directions=128),
        **dict(zip(("spread", "spread_min", "spread_max"), spread(fakes, reals))),
    }
    if len(fakes) < LEAST_SAMPLES:
        return found
    some = fakes[:_MOST], reals[:_MOST]
    # Of a generator that is far away the iteration would hardly converge with the
    # width of the real samples alone.
    far = typical_distance(np.concatenate(some)) / _FAR
    found["sinkhorn"] = sinkhorn_divergence(
        *some, regularisation=max(typical_distance(reals), far)
    )
    found["two_sample"] = two_sample_accuracy(*some)
    shares = precision_recall(some[1], some[0])
    found |= {"precision": shares.precision, "recall": shares.recall}
    nearest = None if train is None else nearest_ratio(*some, train, share)
    return found if nearest is None else found | {"nearest": nearest}
