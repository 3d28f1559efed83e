"""The choices that shape a compiled program, and the hyperparameters that do not."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax

from wgan_gp import losses
from wgan_gp.constraints import Constraint, penalise
from wgan_gp.data import Sampler
from wgan_gp.networks import Network

# An optimiser as optax has it, or a function that makes one from a learning rate. Only
# such a function lets learning rates change without recompiling.
Optimiser = optax.GradientTransformation | Callable[..., optax.GradientTransformation]


class Hyperparameters(NamedTuple):
    """The numbers that one compiled program serves; arrays of them can be vmapped.

    Attributes:
      critic_learning_rate: what `CriticAlgorithm.optimiser` is called with; None where
        that is an optimiser already.
      generator_learning_rate: the same for `Algorithm.generator_optimiser`.
      strength: the constraint's own number: lambda of a penalty ([WGAN-GP] has 10), c
        of clipping ([WGAN] has 0.01); None where the constraint uses none.
      ema_decay: of the generator's moving average; 0 is no average.
      n_critic: critic steps of an iteration, at most `Algorithm.n_critic`; None is all
        of these.
      critic_updates: the critic's updates in the whole run, which its learning-rate
        schedule is to end with if `n_critic` is lower than `Algorithm.n_critic`. The
        optimiser is then called with `updates=`. None is what it was built for.
    """

    critic_learning_rate: float | jax.Array | None = None
    generator_learning_rate: float | jax.Array | None = None
    strength: float | jax.Array | None = None
    ema_decay: float | jax.Array = 0.0
    n_critic: int | jax.Array | None = None
    critic_updates: int | jax.Array | None = None


class CriticAlgorithm(NamedTuple):
    """The choices that shape the compiled program of a critic, alone or in a game.

    Attributes:
      network: its `apply` maps params and one sample `[...]` to a scalar `[]`.
      sample_real: `(key, B) -> [B, ...]`, or that and labels `[B]`. Each critic step
        calls it once; where data is streamed, with a raw batch in place of B.
      optimiser: an optimiser, or a function from a learning rate to one.
      constraint: what keeps the critic Lipschitz; `Constraint()` is nothing.
      batch_size: B.
      microbatches: parts of a batch that are differentiated in turn, to save memory.
      label_weight: of the auxiliary classifier's cross entropy; 0 is no classifier.
      penalty_network: computes the penalty, from the same parameters, say in another
        precision; None is `network`.
      objective: what the critic minimises, without the penalty, and the generator.
      updates: critic updates of the whole run, for a constraint that changes over it;
        None where they are not known.
    """

    network: Network
    sample_real: Sampler
    optimiser: Optimiser
    constraint: Constraint = penalise(losses.gradient_penalty)
    batch_size: int = 256
    microbatches: int = 1
    label_weight: float = 0.0
    penalty_network: Network | None = None
    objective: losses.Objective = losses.WASSERSTEIN
    updates: int | None = None


class Algorithm(NamedTuple):
    """The choices that shape the compiled program of a critic and a generator.

    Attributes:
      critic: the critic's choices.
      generator: its `apply` maps params and latents `[B, Z]` to samples `[B, ...]`. It
        keeps no state beside its parameters.
      sample_latent: `(key, B) -> [B, Z]`, or that and labels `[B]` or conditions `[B,
        k]`, whatever the generator takes as its input. Each critic step and each
        generator step calls it once.
      generator_optimiser: an optimiser, or a function from a learning rate to one.
      n_critic: critic steps of an iteration; the most that
        `Hyperparameters.n_critic` can ask for.
      generator_batch_size: samples of a generator step; None is the critic's.
      label_weight: of the auxiliary classifier's cross entropy; 0 is no classifier.
    """

    critic: CriticAlgorithm
    generator: Network
    sample_latent: Sampler
    generator_optimiser: Optimiser
    n_critic: int = 5
    generator_batch_size: int | None = None
    label_weight: float = 0.0


def generator_batch_size(algorithm: Algorithm) -> int:
    """Samples of a generator step; as many as of a critic step if nothing is chosen."""
    return algorithm.generator_batch_size or algorithm.critic.batch_size


def generate(algorithm: Algorithm, params: Any, key: jax.Array, n: int) -> jax.Array:
    """G(z) for n fresh latents.

    Args:
      algorithm: its generator and its latents are used.
      params: the generator's parameters, or their moving average.
      key: of the latents.
      n: how many.

    Returns:
      Samples `[n, ...]`.
    """
    return algorithm.generator.apply(params, algorithm.sample_latent(key, n))
