"""Whether the choices of an algorithm, and its hyperparameters, can be trained with."""

from typing import Any

import jax
import numpy as np
import optax
from jax.extend.core import Literal

from wgan_gp import constraints
from wgan_gp.networks import Network


def check_critic_algorithm(algorithm: Any, hyperparameters: Any) -> None:
    """Refuses a `train.CriticAlgorithm` that no step could be made of.

    Args:
      algorithm: what was handed in as one.
      hyperparameters: what was handed in as `train.Hyperparameters`.

    Raises:
      TypeError: a choice is of another kind.
      ValueError: its numbers do not fit each other, one of them is missing, a learning
        rate has no effect, or there is no classifier.
    """
    constraints.check(algorithm.constraint)
    _check_network("network", algorithm.network)
    check_sampler("sample_real", algorithm.sample_real, algorithm.batch_size)
    if not hasattr(hyperparameters, "critic_learning_rate"):
        raise TypeError(
            "expected train.Hyperparameters, got"
            f" {hyperparameters!r:.60}: write train.Hyperparameters(strength=10.0)"
        )
    _check_strength(algorithm.constraint, hyperparameters.strength)
    rates = ("critic_learning_rate", "critic_updates")
    _check_optimiser("optimiser", algorithm.optimiser, hyperparameters, *rates)
    parts = algorithm.microbatches
    if parts < 1 or algorithm.batch_size % parts:
        raise ValueError(
            f"microbatches must divide batch_size = {algorithm.batch_size}, got {parts}"
        )
    _check_label_weight("", algorithm.label_weight, algorithm.network)


def check_algorithm(algorithm: Any, hyperparameters: Any) -> None:
    """Refuses a `train.Algorithm` that no step could be made of.

    Args:
      algorithm: what was handed in as one.
      hyperparameters: what was handed in as `train.Hyperparameters`.

    Raises:
      TypeError: as `check_critic_algorithm`.
      ValueError: as `check_critic_algorithm`; or the numbers of critic steps do not
        fit, or the generator keeps state.
    """
    check_critic_algorithm(algorithm.critic, hyperparameters)
    _check_network("generator", algorithm.generator)
    _check_stateless(algorithm.generator)
    check_sampler("sample_latent", algorithm.sample_latent, algorithm.critic.batch_size)
    name, rate = "generator_optimiser", "generator_learning_rate"
    _check_optimiser(name, algorithm.generator_optimiser, hyperparameters, rate)
    check_whole("n_critic", algorithm.n_critic)
    if algorithm.generator_batch_size is not None:
        check_whole("generator_batch_size", algorithm.generator_batch_size)
    _check_comparison(algorithm)
    _check_label_weight(
        "generator's ", algorithm.label_weight, algorithm.critic.network
    )
    _check_decay(hyperparameters.ema_decay)
    count, most = hyperparameters.n_critic, algorithm.n_critic
    if isinstance(count, jax.core.Tracer) or count is None:
        return
    if count < 1 or count > most or count != int(count):
        raise ValueError(
            f"Hyperparameters.n_critic must be a whole number between 1 and"
            f" Algorithm.n_critic = {most}, got {count}"
        )


def check_state(network: Network, params: Any, state: Any) -> None:
    """Refuses a critic whose state would not be the same kind of tree after an update.

    Args:
      network: the critic's, wrapped.
      params: its parameters.
      state: what its `init_state` returned.

    Raises:
      ValueError: structure, shapes or types differ.
    """
    expected = jax.eval_shape(lambda: state)
    updated = jax.eval_shape(network.update, params, state)
    if _form(updated) != _form(expected):
        raise ValueError(
            f"network.update returned a state of {_form(updated):.80}, expected that of"
            f" network.init_state, {_form(expected):.80}: keep its structure, shapes"
            " and types"
        )


