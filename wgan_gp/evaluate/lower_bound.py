"""A lower bound of W1 by a critic that is 1-Lipschitz for certain.

    W1(P, Q) >= E_P[D] - E_Q[D]  for each D with |D(x) - D(y)| <= ||x - y||

(Villani 2009, "Optimal Transport", remark 6.5). Here D is a maximum of cones, or minus
one, which is 1-Lipschitz in any state of its training
(`wgan_gp.networks.lipschitz.cones`). It is trained on some samples and evaluated on
others, so that its expectation is at most W1 whatever it has learned.

The exact W1 between finite sets errs upward, and the more the more dimensions there
are: it mostly measures how far samples lie from one another. This number errs downward,
and it has a standard error. Two sets of one distribution score about 0 in every
dimension. A number that is many standard errors above 0 proves a difference of at least
that size; one near 0 says that the critic found none.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.algorithm.optimisers import make_optimiser
from wgan_gp.constraints import Constraint
from wgan_gp.evaluate.distances import as_centred_rows, as_float64
from wgan_gp.networks import MLPCritic, from_flax
from wgan_gp.networks.lipschitz.cones import Annealing, cones_network
from wgan_gp.train import (
    CriticAlgorithm,
    Hyperparameters,
    bind_critic,
    make_critic_train,
)

# Part i evaluates the critics that are fitted to parts i + 1 and i + 2 and chosen by
# the other two, modulo 5. So of any two parts one is fitted for the other, and never
# the other way round too, which would tie the estimates to each other: bounds of equal
# distributions deviated by 1.2 standard errors with four parts, and by 1.0 with five.
_PARTS, _FITTING = 5, 2
LEAST_SAMPLES = 2 * _PARTS  # a variance in each part
# Measured on pairs of known W1 (`benchmarks/lower_bound.py`).
_ANCHORS = 32
_UPDATES = 150
_RATE = 0.3
# The temperature of the smooth maximum. It starts high: many dimensions are overfitted
# with a low one. What it ends with is chosen by samples: the first suits distributions
# that differ in location and spread, the second those that differ in details.
_START = 1.0
_ENDS = (0.1, 0.01)


class LowerBound(NamedTuple):
    """A lower bound of W1, in the units of the samples."""

    value: float  # its expectation is at most W1; it may be below 0
    standard_error: float


def w1_lower_bound(
    reals: np.ndarray, fakes: np.ndarray, key: jax.Array | None = None
) -> LowerBound:
    """A lower bound of the W1 between the distributions of two sets of samples.

    Each set is cut at random into five parts. Critics are trained on two of them, the
    best of four on two others is taken, and its difference of means on the fifth is an
    estimate whose expectation is at most W1. The parts change places (cross-fitting),
    and the bound is the mean of the five estimates. Time and memory grow as the number
    of samples times their dimensions; 1,000 a side of 20 dimensions take about 0.5 s on
    two cores, and once 2 s to compile for a shape.

    Args:
      reals: samples `[n, ...]`.
      fakes: samples `[m, ...]`.
      key: of the parts; None is always the same one.

    Returns:
      The bound and its standard error. Where rows of both sets are all the same, both
      are 0.

    Raises:
      ValueError: the shapes differ, a set has fewer than 10 samples, or a sample is not
        finite.

    Example:
      >>> grid = np.linspace(0.0, 1.0, 16)[:, None]
      >>> w1_lower_bound(grid + 5, grid).value > 4.5
      True
    """
    reals, fakes = _enough_rows(reals, fakes)
    scale = _scale(reals, fakes)
    if not scale:
        return LowerBound(0.0, 0.0)
    key = jax.random.key(0) if key is None else key
    numbers = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    parts = [_in_parts(x / scale, numbers) for x in (reals, fakes)]
    on_reals, on_fakes = (np.asarray(x, np.float64) for x in _cross_fit(*parts, key))
    value = on_reals.mean() - on_fakes.mean()
    variances = [x.var(axis=1, ddof=1).mean() / x.size for x in (on_reals, on_fakes)]
    return LowerBound(scale * float(value), scale * float(np.sqrt(sum(variances))))


def _enough_rows(reals: np.ndarray, fakes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Samples as rows about their common centre; ValueError if they are too few."""
    reals, fakes = as_centred_rows(reals, fakes)
    if min(len(reals), len(fakes)) < LEAST_SAMPLES:
        raise ValueError(
            f"a lower bound of W1 needs at least {LEAST_SAMPLES} samples a side, which"
            f" it cuts into parts, got {len(reals)} and {len(fakes)}"
        )
    return reals, fakes


def _scale(reals: np.ndarray, fakes: np.ndarray) -> float:
    """The size of an entry: the mean norm of a row over sqrt(D); 0 for rows of 0."""
    largest = max(float(np.abs(x).max(initial=0.0)) for x in (reals, fakes))
    if not largest:
        return 0.0
    norms = [np.linalg.norm(x / largest, axis=1).mean() for x in (reals, fakes)]
    return largest * float(np.mean(norms)) / reals.shape[1] ** 0.5


def _in_parts(rows: np.ndarray, numbers: np.random.Generator) -> np.ndarray:
    """Rows in random order in equal parts `[5, q, D]`; up to 4 are left out."""
    size = len(rows) // _PARTS
    chosen = numbers.permutation(len(rows))[: _PARTS * size]
    return rows[chosen].reshape(_PARTS, size, -1).astype(np.float32)


