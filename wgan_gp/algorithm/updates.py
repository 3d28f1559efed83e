"""One optimiser step, gradients in parts of a batch, and the moving average."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from wgan_gp.algorithm.optimisers import at_count
from wgan_gp.algorithm.state import Player

Metrics = dict[str, jax.Array]


def update(
    optimiser: optax.GradientTransformation,
    gradient: Callable[[Any, Any], tuple[Any, Metrics]],
    player: Player,
    batch: Any,
    count: jax.Array | None = None,
) -> tuple[Player, Metrics]:
    """One optimiser step.

    Args:
      optimiser: whose step it is.
      gradient: `(params, batch) -> (gradient of a loss, metrics)`.
      player: the network.
      batch: a pytree of arrays `[B, ...]`.
      count: the run's updates of this player before this one, `[]`, which its
        learning-rate schedule follows; None is what its optimiser has counted.

    Returns:
      The updated player, and the metrics.
    """
    grads, metrics = gradient(player.params, batch)
    before = player.opt_state if count is None else at_count(player.opt_state, count)
    updates, opt_state = optimiser.update(grads, before, player.params)
    return Player(optax.apply_updates(player.params, updates), opt_state), metrics


def in_parts(function: Callable[[Any, Any], Any], parts: int):
    """The function's mean over parts of a batch, one of which is held at a time.

    Part i has the samples i, i + parts, ...: however a batch is split over devices,
    its parts are those of the whole.
    """
    if parts == 1:
        return function

    def parts_mean(params, batch):
        # By index: the key checker takes a transposition of keys for their use.
        which = jnp.arange(len(jax.tree.leaves(batch)[0])).reshape(-1, parts).T
        cut = jax.tree.map(lambda x: x[which], batch)
        first = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), cut)
        zeros = jax.tree.map(
            lambda out: jnp.zeros(out.shape, out.dtype),
            jax.eval_shape(function, params, first),
        )
        total, _ = jax.lax.scan(
            lambda total, part: (
                jax.tree.map(jnp.add, total, function(params, part)),
                None,
            ),
            zeros,
            cut,
        )
        return jax.tree.map(lambda each: each / parts, total)

    return parts_mean


def moving_average(
    average: Any, params: Any, step: jax.Array, decay: float | jax.Array
) -> Any:
    """Average + (1 - d) (params - average), d = min(decay, (1 + step) / (10 + step)).

    The ramp keeps the first, untrained parameters from lingering in short runs.
    """
    ramp = (1 + step) / (10 + step)
    return optax.incremental_update(params, average, 1 - jnp.minimum(decay, ramp))
