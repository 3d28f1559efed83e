"""Samples that are there already, kept on the device."""

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.data import Sampler


def resident(samples: np.ndarray) -> Sampler:
    """Draws from a finite set, with replacement.

    Args:
      samples: `[N, ...]`; copied to the device once.

    Returns:
      A sampler `(key, n) -> [n, ...]`.

    Raises:
      ValueError: there are none.
    """
    if not len(samples):
        raise ValueError("a data set needs at least one sample, got none")
    on_device = jnp.asarray(samples)

    def sample(key: jax.Array, n: int) -> jax.Array:
        return on_device[jax.random.randint(key, (n,), 0, len(samples))]

    return sample
