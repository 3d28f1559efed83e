"""Samplers over arrays that are in memory, and a generator that needs no training.

Use `resident` for vectors, series or anything else that is an array `[N, ...]` and
fits on the device. Pictures of bytes go through `images.resident_images`, which keeps
the bytes and scales each batch.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.losses import as_floats

# Draws samples: `(key, n) -> [n, ...]`. One of real samples may return labels `[n]`
# too; where the data comes as a stream, it takes a raw batch of it instead of n.
Sampler = Callable[[jax.Array, Any], Any]


def resident(samples: np.ndarray) -> Sampler:
    """Returns a sampler that draws from a finite set, uniformly and with replacement.

    With replacement, each batch is independent of the others, and the sampler needs no
    state beside its key. An epoch has no meaning here.

    Args:
      samples: `[N, ...]`, real numbers, copied to the device once. Integers and
        booleans become float32 with their values unchanged.

    Returns:
      A sampler `(key, n) -> [n, ...]` of floats.

    Raises:
      ValueError: there are no samples, or they are not real numbers that are finite in
        their type on the device, as float64 becomes float32 there.

    Example:
      >>> import jax, numpy as np
      >>> sample = resident(np.eye(3))
      >>> sample(jax.random.key(0), 4).shape
      (4, 3)
    """
    samples = np.asarray(samples)
    if not samples.ndim or not len(samples):
        raise ValueError(
            "a data set needs at least one sample, [N, ...], got an array of shape"
            f" {samples.shape}"
        )
    if not samples.dtype.isnative:  # as of files of other machines, which JAX refuses
        samples = samples.astype(samples.dtype.newbyteorder("="))
    with np.errstate(over="ignore"):  # it is refused below
        (on_device,) = as_floats(samples)
    if not jnp.isfinite(on_device).all():
        raise ValueError(
            f"samples must be finite in {on_device.dtype}, got values that are missing,"
            " infinite or too large: leave these samples out, or scale them"
        )

    # Its argument, since what a function closes over becomes a constant of the program.
    return jax.tree_util.Partial(_draw, on_device)


def _draw(samples: jax.Array, key: jax.Array, n: int) -> jax.Array:
    return samples[jax.random.randint(key, (n,), 0, len(samples))]


def without_repetition(
    rows: np.ndarray,
    name: str,
    decode: Callable[[np.ndarray], np.ndarray] = lambda rows: rows,
) -> Callable[[jax.Array, int], jax.Array]:
    """A sampler of held-out rows, which stay in the host's memory.

    Args:
      rows: `[N, ...]`.
      name: of the data set, for messages.
      decode: from stored rows to samples.

    Returns:
      `(key, n) -> [n, ...]`. It raises ValueError if there are fewer than n rows.
    """
    shape = decode(rows[:1]).shape[1:]

    def sample(key: jax.Array, n: int) -> jax.Array:
        if n > len(rows):
            raise ValueError(
                f"{name} holds out {len(rows)} samples, got eval_samples *"
                f" eval_repeats = {n}: lower them"
            )
        order = jax.random.permutation(key, len(rows))[:n]
        if isinstance(order, jax.core.Tracer):  # its shape is asked for
            return jnp.zeros((n, *shape), jnp.float32)
        return jnp.asarray(decode(rows[np.asarray(order)]))

    return sample


def noisy(sample_real: Sampler, std: float = 1.0) -> Sampler:
    """Returns a sampler of real samples plus Gaussian noise.

    It is the fixed "generator" of Gulrajani et al. 2017, Figure 1: its critic can be
    trained to convergence and shows what a constraint does to the critic's values.

    Args:
      sample_real: a sampler `(key, n) -> [n, ...]`.
      std: standard deviation of the noise, in the units of the samples.

    Returns:
      A sampler `(key, n) -> [n, ...]`. The noise is independent of the real samples.
    """

    def sample(key: jax.Array, n: int) -> jax.Array:
        real_key, noise_key = jax.random.split(key)
        (reals,) = as_floats(sample_real(real_key, n))
        return reals + std * jax.random.normal(noise_key, reals.shape, reals.dtype)

    return sample
