"""One optimiser step, gradients of parts, repeated critic steps, the moving average."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from wgan_gp.algorithm.choices import Algorithm, Hyperparameters
from wgan_gp.algorithm.optimisers import at_count
from wgan_gp.algorithm.state import Player

Metrics = dict[str, jax.Array]
# `(params, batch) -> (gradient of a loss with respect to params, metrics)`
Gradient = Callable[[Any, Any], tuple[Any, Metrics]]


def update(
    optimiser: optax.GradientTransformation,
    gradient: Gradient,
    player: Player,
    batch: Any,
    count: jax.Array | None = None,
) -> tuple[Player, Metrics]:
    """One optimiser step.

    Args:
      optimiser: whose step it is.
      gradient: `(params, batch) -> (gradient of a loss, metrics)`; called once.
      player: the network. Its own state stays as it is.
      batch: a pytree of arrays `[B, ...]`.
      count: the run's updates of this player before this one, `[]`, which its
        learning-rate schedule follows; None is what its optimiser has counted.

    Returns:
      The updated player, and the metrics.
    """
    grads, metrics = gradient(player.params, batch)
    before = player.opt_state if count is None else at_count(player.opt_state, count)
    updates, opt_state = optimiser.update(grads, before, player.params)
    params = optax.apply_updates(player.params, updates)
    return player._replace(params=params, opt_state=opt_state), metrics


def in_parts(function: Callable[[Any, Any], Any], parts: int) -> Callable:
    """The function's mean over parts of a batch, one of which is held at a time.

    Part i has the samples i, i + parts, ...: however a batch is split over devices,
    its parts are those of the whole.

    Args:
      function: of params and a pytree of `[B, ...]`, to a pytree of means over B.
      parts: how many; it divides B.

    Returns:
      The same function; it takes the memory of B / parts samples.
    """
    if parts == 1:
        return function

    def parts_mean(params, batch):
        # By index: the key checker takes a transposition of keys for their use.
        which = jnp.arange(len(jax.tree.leaves(batch)[0])).reshape(-1, parts).T
        cut = jax.tree.map(lambda x: x[which], batch)
        total, _ = jax.lax.scan(
            lambda total, part: (
                jax.tree.map(jnp.add, total, function(params, part)),
                None,
            ),
            _zeros_like_result(function, params, cut),
            cut,
        )
        return jax.tree.map(lambda each: each / parts, total)

    return parts_mean


def _zeros_like_result(function, params, cut) -> Any:
    """Zeros in the form of the function's result on the first of several parts."""
    first = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), cut)
    result = jax.eval_shape(function, params, first)
    return jax.tree.map(lambda out: jnp.zeros(out.shape, out.dtype), result)


def through(prepare: Callable[[Any], Any], gradient: Gradient) -> Gradient:
    """The gradient with respect to what `prepare` is a function of (the chain rule).

    Args:
      prepare: params to prepared params. It runs once, however many parts `gradient`
        takes a batch in.
      gradient: with respect to prepared params.

    Returns:
      The gradient with respect to params.
    """

    def composed(params, batch):
        prepared, pull_back = jax.vjp(prepare, params)
        grads, metrics = gradient(prepared, batch)
        return pull_back(grads)[0], metrics

    return composed


def critic_updates_before(
    algorithm: Algorithm, hyperparameters: Hyperparameters, step: jax.Array
) -> jax.Array:
    """The critic's updates before each critic step of an iteration.

    As if the whole run had this many critic steps: what its schedule is built for.

    Args:
      algorithm: its n_critic is used.
      hyperparameters: its n_critic is used, unless that is None.
      step: generator updates before this iteration, `[]`.

    Returns:
      `[n_critic]`, of the step's type.
    """
    n_critic = hyperparameters.n_critic
    each = algorithm.n_critic if n_critic is None else n_critic
    return step * each + jnp.arange(algorithm.n_critic, dtype=step.dtype)


def repeat_critic_steps(
    one: Callable[..., tuple[Player, Metrics]],
    critic: Player,
    inputs: tuple[Any, ...],
    count: int | jax.Array | None,
) -> tuple[Player, Metrics]:
    """Scans critic steps; those from number `count` on have no effect.

    Args:
      one: `(critic, *inputs of one step) -> (critic, metrics)`, a `critic_step`.
      critic: the critic before the first step.
      inputs: pytrees of `[n_critic, ...]`.
      count: steps that have an effect, possibly traced; None is all.

    Returns:
      The critic, and the mean of each scalar over the steps that have an effect.
    """
    if count is None:
        critic, metrics = jax.lax.scan(lambda c, each: one(c, *each), critic, inputs)
        return critic, jax.tree.map(jnp.mean, metrics)
    effective = jnp.arange(len(inputs[0])) < count

    def body(critic, given):
        effective, each = given
        updated, metrics = one(critic, *each)
        keep = partial(jnp.where, effective)
        zero = jax.tree.map(jnp.zeros_like, metrics)
        return jax.tree.map(keep, updated, critic), jax.tree.map(keep, metrics, zero)

    critic, metrics = jax.lax.scan(body, critic, (effective, inputs))
    steps = jnp.sum(effective)
    return critic, jax.tree.map(lambda each: jnp.sum(each) / steps, metrics)


def moving_average(
    average: Any, params: Any, step: jax.Array, decay: float | jax.Array
) -> Any:
    """Average + (1 - d) (params - average), d = min(decay, (1 + step) / (10 + step)).

    The ramp keeps the first, untrained parameters from lingering in short runs.

    Args:
      average: the average so far, a pytree.
      params: what it follows, of the same structure.
      step: generator updates before this one, `[]`.
      decay: how much of the average stays; 0 makes it the params.

    Returns:
      The new average.
    """
    ramp = (1 + step) / (10 + step)
    return optax.incremental_update(params, average, 1 - jnp.minimum(decay, ramp))
