"""Critics trained alone, against a generator that is held fixed."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax

from wgan_gp import losses
from wgan_gp.data import Sampler
from wgan_gp.train import (
    CriticAlgorithm,
    Hyperparameters,
    Metrics,
    Player,
    critic_step,
    init_critic,
)


def critic_steps(
    algorithm: CriticAlgorithm,
    hyperparameters: Hyperparameters,
    sample_fake: Sampler,
    critic: Player,
    keys: jax.Array,
) -> tuple[Player, Metrics]:
    """One update of a critic for each key `[steps]`; the same as `train.critic_step`.

    The critic's optimiser has counted the run's steps, which a schedule follows.

    Returns:
      The critic, and metrics `[steps]`, those of `losses.critic_loss` at each update.
    """
    step = partial(critic_step, algorithm, hyperparameters, sample_fake)
    return jax.lax.scan(step, critic, keys)


def make_critic_train(
    algorithm: CriticAlgorithm, sample_fake: Sampler, steps: int
) -> Callable[[jax.Array, Hyperparameters], tuple[Player, Metrics]]:
    """The training of a critic as one pure function, to jit and vmap.

    Args:
      algorithm: its critic, real samples, penalty and batch size are used.
      sample_fake: `(key, n) -> [n, ...]`, the fixed generator.
      steps: critic updates.

    Returns:
      `train(key, hyperparameters) -> (critic, metrics)`; metrics `[steps]` are those
      of `losses.critic_loss` at each update.
    """

    def train(key, hyperparameters):
        init_key, train_key = jax.random.split(key)
        critic = init_critic(algorithm, hyperparameters, init_key)
        keys = jax.random.split(train_key, steps)
        return critic_steps(algorithm, hyperparameters, sample_fake, critic, keys)

    return train


def noisy(sample_real: Sampler, std: float = 1.0) -> Sampler:
    """Real samples plus Gaussian noise: the fixed generator of [WGAN-GP], Figure 1a."""

    def sample(key: jax.Array, n: int) -> jax.Array:
        real_key, noise_key = jax.random.split(key)
        (reals,) = losses.as_floats(sample_real(real_key, n))
        return reals + std * jax.random.normal(noise_key, reals.shape, reals.dtype)

    return sample


def kernels(params: Any) -> list[jax.Array]:
    """The weight matrices of a critic, biases and scales left out."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    return [leaf for path, leaf in leaves if path[-1].key == "kernel"]
