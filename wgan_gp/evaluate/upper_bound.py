"""An upper bound of W1 by exact assignment, with its floor and an interval.

The mean of the exact W1 over pairs of finite sets is at least W1: W1 is convex, so that
by Jensen's inequality

    E[W1(P_s, Q_s)] >= W1(P, Q)

for sets P_s and Q_s of s independent samples each. One such number is no bound, as it
scatters about its mean; the interval is for that. Its upper end is below W1 in about
1 % of all draws at most.

How far the mean is above W1 depends on s and on the dimension: for P = Q it falls as
s^(-1/D) only. The floor is what two sets of real samples of the same size score.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from wgan_gp.evaluate.distances import (
    as_centred_rows,
    exact_wasserstein_of_pairs,
    max_exact_samples,
)

SUBSET = 2000  # samples a side of an assignment, which takes time as their cube
LEAST_SAMPLES = 20  # two in each block
# Of intervals. Both ends of a bracket then miss in 2 % of draws together, which leaves
# room for errors that are estimated too low, as they are from few samples.
LEVEL = 0.98
# The spread is found from as many blocks. More are smaller, and less like the whole;
# fewer give a wider interval.
_BLOCKS = 10


class UpperBound(NamedTuple):
    """An upper bound of W1, in the units of the samples.

    Attributes:
      value: the mean exact W1 of pairs of subsets. Its expectation is at least W1.
      interval: of that expectation, at the level `LEVEL`.
      floor: the same mean for two subsets of real samples.
    """

    value: float
    interval: tuple[float, float]
    floor: float


class Subsets(NamedTuple):
    """Disjoint subsets of one size s, for distances that are compared.

    Attributes:
      reals: k sets of real samples, `[k, s, D]`.
      fakes: as many of generated ones, `[k, s, D]`.
      floor: pairs of sets of real samples, `[2, j, s, D]` with j <= k.
    """

    reals: np.ndarray
    fakes: np.ndarray
    floor: np.ndarray


def cut_subsets(reals: np.ndarray, fakes: np.ndarray, subset: int = SUBSET) -> Subsets:
    """Cuts samples into disjoint subsets, so that the floor is of the same size.

    Args:
      reals: samples `[n, D]`, in random order.
      fakes: samples `[m, D]`, in random order.
      subset: the most samples of a subset.

    Returns:
      Subsets of at most half of the real samples each.
    """
    fewest = min(len(reals), len(fakes))
    pairs = max(1 if len(reals) >= 2 * fewest else 2, -(-fewest // subset))
    size = fewest // pairs
    halves = min(len(reals) // (2 * size), pairs)
    return Subsets(
        _blocks(reals, pairs, size),
        _blocks(fakes, pairs, size),
        _blocks(reals, 2 * halves, size).reshape(2, halves, size, -1),
    )


def w1_upper_bound(
    reals: np.ndarray, fakes: np.ndarray, *, subset: int = SUBSET, seed: int = 0
) -> UpperBound:
    """An upper bound of the W1 between the distributions of two sets of samples.

    The samples are cut at random into pairs of disjoint subsets, of at most half of the
    real samples each. The bound is the mean of their exact W1. Its standard error is
    that of ten disjoint blocks of the samples, whose W1 varies as 1 / sqrt(n) as that
    of the whole does; the interval uses Student's t.

    Args:
      reals: samples `[n, ...]`.
      fakes: samples `[m, ...]`.
      subset: the most samples a side of one assignment. More make the bound tighter;
        time grows as n subset^2.
      seed: of the subsets.

    Raises:
      ValueError: the shapes differ, a set has fewer than 20 samples, a sample is not
        finite, or the costs of a subset do not fit in memory.

    Example:
      >>> grid = np.linspace(0.0, 1.0, 40)[:, None]
      >>> w1_upper_bound(grid + 5, grid).interval[1] > 5
      True
    """
    reals, fakes = as_centred_rows(reals, fakes)
    check_counts(len(reals), len(fakes), subset)
    draws = np.random.default_rng(seed)
    reals, fakes = (draws.permutation(each) for each in (reals, fakes))
    return bound_of_subsets(cut_subsets(reals, fakes, subset), reals, fakes)


def bound_of_subsets(
    subsets: Subsets, reals: np.ndarray, fakes: np.ndarray, least_error: float = 0.0
) -> UpperBound:
    """The bound of subsets that are cut already.

    Args:
      subsets: of the samples.
      reals: all samples `[n, D]`, in random order.
      fakes: all samples `[m, D]`, in random order.
      least_error: another estimate of the standard error; the larger one is taken.
    """
    value = float(np.mean(exact_wasserstein_of_pairs(subsets.reals, subsets.fakes)))
    floor = float(np.mean(exact_wasserstein_of_pairs(*subsets.floor)))
    size = min(len(reals), len(fakes)) // _BLOCKS
    blocks = (_blocks(each, _BLOCKS, size) for each in (reals, fakes))
    spread = np.std(exact_wasserstein_of_pairs(*blocks), ddof=1) / _BLOCKS**0.5
    spread = max(float(spread), least_error)
    reach = float(stats.t.ppf((1 + LEVEL) / 2, _BLOCKS - 1)) * spread
    return UpperBound(value, (max(value - reach, 0.0), value + reach), floor)


def check_counts(real: int, fake: int, subset: int = SUBSET) -> None:
    """Raises ValueError unless there are enough samples, and subsets fit in memory.

    Args:
      real: the number of real samples.
      fake: the number of generated ones.
      subset: the most samples of a subset.
    """
    if min(real, fake) < LEAST_SAMPLES:
        raise ValueError(
            f"bounds of W1 need at least {LEAST_SAMPLES} samples a side, got {real} and"
            f" {fake}"
        )
    most = min(subset, real, fake)
    if subset < 2 or most > max_exact_samples():
        raise ValueError(
            "the samples a side of one assignment must be at least 2 and at most"
            f" {max_exact_samples():,}, which fit in memory; got {subset:,}"
        )


def _blocks(rows: np.ndarray, count: int, size: int) -> np.ndarray:
    """The first rows as `[count, size, D]`."""
    return rows[: count * size].reshape(count, size, -1)