def critic_gradients(
    reals: np.ndarray,
    fakes: np.ndarray,
    examples: np.ndarray,
    key: jax.Array | None = None,
) -> np.ndarray:
    """Gradients of a critic of the lower bound: the way to what is more real.

    Args:
      reals: samples `[n, ...]`.
      fakes: samples `[m, ...]`, without the examples.
      examples: samples `[k, ...]` at which the gradients are taken.
      key: as in `w1_lower_bound`.

    Returns:
      Gradients `[k, ...]`, whose norms are at most 1; zeros where both sets are one
      point.

    Raises:
      ValueError: as `w1_lower_bound`.
    """
    key = jax.random.key(0) if key is None else key
    numbers = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    rows = _enough_rows(reals, fakes)
    sets = [as_float64(x).reshape(len(x), -1) for x in (reals, fakes)]
    centre = sum(x.mean(axis=0) / 2 for x in sets)
    scale = _scale(*rows)
    if all(np.all(x == sets[0][:1]) for x in sets):  # whose scale may be rounding noise
        return np.zeros(np.shape(examples))
    at = (as_float64(examples).reshape(len(examples), -1) - centre) / scale
    parts = [_in_parts(x / scale, numbers) for x in rows]
    found = _gradients(*parts, jnp.asarray(at, jnp.float32), key)
    return np.asarray(found, np.float64).reshape(np.shape(examples))


@jax.jit
def _gradients(
    reals: jax.Array, fakes: jax.Array, examples: jax.Array, key: jax.Array
) -> jax.Array:
    """Gradients `[k, D]` of the best of the critics of one fold."""

    def one(end: jax.Array, sign: jax.Array) -> tuple[jax.Array, jax.Array]:
        critic, chosen_by = _fitted(reals, fakes, end, sign, key)
        return chosen_by, jax.grad(lambda x: jnp.sum(critic(x)))(examples)

    chosen_by, gradients = jax.vmap(one)(*_candidates())
    return gradients[jnp.argmax(chosen_by)]


def _candidates() -> tuple[jax.Array, jax.Array]:
    """The last temperatures and the signs of the critics to choose from, `[4]` each."""
    ends, signs = jnp.meshgrid(jnp.array(_ENDS), jnp.array([1.0, -1.0]))
    return ends.ravel(), signs.ravel()


@jax.jit
def _cross_fit(
    reals: jax.Array, fakes: jax.Array, key: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The chosen critics' values on the parts that they have not seen.

    Args:
      reals: `[5, q, D]`.
      fakes: `[5, p, D]`.
      key: of the trainings.

    Returns:
      Values on reals `[5, q]` and fakes `[5, p]`, each row of another part.
    """
    candidates = jax.vmap(_fit, (None, None, 0, 0, None))

    def fold(turn: jax.Array) -> tuple[jax.Array, jax.Array]:
        sets = jnp.roll(reals, turn, 0), jnp.roll(fakes, turn, 0)
        chosen_by, *values = candidates(*sets, *_candidates(), key)
        best = jnp.argmax(chosen_by)
        return values[0][best], values[1][best]

    return jax.vmap(fold)(jnp.arange(_PARTS))


def _fit(
    reals: jax.Array, fakes: jax.Array, end: jax.Array, sign: jax.Array, key: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Trains a critic on the second and third parts, evaluates it on the others.

    A maximum of few cones is good at real samples that lie within the generated ones,
    and bad at the opposite. So there is one for each sign: for -1 it is trained with
    the sides exchanged, and its values are turned round.

    Args:
      reals: `[5, q, D]`.
      fakes: `[5, p, D]`.
      end: last temperature `[]`.
      sign: 1, or -1 for minus a maximum of cones, `[]`.
      key: of the training.

    Returns:
      The difference of means on the last two parts `[]`, and the values on the first:
      `[q]` and `[p]`.
    """
    critic, chosen_by = _fitted(reals, fakes, end, sign, key)
    return chosen_by, critic(reals[0]), critic(fakes[0])


def _fitted(
    reals: jax.Array, fakes: jax.Array, end: jax.Array, sign: jax.Array, key: jax.Array
) -> tuple[Callable[[jax.Array], jax.Array], jax.Array]:
    """The critic of `_fit`, `[n, D] -> [n]`, and what it is chosen by."""
    seen, others = (
        [x[part].reshape(-1, x.shape[-1]) for x in (reals, fakes)]
        for part in (slice(1, 1 + _FITTING), slice(1 + _FITTING, None))
    )
    # All samples are one batch, of equally many of each side. Where one has fewer, its
    # samples are repeated.
    count = max(map(len, seen))
    high, low = (jnp.resize(x, (count, x.shape[1])) for x in seen)
    high, low = jnp.where(sign > 0, high, low), jnp.where(sign > 0, low, high)
    one = _train(high, low, end, key)

    def critic(x: jax.Array) -> jax.Array:
        return sign * jax.vmap(one)(x)

    return critic, jnp.mean(critic(others[0])) - jnp.mean(critic(others[1]))


def _train(high: jax.Array, low: jax.Array, end: jax.Array, key: jax.Array):
    """A critic `x [D] -> []`, trained to be high on one set and low on the other."""
    # By turns of both sets, so that neighbours are as far apart as the sets are: this
    # distance is the unit of temperatures.
    mixed = jnp.stack([high, low], 1).reshape(-1, high.shape[1])
    network = cones_network(
        from_flax(MLPCritic(), high.shape[1:]),  # whose place is taken
        lambda _, count: jnp.resize(mixed, (count, mixed.shape[1])),
        _ANCHORS,
        Annealing(_START, end, _UPDATES),
    )
    algorithm = CriticAlgorithm(
        network,
        lambda key, count: high,
        partial(make_optimiser, beta1=0.9, schedule="cosine", updates=_UPDATES),
        Constraint(),
        batch_size=len(high),
        updates=_UPDATES,
    )
    train = make_critic_train(algorithm, lambda key, count: low, _UPDATES)
    critic, _ = train(key, Hyperparameters(critic_learning_rate=_RATE))
    return bind_critic(algorithm, critic)
