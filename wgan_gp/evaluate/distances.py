"""Distances between sets of samples."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist


def exact_wasserstein(first: np.ndarray, second: np.ndarray) -> float:
    """Exact W1 between two equally large sets of points, by optimal assignment.

    min over permutations p of mean ||x_i - y_p(i)||_2. Time grows as n^3 and memory
    as n^2: 2,000 points take about 0.3 s and 32 MB.

    Args:
      first: samples `[n, ...]`.
      second: samples `[n, ...]`.

    Returns:
      The distance, in the units of the samples.

    Raises:
      ValueError: the shapes differ, or a sample is not finite.
    """
    cost = _costs(first, second)
    return float(cost[linear_sum_assignment(cost)].mean())


def optimal_coupling(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The permutation that attains the exact W1 of two equally large sets.

    Args:
      first: samples `[n, ...]`.
      second: samples `[n, ...]`.

    Returns:
      Indices `[n]`: `first[i]` is coupled with `second[indices[i]]`.

    Raises:
      ValueError: the shapes differ, or a sample is not finite.
    """
    return linear_sum_assignment(_costs(first, second))[1]


def _costs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distances `[n, n]`."""
    if first.shape != second.shape:
        raise ValueError(
            f"exact W1 needs sets of one shape, got {first.shape} and {second.shape}"
        )
    first, second = (
        np.asarray(x, np.float64).reshape(len(x), -1) for x in (first, second)
    )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("exact W1 needs finite samples, got NaN or infinity")
    return cdist(first, second)
