"""Between which numbers W1 lies, from samples: `w1_bracket`.

The lower end comes from a critic that is 1-Lipschitz for certain (`lower_bound`), the
upper end from exact assignment (`upper_bound`). Each end misses W1 in at most about
2.5 % of all draws of the samples, so that the bracket contains it in about 95 %.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
from scipy import stats

from wgan_gp.evaluate.distances import (
    as_centred_rows,
    sinkhorn_divergence,
    sliced_wasserstein,
    typical_distance,
)
from wgan_gp.evaluate.lower_bound import w1_lower_bound
from wgan_gp.evaluate.upper_bound import (
    LEVEL,
    SUBSET,
    bound_of_subsets,
    check_counts,
    cut_subsets,
)

STAGES = ("lower bound", "upper bound", "sliced W1", "Sinkhorn divergence")
_DIRECTIONS = 128


class Bracket(NamedTuple):
    """Bounds of W1 and other distances, all in the units of the samples.

    Attributes:
      lower: the lower bound. Its expectation is at most W1; it may be below 0.
      lower_interval: of that expectation, cut at 0.
      upper: the mean exact W1 of pairs of subsets. Its expectation is at least W1.
      upper_interval: of that expectation.
      floor: the same mean for two subsets of real samples.
      sliced: the mean sliced W1 of the pairs.
      sliced_floor: the same for two subsets of real samples.
      sinkhorn: the debiased Sinkhorn divergence of the first pair.
      sinkhorn_floor: the same for two subsets of real samples.
      regularisation: of the Sinkhorn divergences.
      subset: samples a side of an assignment.
      pairs: how many pairs of subsets there are.
      floor_pairs: how many pairs of subsets of real samples.
    """

    lower: float
    lower_interval: tuple[float, float]
    upper: float
    upper_interval: tuple[float, float]
    floor: float
    sliced: float
    sliced_floor: float
    sinkhorn: float
    sinkhorn_floor: float
    regularisation: float
    subset: int
    pairs: int
    floor_pairs: int

    @property
    def interval(self) -> tuple[float, float]:
        """Between which numbers W1 lies: the outer ends of both intervals."""
        return self.lower_interval[0], self.upper_interval[1]


def w1_bracket(
    reals: np.ndarray,
    fakes: np.ndarray,
    *,
    subset: int = SUBSET,
    seed: int = 0,
    report: Callable[[str], None] = lambda stage: None,
) -> Bracket:
    """Bounds of the W1 between the distributions of two sets of independent samples.

    Args:
      reals: samples `[n, ...]`.
      fakes: samples `[m, ...]`.
      subset: the most samples a side of one exact assignment.
      seed: of the parts that the samples are cut into.
      report: called with each of `STAGES` when it begins.

    Raises:
      ValueError: the shapes differ, a set has fewer than 20 samples, a sample is not
        finite, or a distance is larger than a float can be.
    """
    reals, fakes = as_centred_rows(reals, fakes)
    check_counts(len(reals), len(fakes), subset)
    # Squares of very large or very small entries would not be finite, or 0.
    unit = max(float(np.abs(x).max()) for x in (reals, fakes)) or 1.0
    reals, fakes = reals / unit, fakes / unit
    report(STAGES[0])
    lower = w1_lower_bound(reals, fakes, jax.random.key(seed))
    report(STAGES[1])
    draws = np.random.default_rng(seed)
    reals, fakes = (draws.permutation(each) for each in (reals, fakes))
    subsets = cut_subsets(reals, fakes, subset)
    upper = bound_of_subsets(subsets, reals, fakes)
    report(STAGES[2])
    sliced = subsets.mean(
        lambda x, y: sliced_wasserstein(x, y, directions=_DIRECTIONS, seed=seed)
    )
    report(STAGES[3])
    width = typical_distance(np.concatenate([reals, fakes]))
    one = subsets._replace(
        reals=subsets.reals[:1], fakes=subsets.fakes[:1], floor=subsets.floor[:, :1]
    )
    sinkhorn = one.mean(
        lambda x, y: (
            width * sinkhorn_divergence(x / width, y / width, regularisation=1.0)
        )
    )
    low, high = normal_interval(lower.value, lower.standard_error)
    count, size, _ = subsets.reals.shape
    found = Bracket(
        lower.value,
        (max(low, 0.0), max(high, 0.0)),
        *upper,
        *sliced,
        *sinkhorn,
        width,
        size,
        count,
        subsets.floor.shape[1],
    )
    return _in_units(found, unit)


def normal_interval(value: float, standard_error: float) -> tuple[float, float]:
    """The interval of an estimate whose errors are normal, at the level `LEVEL`."""
    reach = float(stats.norm.ppf((1 + LEVEL) / 2)) * standard_error
    return value - reach, value + reach


def _in_units(found: Bracket, unit: float) -> Bracket:
    """The bracket with all distances multiplied by a unit.

    Raises:
      ValueError: one of them is not finite then.
    """
    kept = ("subset", "pairs", "floor_pairs")
    scaled = {
        name: tuple(unit * each for each in value)
        if isinstance(value, tuple)
        else unit * value
        for name, value in found._asdict().items()
        if name not in kept
    }
    if not np.isfinite(np.hstack(list(scaled.values()))).all():
        raise ValueError(
            "a distance is larger than a float can be: divide both sets by the same"
            " number"
        )
    return found._replace(**scaled)