def check_whole(name: str, value: Any) -> None:
    """Refuses what is not a whole number of at least 1.

    Args:
      name: of the argument, for the message.
      value: what was given.

    Raises:
      ValueError: it is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a whole number >= 1, got {value!r:.60}")


def _check_network(name: str, network: Any) -> None:
    """Raises TypeError unless it is a `Network`."""
    if not isinstance(network, Network):
        raise TypeError(
            f"{name} must be a networks.Network, got a {type(network).__name__}: write"
            " networks.from_flax(MODULE, SHAPE), or networks.Network(INIT, APPLY)"
        )


def _check_comparison(algorithm: Any) -> None:
    """Raises ValueError where generated samples have no real ones to compare with."""
    size, of_critic = algorithm.generator_batch_size, algorithm.critic.batch_size
    if algorithm.critic.objective.compares and size not in (None, of_critic):
        raise ValueError(
            "the objective compares each generated sample with a real one, of which a"
            f" batch has batch_size = {of_critic}: leave generator_batch_size = {size}"
            " out"
        )


def _check_stateless(generator: Network) -> None:
    """Raises ValueError for a generator with functions that nobody would call."""
    names = ("init_state", "prepare", "update")
    defaults = Network._field_defaults
    own = [name for name in names if getattr(generator, name) is not defaults[name]]
    if own:
        raise ValueError(
            f"a generator must have parameters only, got one with {', '.join(own)}:"
            " only critics keep state; give it init and apply alone"
        )


def check_sampler(name: str, sampler: Any, n: int) -> None:
    """Refuses a sampler that could not be part of a compiled program.

    Args:
      name: of it, for messages.
      sampler: what was handed in as one.
      n: how many samples it is to give.

    Raises:
      TypeError: it is no function.
      ValueError: it draws by itself: the program would draw once, and have these
        samples at every step.
    """
    if not callable(sampler):
        raise TypeError(
            f"{name} must be a function (key, n) -> [n, ...], got a"
            f" {type(sampler).__name__}: of an array write data.resident(ARRAY)"
        )

    if isinstance(sampler, jax.stages.Wrapped):  # whose trace would be that of before
        sampler = getattr(sampler, "__wrapped__", sampler)
    try:
        first, second = (_constants(sampler, n) for _ in range(2))
        same = len(first) == len(second) and all(map(_same, first, second))
    except Exception:  # a sampler of a stream; of others the step's trace says more
        return
    if not same:
        raise ValueError(
            f"{name} draws other samples each time for the same key, as NumPy's random"
            " numbers are, and a compiled program would have one draw at every step:"
            " draw by jax.random and the key, or of an array by data.resident(ARRAY)"
        )


def _constants(sampler: Any, n: int) -> list[Any]:
    """The arrays and numbers of a sampler that are no function of its key."""
    traced = jax.make_jaxpr(lambda key: sampler(key, n))(jax.random.key(0))
    parts = [each for equation in traced.eqns for each in equation.invars]
    parts += traced.jaxpr.outvars
    return [*traced.consts, *(each.val for each in parts if isinstance(each, Literal))]


def _same(first: Any, second: Any) -> bool:
    """Whether constants are equal; those of a data set are one array, not compared."""
    return first is second or np.array_equal(
        np.asarray(first), np.asarray(second), equal_nan=True
    )


def _check_label_weight(whose: str, weight: float, critic: Network) -> None:
    """Raises ValueError for a weight of what no classifier says."""
    if weight and critic.classify is None:
        raise ValueError(
            f"the {whose}label_weight = {weight} needs a critic's network with"
            " `classify`, an auxiliary classifier: give it one, or leave label_weight"
            " at 0"
        )


def _check_decay(decay: Any) -> None:
    """Raises ValueError unless the average is one."""
    if not isinstance(decay, jax.core.Tracer) and not 0 <= decay < 1:
        raise ValueError(f"Hyperparameters.ema_decay must be in [0, 1), got {decay}")


def _check_strength(constraint: constraints.Constraint, strength: Any) -> None:
    """Raises ValueError where the constraint needs a strength, and there is none."""
    if strength is None and (constraint.penalty or constraint.project):
        raise ValueError(
            "Hyperparameters.strength is None, and the constraint needs one: give"
            " lambda of a penalty (the paper has 10.0) or c of clipping (0.01)"
        )


def _check_optimiser(
    name: str, optimiser: Any, hyperparameters: Any, rate: str, *others: str
) -> None:
    """Refuses what is no optimiser, and rates that are missing or have no effect."""
    if isinstance(optimiser, optax.GradientTransformation):
        for field in (rate, *others):
            if (value := getattr(hyperparameters, field)) is not None:
                raise ValueError(
                    f"Hyperparameters.{field} = {value} has no effect on an optimiser"
                    f" that is made already: leave it out, or make {name} a function"
                    " from a learning rate, such as optax.adam"
                )
        return
    if not callable(optimiser):
        raise TypeError(
            f"{name} must be an optimiser, such as optax.adam(1e-4), or a function from"
            f" a learning rate to one, got a {type(optimiser).__name__}"
        )
    if getattr(hyperparameters, rate) is None:
        raise ValueError(
            f"Hyperparameters.{rate} is None, and {name} is a function of it: give a"
            " rate, or an optimiser that has one, such as optax.adam(1e-4)"
        )


def _form(tree: Any) -> str:
    """Structure, shapes and types of a tree of arrays."""
    return repr(jax.tree.map(lambda leaf: f"{leaf.dtype}{list(leaf.shape)}", tree))
