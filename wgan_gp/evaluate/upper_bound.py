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
import scipy

from wgan_gp.evaluate.distances import (
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
    subsets: Subsets, reals: np.ndarray, fakes: np.ndarray, critic_error: float
) -> UpperBound:
    """The mean exact W1 of pairs of subsets, with the interval of its expectation.

    In the limit of many samples an exact W1 has the standard error of the optimal
    critic's difference of means. Ten disjoint blocks of the samples show it, too, but
    those that are mostly noise show less, and a critic that is far from optimal may.
    So the larger of both is taken, and the interval uses Student's t. A block has a
    tenth of the samples, but no more than a subset or `SUBSET`, since time grows as its
    cube: what smaller ones show falls as the root of the number of samples.

    Args:
      subsets: of the samples.
      reals: all samples `[n, D]`, in random order.
      fakes: all samples `[m, D]`, in random order.
      critic_error: the standard error of a lower bound.

    Example:
      >>> grid = np.random.default_rng(0).uniform(size=(40, 1))
      >>> subsets = cut_subsets(grid + 5, grid)
      >>> w1_upper_bound(subsets, grid + 5, grid, 0.1).interval[1] > 5
      True
    """
    value = float(np.mean(exact_wasserstein_of_pairs(subsets.reals, subsets.fakes)))
    floor = float(np.mean(exact_wasserstein_of_pairs(*subsets.floor)))
    whole = min(len(reals), len(fakes)) // _BLOCKS
    size = min(whole, max(SUBSET, subsets.reals.shape[1]))
    blocks = (_blocks(each, _BLOCKS, size) for each in (reals, fakes))
    spread = np.std(exact_wasserstein_of_pairs(*blocks), ddof=1) / _BLOCKS**0.5
    spread *= (size / whole) ** 0.5  # as of all samples
    spread = max(float(spread), critic_error)
    reach = float(scipy.special.stdtrit(_BLOCKS - 1, (1 + LEVEL) / 2)) * spread
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
