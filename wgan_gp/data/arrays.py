"""Samples that are there already, kept on the device."""

from collections.abc import Callable

import jax
import numpy as np

from wgan_gp.losses import as_floats

Sampler = Callable[[jax.Array, int], jax.Array]  # (key, n) -> [n, ...]


def resident(samples: np.ndarray) -> Sampler:
    """Draws from a finite set, with replacement.

    Args:
      samples: `[N, ...]`; copied to the device once. Integers and booleans become
        float32, their values as they are: `resident_images` scales pictures of bytes.

    Returns:
      A sampler `(key, n) -> [n, ...]`.

    Raises:
      ValueError: there are none, or they are not real numbers.
    """
    samples = np.asarray(samples)
    if not samples.ndim or not len(samples):
        raise ValueError(
            "a data set needs at least one sample, [N, ...], got an array of shape"
            f" {samples.shape}"
        )
    (on_device,) = as_floats(samples)

    def sample(key: jax.Array, n: int) -> jax.Array:
        return on_device[jax.random.randint(key, (n,), 0, len(samples))]

    return sample


def noisy(sample_real: Sampler, std: float = 1.0) -> Sampler:
    """Real samples plus Gaussian noise: the fixed generator of [WGAN-GP], Figure 1a."""

    def sample(key: jax.Array, n: int) -> jax.Array:
        real_key, noise_key = jax.random.split(key)
        (reals,) = as_floats(sample_real(real_key, n))
        return reals + std * jax.random.normal(noise_key, reals.shape, reals.dtype)

    return sample
