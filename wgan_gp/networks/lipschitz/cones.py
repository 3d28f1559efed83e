"""The smooth maximum of cones, which takes the place of a critic's network.

    D(x) = max_j (b_j - ||x - a_j||)

Every 1-Lipschitz function is such a maximum over all its points, a_j = x_j and
b_j = D(x_j) (McShane 1934, doi:10.1090/S0002-9904-1934-05978-0, and Whitney 1934), and
every such maximum is 1-Lipschitz. Here there are finitely many, and both a_j and b_j
are trained. In training the maximum is t logsumexp(. / t), so that each cone has a
gradient; the temperature t falls over the run. The gradient of a smooth maximum is a
weighted mean of those of its parts, and so its norm is at most 1 at any t.
"""

import functools
import math
import operator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from wgan_gp.data import Sampler
from wgan_gp.networks import Network
from wgan_gp.networks.lipschitz.perceptrons import in_full_precision

# The tip of a cone is rounded at this share of the mean distance between anchors. The
# rounding keeps slopes below 1 where squared distances suffer from cancellation. In few
# dimensions, where samples lie close to tips, distances are of differences and exact.
_ROUNDING = 0.005
_EXACT, _EXACT_ROUNDING = 4, 0.0002
_TINY = 1e-12
_MOVED = 0.01  # of the standard deviation of the anchors' entries


class Annealing(NamedTuple):
    """The temperature over a run, as shares of the mean distance between anchors.

    Attributes:
      start: before the first update of the critic.
      end: after the last; in between it falls geometrically.
      updates: of the critic in the whole run.
    """

    start: float | jax.Array
    end: float | jax.Array
    updates: int

    def share(self, done: jax.Array) -> jax.Array:
        """The temperature `[]` after `done` updates, as a share of that distance."""
        progress = jnp.minimum(done.astype(jnp.float32) / self.updates, 1.0)
        return self.start * (self.end / self.start) ** progress


class ConesState(NamedTuple):
    """What a critic of cones keeps beside its parameters.

    Attributes:
      updates: of the critic so far, `[]` int32.
      unit: mean distance between the first anchors, `[]`: the unit of temperatures.
      centre: mean of the first anchors, `[D]`.
    """

    updates: jax.Array
    unit: jax.Array
    centre: jax.Array


def cones_network(
    network: Network, sample_real: Sampler, count: int, annealing: Annealing
) -> Network:
    """A critic that is a smooth maximum of cones.

    Anchors start at real samples, where an optimal critic has its peaks, a little apart
    where a sample was drawn twice, and heights at 0: the first critic is minus the
    distance to the nearest anchor. Images are vectors to it.

    Args:
      network: the critic in whose place it is; only the shape of a sample is used.
      sample_real: draws the first anchors, as `CriticAlgorithm.sample_real`.
      count: number of cones.
      annealing: temperature of the maximum.

    Returns:
      The critic, whose state is a `ConesState`.

    Raises:
      ValueError: the shape of a sample is not known, or the network classifies labels.
    """
    if not network.input_shape:
        raise ValueError(
            "cones need the shape of a sample: set Network.input_shape, or make the"
            " network with networks.from_flax"
        )

    if network.classify is not None:
        raise ValueError(
            "cones take the place of the critic's network, which classifies labels: set"
            " conditional to False"
        )

    def init(key: jax.Array) -> dict[str, jax.Array]:
        drawn = sample_real(key, count)
        samples = drawn[0] if isinstance(drawn, tuple) else drawn
        anchors = jnp.reshape(samples, (count, math.prod(network.input_shape)))
        anchors = _apart(anchors, jax.random.fold_in(key, 1))
        return {"anchors": anchors, "heights": jnp.zeros(count)}

    def prepare(params: Any, state: ConesState) -> dict[str, jax.Array]:
        anchors = params["anchors"] - state.centre[None]
        return {
            "anchors": anchors,
            "expansion": expand_squares(anchors),
            "heights": params["heights"],
            "centre": state.centre,
            "temperature": state.unit * annealing.share(state.updates),
            "rounding": state.unit
            * (_EXACT_ROUNDING if anchors.shape[1] <= _EXACT else _ROUNDING),
        }

    return network._replace(
        init=init,
        apply=in_full_precision(smooth_maximum),
        init_state=_first_state,
        prepare=prepare,
        update=lambda params, state: state._replace(updates=state.updates + 1),
        module=None,
    )


