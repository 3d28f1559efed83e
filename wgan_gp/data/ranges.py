"""Bytes of pictures to the numbers that networks see, and back."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

# key, uint8 [..., H, W, C] -> float32 of the same shape; the key is for noise.
Scale = Callable[[jax.Array, jax.Array], jax.Array]


def to_range(images: jax.Array, low: float, high: float) -> jax.Array:
    """0..255 to [low, high].

    x / 255 for [0, 1] and 2 (x / 255 - 1/2) for [-1, 1], the ranges that go with a
    sigmoid and a tanh (Gulrajani et al. 2017, code for MNIST and CIFAR-10).

    Args:
      images: uint8, `[...]`.
      low: what 0 becomes.
      high: what 255 becomes.

    Returns:
      float32 `[...]`.

    Raises:
      ValueError: the images are not uint8, or the range is empty.
    """
    _check(images)
    if not low < high:
        raise ValueError(f"a range needs low < high, got [{low}, {high}]")
    return low + (high - low) * (images.astype(jnp.float32) / 255)


def dequantise(key: jax.Array, images: jax.Array) -> jax.Array:
    """2 (x / 256 - 1/2) + U[0, 1/128): the whole of [-1, 1], without gaps.

    As the residual network for CIFAR-10 gets it (Gulrajani et al. 2017, code).

    Args:
      key: of the noise.
      images: uint8, `[...]`.

    Returns:
      float32 `[...]`.

    Raises:
      ValueError: the images are not uint8.
    """
    _check(images)
    noise = jax.random.uniform(key, images.shape, maxval=1 / 128)
    return 2 * (images.astype(jnp.float32) / 256 - 0.5) + noise


def to_uint8(images: jax.Array, low: float, high: float) -> jax.Array:
    """[low, high] to 0..255: the inverse of `to_range`.

    Args:
      images: floats `[...]`; what lies outside the range becomes 0 or 255.
      low: what becomes 0.
      high: what becomes 255.

    Returns:
      uint8 `[...]`.

    Raises:
      ValueError: the range is empty.
    """
    if not low < high:
        raise ValueError(f"a range needs low < high, got [{low}, {high}]")
    share = jnp.clip((images - low) / (high - low), 0, 1)
    return jnp.round(255 * share).astype(jnp.uint8)


def _check(images: jax.Array) -> None:
    if images.dtype != jnp.uint8:
        raise ValueError(f"images must be uint8, got {images.dtype}")


SCALES: dict[str, Scale] = {
    "unit": lambda key, images: to_range(images, 0, 1),
    "symmetric": lambda key, images: to_range(images, -1, 1),
    "dequantised": dequantise,
}
# What black and white become under each of `SCALES`.
LIMITS = {"unit": (0.0, 1.0), "symmetric": (-1.0, 1.0), "dequantised": (-1.0, 1.0)}


def to_pixels(images: jax.Array | np.ndarray, scale: str) -> np.ndarray:
    """Images as networks see them, to bytes.

    Args:
      images: `[..., H, W, C]`.
      scale: a key of `SCALES`, of which they are.

    Returns:
      uint8 `[n, H, W, C]`.
    """
    flat = jnp.reshape(jnp.asarray(images), (-1, *images.shape[-3:]))
    return np.asarray(to_uint8(flat, *LIMITS[scale]))
