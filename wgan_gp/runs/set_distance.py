"""The W1 between the distributions that two sets of samples are from: `distance`."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from wgan_gp.data.reading import most_rows, some_rows
from wgan_gp.evaluate.bracket import (
    BlurredDistances,
    Bracket,
    blurred_distances,
    w1_bracket,
)
from wgan_gp.evaluate.distances import as_float64
from wgan_gp.evaluate.upper_bound import LEAST_SAMPLES, SUBSET, check_counts
from wgan_gp.runs.network_estimate import CONES, CRITICS, network_estimate
from wgan_gp.system.values import join_names, one_of, show, unmasked, whole


class Distance(NamedTuple):
    """What is known of W1 from two sets of samples, in their units.

    Attributes:
      bracket: the bounds; `bracket.interval` contains W1 in about 98 % of all draws.
      blurred: sliced W1 and the Sinkhorn divergence.
      estimate: of a network critic, which is no bound; None without one.
      estimate_interval: of that critic's expectation.
      real: how many real samples were compared.
      fake: how many generated ones.
    """

    bracket: Bracket
    blurred: BlurredDistances
    estimate: float | None
    estimate_interval: tuple[float, float] | None
    real: int
    fake: int


def distance(
    x: np.ndarray,
    y: np.ndarray,
    *,
    critic: str = CONES,
    standardise: bool = False,
    rows: int | None = None,
    subset: int = SUBSET,
    seed: int = 0,
    report: Callable[[str], None] = lambda stage: None,
) -> Distance:
    """Estimates the W1 between the distributions that two sets of samples are from.

    Args:
      x: real samples `[n, ...]`, independent of each other and of y. Of two data frames
        columns of one name are compared.
      y: generated samples `[m, ...]`.
      critic: `CONES` for the bounds alone; the name of another constraint for the
        estimate of a network under it beside them, a name of `CRITICS`.
      standardise: whether each entry is divided by its standard deviation over x.
      rows: the most samples of each set; None is 10,000 of up to 52 entries, and fewer
        of more entries, at least 500.
      subset: the most samples a side of one exact assignment.
      seed: of the samples that are taken, and of all parts and critics.
      report: called with the name of each stage when it begins.

    Raises:
      ValueError: the shapes differ, a set has fewer than 20 samples, a sample is not
        finite, or an argument is not as described.

    Example:
      >>> draws = np.random.default_rng(0)
      >>> x, y = draws.normal(size=(2, 100, 2))
      >>> low, high = distance(x + 3, y).bracket.interval
      >>> low < 3 * 2**0.5 < high
      True
    """
    check_arguments(critic, rows, subset, seed)
    x, y = (unmasked(each) for each in with_columns_in_order(x, y))
    if x.shape[1:] != y.shape[1:] or not x.ndim or not all((*x.shape, *y.shape)):
        raise ValueError(
            f"two sets need samples of one shape, [n, ...] and [m, ...]; got {x.shape}"
            f" and {y.shape}"
        )
    x, y = (each.reshape(len(each), -1) for each in (x, y))
    most = rows or most_rows(x.shape[1])
    x, y = (as_float64(each[some_rows(len(each), most, seed)]) for each in (x, y))
    check_counts(len(x), len(y), subset)
    if standardise:
        x, y = standardised(x, y)
    report("bounds of W1")
    bracket = w1_bracket(x, y, subset=subset, seed=seed)
    report("sliced W1 and Sinkhorn divergence")
    blurred = blurred_distances(x, y, subset=subset, seed=seed)
    estimate = None, None
    if critic != CONES:
        report(f"network critic under {critic}")
        estimate = network_estimate(x, y, critic, seed=seed)
    return Distance(bracket, blurred, *estimate, len(x), len(y))


def with_columns_in_order(x: Any, y: Any) -> tuple[Any, Any]:
    """Two data frames with the columns of the first; other sets stay as they are.

    Raises:
      ValueError: they have other columns.
    """
    if not (hasattr(x, "columns") and hasattr(y, "columns")):
        return x, y
    first, second = ([str(name) for name in each.columns] for each in (x, y))
    if twice := sorted(name for name, k in Counter(first).items() if k > 1):
        raise ValueError(f"two columns are named {show(twice[0])}: give each its own")
    if sorted(first) != sorted(second):
        raise ValueError(
            f"two data frames need the same columns, got {join_names(first)} and"
            f" {join_names(second)}"
        )
    return x, y[[y.columns[second.index(name)] for name in first]]


def check_arguments(critic: str, rows: int | None, subset: int, seed: int) -> None:
    """Raises ValueError unless these arguments of `distance` are valid."""
    one_of("critic", critic, CRITICS)
    whole("seed", seed, 0, 2**32)
    whole("subset", subset, 2, 2**24)
    if rows is not None:
        whole("rows", rows, LEAST_SAMPLES, 2**31)


def standardised(
    x: np.ndarray, y: np.ndarray, names: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Both sets with each entry divided by its standard deviation over x.

    An entry that is one constant in both sets is left as it is.

    Args:
      x: real samples `[n, D]`.
      y: generated samples `[m, D]`.
      names: of the entries, for errors; x1, x2, ... for None.

    Raises:
      ValueError: an entry is constant in x and not the same constant in y.
    """
    constant = np.ptp(x, axis=0) == 0  # whose deviation may be rounding noise
    for i in np.flatnonzero(constant & (y != x[:1]).any(axis=0)).tolist():
        name = f"x{i + 1}" if names is None else names[i]
        raise ValueError(
            f"column {show(name)} is {x[0, i]:.9g} in all real rows and not in the"
            " generated ones, so that it has no standard deviation to be divided by:"
            " leave the column out, or do not standardise"
        )
    largest = np.where(constant, 1.0, np.abs(x).max(axis=0))  # whose square may be inf
    spread = np.where(constant, 1.0, largest * (x / largest).std(axis=0))
    return x / spread, y / spread
