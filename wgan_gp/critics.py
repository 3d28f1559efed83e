"""Critics trained alone, against a generator that is held fixed."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax

from wgan_gp.data import Sampler
from wgan_gp.train import Algorithm, Hyperparameters, Metrics, Player, critic_step


def make_critic_train(
    algorithm: Algorithm, sample_fake: Sampler, steps: int
) -> Callable[[jax.Array, Hyperparameters], tuple[Player, Metrics]]:
    """The training of a critic as one pure function, to jit and vmap.

    The same critic step as in `train.train_step`, without the generator's.

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
        params = algorithm.critic.init(init_key)
        optimiser = algorithm.critic_optimiser(hyperparameters.critic_learning_rate)
        step = partial(critic_step, algorithm, hyperparameters, sample_fake)
        critic = Player(params, optimiser.init(params))
        return jax.lax.scan(step, critic, jax.random.split(train_key, steps))

    return train


def noisy(sample_real: Sampler, std: float = 1.0) -> Sampler:
    """Real samples plus Gaussian noise: the fixed generator of [WGAN-GP], Figure 1a."""

    def sample(key: jax.Array, n: int) -> jax.Array:
        real_key, noise_key = jax.random.split(key)
        reals = sample_real(real_key, n)
        return reals + std * jax.random.normal(noise_key, reals.shape)

    return sample


def kernels(params: Any) -> list[jax.Array]:
    """The weight matrices of a critic, biases and scales left out."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    return [leaf for path, leaf in leaves if path[-1].key == "kernel"]