def _apart(anchors: jax.Array, key: jax.Array) -> jax.Array:
    """Anchors `[J, D]`, those moved a little that are there before.

    A data set is drawn from with repetition, and equal cones have equal gradients: they
    would be one cone for ever.
    """
    order = jnp.lexsort((anchors[:, 0], jnp.sum(anchors, 1)))
    ordered = anchors[order]
    again = jnp.all(ordered[1:] == ordered[:-1], 1)
    again = jnp.zeros(len(anchors), bool).at[order[1:]].set(again)
    noise = jax.random.normal(key, anchors.shape) * jnp.std(anchors, 0, keepdims=True)
    return jnp.where(again[:, None], anchors + _MOVED * noise, anchors)


def _first_state(params: dict[str, jax.Array]) -> ConesState:
    anchors = params["anchors"]
    apart = jnp.linalg.norm(anchors - jnp.roll(anchors, 1, 0), axis=1)
    return ConesState(
        updates=jnp.zeros((), jnp.int32),
        unit=jnp.maximum(jnp.mean(apart), _TINY),
        centre=jnp.mean(anchors, 0),
    )


def smooth_maximum(cones: dict[str, jax.Array], x: jax.Array) -> jax.Array:
    """The smooth maximum t logsumexp((b - ||x - a||) / t), for one sample.

    Args:
      cones: anchors a `[J, D]` less their centre, with their `expand_squares`, heights
        b `[J]`, the centre `[D]`, the temperature t and the rounding of tips.
      x: one sample of D numbers.

    Returns:
      The value `[]`, between the maximum and the maximum + t log J.
    """
    distances = rounded_distances(
        jnp.ravel(x) - cones["centre"],
        cones["anchors"],
        cones["expansion"],
        cones["rounding"],
    )
    temperature = cones["temperature"]
    return temperature * jax.nn.logsumexp((cones["heights"] - distances) / temperature)


def expand_squares(anchors: jax.Array) -> jax.Array:
    """The factor M of ||x - a||^2 = (x, 1, ||x||^2) M, for all anchors at once.

    One product of matrices then has the squared distances of a batch. XLA's CPU code of
    -2 x a + ||a||^2 + ||x||^2, term by term, takes four times as long.

    Args:
      anchors: a `[J, D]`.

    Returns:
      -2 a, ||a||^2 and 1 for each anchor, `[D + 2, J]`.
    """
    squares = jnp.sum(jnp.square(anchors), 1)
    return jnp.vstack([-2 * anchors.T, squares[None], jnp.ones_like(squares)[None]])


def rounded_distances(
    x: jax.Array, anchors: jax.Array, expansion: jax.Array, rounding: jax.Array
) -> jax.Array:
    """sqrt(||x - a||^2 + rounding^2) for each anchor a.

    Above four dimensions by `expand_squares`: a product of matrices over a batch,
    without an array of all differences. Rounding of floats leaves an error of
    about 1e-7 times ||x||^2 + ||a||^2 in the square. The gradient is (x - a) over the
    distance, and its norm stays below 1 as long as that error is less than rounding^2.

    Args:
      x: `[D]`.
      anchors: `[J, D]`.
      expansion: `expand_squares(anchors)`.
      rounding: `[]`, > 0.

    Returns:
      `[J]`.
    """
    if len(x) <= _EXACT:
        fixed, here = jax.lax.stop_gradient((anchors, x))
        # A sum of terms, which CPUs compute faster than a sum over an axis.
        terms = (jnp.square(x[i] - fixed[:, i]) for i in range(len(x)))
        # It is 0, and has the derivative by the anchors: a product of matrices over a
        # batch, whose digits matter in training alone. That by x has them all.
        by_anchors = _squares(here, expansion)
        by_anchors -= jax.lax.stop_gradient(by_anchors)
        square = functools.reduce(operator.add, terms) + by_anchors
    else:
        square = _squares(x, expansion)
    return jnp.sqrt(jnp.maximum(square, 0) + jnp.square(rounding))


def _squares(x: jax.Array, expansion: jax.Array) -> jax.Array:
    """||x - a||^2 `[J]`, up to rounding."""
    one = jnp.ones_like(x[:1])
    return jnp.concatenate([x, one, jnp.vdot(x, x)[None]]) @ expansion
