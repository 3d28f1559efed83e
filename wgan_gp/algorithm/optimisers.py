"""The optimisers of both players; optimisers and learning-rate schedules by name."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from wgan_gp.algorithm.choices import (
    Algorithm,
    CriticAlgorithm,
    Hyperparameters,
    Optimiser,
)

SCHEDULES = ("constant", "linear", "cosine")
# Which of the two decay rates each optimiser uses.
BETAS = {"adam": ("beta1", "beta2"), "rmsprop": ("beta2",), "sgd": ()}
OPTIMISERS = tuple(BETAS)


def critic_optimiser(
    algorithm: CriticAlgorithm, hyperparameters: Hyperparameters
) -> optax.GradientTransformation:
    """The critic's optimiser.

    Args:
      algorithm: its optimiser is used.
      hyperparameters: its critic_learning_rate and critic_updates are used, where the
        optimiser is a function of them.
    """
    updates = hyperparameters.critic_updates
    options = {} if updates is None else {"updates": updates}
    rate = hyperparameters.critic_learning_rate
    return _at_rate(algorithm.optimiser, rate, **options)


def generator_optimiser(
    algorithm: Algorithm, hyperparameters: Hyperparameters
) -> optax.GradientTransformation:
    """The generator's optimiser.

    Args:
      algorithm: its generator_optimiser is used.
      hyperparameters: its generator_learning_rate is used, where the optimiser is a
        function of it.
    """
    rate = hyperparameters.generator_learning_rate
    return _at_rate(algorithm.generator_optimiser, rate)


def _at_rate(optimiser: Optimiser, rate: Any, **options: Any):
    """The optimiser as it is, or the one that a function makes from a rate."""
    if isinstance(optimiser, optax.GradientTransformation):
        return optimiser
    return optimiser(rate, **options)


def make_optimiser(
    learning_rate,
    *,
    name: str = "adam",
    beta1: float = 0.0,
    beta2: float = 0.9,
    schedule: str = "constant",
    updates: int | jax.Array = 0,
    weight_decay: float = 0.0,
) -> optax.GradientTransformation:
    """An optimiser whose learning rate falls to zero over the run, or stays.

    Args:
      learning_rate: the initial rate, a number or a traced scalar.
      name: "adam" (Gulrajani et al. 2017 use beta1 0, beta2 0.9), "rmsprop"
        (Arjovsky et al. 2017, for weight clipping; `beta2` is its decay, `beta1` is
        not used), or "sgd".
      beta1: decay of Adam's first moment.
      beta2: decay of the second moment.
      schedule: "constant", "linear" or "cosine".
      updates: this optimiser's updates in the whole run, at least 1, for the last two;
        it may be traced. After them the rate is zero.
      weight_decay: times the parameters, is added to their gradients, as by a loss with
        half of it times their squares.

    Returns:
      An optax transformation.

    Raises:
      ValueError: unknown name or schedule, or a schedule over fewer than 1 updates.
    """
    rate = _scheduled(learning_rate, schedule, updates)
    if weight_decay:
        decayed = optax.add_decayed_weights(weight_decay)
        return optax.chain(decayed, _by_name(name, rate, beta1, beta2))
    return _by_name(name, rate, beta1, beta2)


def at_count(opt_state: optax.OptState, count: jax.Array) -> optax.OptState:
    """The state of an optimiser whose schedule is at another number of updates.

    Training sets this number from the run's step before each update. So the rate
    follows the run, also if the run was resumed with other numbers of steps.

    Args:
      opt_state: of any optimiser. Adam's own count, for its bias correction, stays, and
        so do schedules within `optax.MultiSteps`, which counts its own updates.
      count: the updates before the next one, [] int32.

    Returns:
      The state with this number in all of its schedules.
    """

    def is_schedule(leaf: Any) -> bool:
        return isinstance(leaf, optax.ScaleByScheduleState)

    def is_whole(leaf: Any) -> bool:
        return is_schedule(leaf) or isinstance(leaf, optax.MultiStepsState)

    def put(leaf: Any) -> Any:
        if not is_schedule(leaf):
            return leaf
        return leaf._replace(count=jnp.asarray(count, leaf.count.dtype))

    return jax.tree.map(put, opt_state, is_leaf=is_whole)


def _scheduled(learning_rate, schedule: str, updates: int | jax.Array):
    """A rate, or a function from the number of updates to one, never below zero."""
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule must be one of {SCHEDULES}, got {schedule!r}")
    if schedule == "constant":
        return learning_rate
    if not isinstance(updates, jax.core.Tracer) and not updates >= 1:
        raise ValueError(
            f"a {schedule} schedule needs the number of updates of the whole run, at"
            f" least 1, got updates={updates}: give it, or take schedule='constant'"
        )
    shape = _linear if schedule == "linear" else _cosine
    return lambda count: learning_rate * shape(jnp.minimum(count, updates), updates)


def _linear(count: jax.Array, updates: int | jax.Array) -> jax.Array:
    return 1 - count / updates


def _cosine(count: jax.Array, updates: int | jax.Array) -> jax.Array:
    """From 1 to 0 over half a period; not optax's, whose length must be a constant."""
    return 0.5 * (1 + jnp.cos(jnp.pi * count / updates))


def _by_name(name: str, rate, beta1: float, beta2: float):
    match name:
        case "adam":
            return optax.adam(rate, b1=beta1, b2=beta2)
        case "rmsprop":
            # Epsilon outside the root, as in PyTorch, which [WGAN] used: inside it
            # it is a floor of 1e-4, and clipped critics have smaller gradients.
            return optax.rmsprop(rate, decay=beta2, eps_in_sqrt=False)
        case "sgd":
            return optax.sgd(rate)
    raise ValueError(f"optimiser must be one of {OPTIMISERS}, got {name!r}")
