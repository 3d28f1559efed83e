"""The choices that shape a compiled program, and the hyperparameters that do not."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax

from wgan_gp import losses
from wgan_gp.constraints import Constraint, penalise
from wgan_gp.networks import Network

# Draws samples: `(key, n) -> [n, ...]`. One of real samples is handed a stream's raw
# batch instead of n where the data comes as a stream, and may return labels `[n]` too.
Sampler = Callable[[jax.Array, Any], Any]

Optimiser = Callable[..., optax.GradientTransformation]  # from a learning rate


class Hyperparameters(NamedTuple):
    """The choices that one compiled program serves: numbers, or arrays to be vmapped.

    `n_critic` is at most `Algorithm.n_critic`, and all of it where it is None. With
    fewer a learning-rate schedule needs `critic_updates`, the critic's updates in the
    whole run; None is what the optimiser was built for.
    """

    critic_learning_rate: float | jax.Array = 1e-4
    generator_learning_rate: float | jax.Array = 1e-4
    weight: float | jax.Array = 10.0  # lambda
    clip_bound: float | jax.Array = 0.01  # c, the bound of a constraint that projects
    ema_decay: float | jax.Array = 0.0  # of the generator's average; 0 is no average
    n_critic: int | jax.Array | None = None
    critic_updates: int | jax.Array | None = None


class CriticAlgorithm(NamedTuple):
    """The choices that shape the compiled program of a critic, alone or in a game."""

    network: Network  # apply: params, [...] -> []
    sample_real: Sampler  # key, B or a raw batch -> [B, ...], or that and labels [B]
    optimiser: Optimiser
    constraint: Constraint = penalise(losses.gradient_penalty)
    batch_size: int = 256
    microbatches: int = 1  # parts of a batch that are differentiated in turn
    label_weight: float = 0.0  # of the auxiliary classifier; 0 is none
    penalty_network: Network | None = None  # of the same parameters; None is `network`


class Algorithm(NamedTuple):
    """The choices that shape the compiled program of a critic and a generator."""

    critic: CriticAlgorithm
    generator: Network  # apply: params, [B, Z] -> [B, ...]
    sample_latent: Sampler  # key, B -> [B, Z], or that and labels [B]
    generator_optimiser: Optimiser
    n_critic: int = 5
    generator_batch_size: int | None = None  # None is the critic's
    label_weight: float = 0.0  # of the auxiliary classifier


def generator_batch_size(algorithm: Algorithm) -> int:
    """Samples of a generator step; as many as of a critic step if nothing is chosen."""
    return algorithm.generator_batch_size or algorithm.critic.batch_size


def generate(algorithm: Algorithm, params: Any, key: jax.Array, n: int) -> jax.Array:
    """G(z) for n fresh latents, `[n, ...]`."""
    return algorithm.generator.apply(params, algorithm.sample_latent(key, n))
