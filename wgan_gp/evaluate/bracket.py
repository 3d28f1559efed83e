"""Between which numbers W1 lies, from samples: `w1_bracket`.

The lower end comes from a critic that is 1-Lipschitz for certain (`lower_bound`), the
upper end from exact assignment (`upper_bound`). Each end misses W1 in about 1 %
of all draws of the samples at most, so that the bracket contains it in about 98 %.

Beside it, `blurred_distances` are numbers that say how different the sets are without
being bounds.
"""

from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np
import scipy

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
    check_counts,
    cut_subsets,
    w1_upper_bound,
)

T = TypeVar("T", bound=tuple)
_DIRECTIONS = 128
_ROUNDING = 1e-6


class Bracket(NamedTuple):
    """Bounds of W1, in the units of the samples.

    Attributes:
      lower: the lower bound. Its expectation is at most W1; it may be below 0.
      lower_interval: of that expectation, cut at 0.
      upper: the mean exact W1 of pairs of subsets. Its expectation is at least W1.
      upper_interval: of that expectation.
      floor: the same mean for two subsets of real samples.
      subset: samples a side of an assignment.
      pairs: how many pairs of subsets there are.
      floor_pairs: how many pairs of subsets of real samples.
    """

    lower: float
    lower_interval: tuple[float, float]
    upper: float
    upper_interval: tuple[float, float]
    floor: float
    subset: int
    pairs: int
    floor_pairs: int

    @property
    def interval(self) -> tuple[float, float]:
        """Between which numbers W1 lies: the outer ends of both intervals."""
        return self.lower_interval[0], self.upper_interval[1]


class BlurredDistances(NamedTuple):
    """Distances that are no bounds, in the units of the samples.

    Attributes:
      sliced: the mean sliced W1 of the pairs of subsets of the bracket.
      sliced_floor: the same for its subsets of real samples.
      sinkhorn: the debiased Sinkhorn divergence of the first pair.
      sinkhorn_floor: the same for two subsets of real samples.
      regularisation: of the divergences: the typical distance of two samples of both
        sets together.
    """

    sliced: float
    sliced_floor: float
    sinkhorn: float
    sinkhorn_floor: float
    regularisation: float


def w1_bracket(
    reals: np.ndarray, fakes: np.ndarray, *, subset: int = SUBSET, seed: int = 0
) -> Bracket:
    """Bounds of the W1 between the distributions of two sets of independent samples.

    Args:
      reals: samples `[n, ...]`.
      fakes: samples `[m, ...]`.
      subset: the most samples a side of one exact assignment.
      seed: of the parts that the samples are cut into.

    Raises:
      ValueError: the shapes differ, a set has fewer than 20 samples, a sample is not
        finite, or a distance is larger than a float can be.

    Example:
      >>> grid = np.linspace(0.0, 1.0, 40)[:, None]
      >>> low, high = w1_bracket(grid + 5, grid).interval
      >>> low < 5 < high
      True
    """
    reals, fakes, unit = _shuffled(reals, fakes, subset, seed)
    bound = w1_lower_bound(reals, fakes, jax.random.key(seed))
    low, high = normal_interval(bound.value, bound.standard_error)
    low -= _ROUNDING * abs(bound.value)  # of float32, where the error may be 0
    subsets = cut_subsets(reals, fakes, subset)
    upper = w1_upper_bound(subsets, reals, fakes, bound.standard_error)
    pairs, size, _ = subsets.reals.shape
    found = Bracket(
        bound.value,
        (max(low, 0.0), max(high, 0.0)),
        *upper,
        subset=size,
        pairs=pairs,
        floor_pairs=subsets.floor.shape[1],
    )
    return _in_units(found, unit, unless=("subset", "pairs", "floor_pairs"))


def blurred_distances(
    reals: np.ndarray, fakes: np.ndarray, *, subset: int = SUBSET, seed: int = 0
) -> BlurredDistances:
    """Sliced W1 and the Sinkhorn divergence of the subsets of `w1_bracket`.

    Args:
      reals: samples `[n, ...]`.
      fakes: samples `[m, ...]`.
      subset: the most samples of a subset.
      seed: of the subsets and of the lines.

    Raises:
      ValueError: as `w1_bracket`.
    """
    reals, fakes, unit = _shuffled(reals, fakes, subset, seed)
    subsets = cut_subsets(reals, fakes, subset)
    width = typical_distance(np.concatenate([reals, fakes]))

    def sliced(x: np.ndarray, y: np.ndarray) -> float:
        return sliced_wasserstein(x, y, directions=_DIRECTIONS, seed=seed)

    def sinkhorn(x: np.ndarray, y: np.ndarray) -> float:
        return width * sinkhorn_divergence(x / width, y / width, regularisation=1.0)

    pairs, floor = (subsets.reals, subsets.fakes), subsets.floor
    found = BlurredDistances(
        float(np.mean([sliced(*each) for each in zip(*pairs)])),
        float(np.mean([sliced(*each) for each in zip(*floor)])),
        sinkhorn(*(each[0] for each in pairs)),
        sinkhorn(*floor[:, 0]),
        width,
    )
    return _in_units(found, unit)


def normal_interval(value: float, standard_error: float) -> tuple[float, float]:
    """The interval of an estimate whose errors are normal, at the level `LEVEL`."""
    reach = float(scipy.special.ndtri((1 + LEVEL) / 2)) * standard_error
    return value - reach, value + reach


def _shuffled(
    reals: np.ndarray, fakes: np.ndarray, subset: int, seed: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Both sets in random order, divided by a unit, and the unit.

    Squares of very large or very small entries would not be finite, or 0.
    """
    reals, fakes = as_centred_rows(reals, fakes)
    check_counts(len(reals), len(fakes), subset)
    unit = max(float(np.abs(each).max(initial=0)) for each in (reals, fakes)) or 1.0
    draws = np.random.default_rng(seed)
    reals, fakes = (draws.permutation(each) / unit for each in (reals, fakes))
    return reals, fakes, unit


def _in_units(found: T, unit: float, unless: tuple[str, ...] = ()) -> T:
    """A named tuple of distances, multiplied by a unit.

    Raises:
      ValueError: one of them is not finite then.
    """
    fields: Any = found
    scaled = {
        name: tuple(unit * each for each in value)
        if isinstance(value, tuple)
        else unit * value
        for name, value in fields._asdict().items()
        if name not in unless
    }
    if not np.isfinite(np.hstack(list(scaled.values()))).all():
        raise ValueError(
            "a distance is larger than a float can be: divide both sets by the same"
            " number"
        )
    return fields._replace(**scaled)
