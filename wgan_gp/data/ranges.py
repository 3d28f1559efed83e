"""Scales bytes of pictures to the numbers that networks see, and back.

Pictures are kept as uint8 and scaled batch by batch on the device. `SCALES` lists the
ranges by name: "unit" [0, 1] goes with a generator that ends in a sigmoid, "symmetric"
[-1, 1] with one that ends in a tanh, and "dequantised" adds noise, so that the real
distribution has a density as the generated one has.
"""

import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

# (key, uint8 [..., H, W, C]) -> float32 of the same shape. The key is for noise.
Scale = Callable[[jax.Array, jax.Array], jax.Array]
_CHUNK = 2**22  # entries that `to_pixels` converts at a time: a set has many


def to_range(images: jax.Array, low: float, high: float) -> jax.Array:
    """Scales 0..255 to [low, high].

    It is x / 255 for [0, 1] and 2 (x / 255 - 1/2) for [-1, 1], the ranges that go with
    a sigmoid and a tanh (Gulrajani et al. 2017, code for MNIST and CIFAR-10).

    Args:
      images: uint8, `[...]`.
      low: the value of byte 0.
      high: the value of byte 255.

    Returns:
      float32 `[...]`.

    Raises:
      ValueError: the images are not uint8, or the range is empty.
    """
    _check_uint8(images)
    if not low < high:
        raise ValueError(f"a range needs low < high, got [{low}, {high}]")
    return low + (high - low) * (images.astype(jnp.float32) / 255)


def dequantise(key: jax.Array, images: jax.Array) -> jax.Array:
    """Scales bytes to [-1, 1] and adds noise: 2 (x / 256 - 1/2) + U[0, 1/128).

    The noise fills the gap between neighbouring bytes, so that values cover [-1, 1].
    This is the input of the residual network for CIFAR-10 (Gulrajani et al. 2017,
    code).

    Args:
      key: of the noise.
      images: uint8, `[...]`.

    Returns:
      float32 `[...]`.

    Raises:
      ValueError: the images are not uint8.
    """
    _check_uint8(images)
    noise = jax.random.uniform(key, images.shape, maxval=1 / 128)
    return 2 * (images.astype(jnp.float32) / 256 - 0.5) + noise


def to_uint8(images: jax.Array, low: float, high: float) -> jax.Array:
    """Scales [low, high] to 0..255 and rounds: the inverse of `to_range`.

    Args:
      images: floats `[...]`. Values outside the range are clipped to it.
      low: the value of byte 0.
      high: the value of byte 255.

    Returns:
      uint8 `[...]`.

    Raises:
      ValueError: the range is empty.

    Example:
      >>> to_uint8(jnp.array([-1.0, 0.0, 1.0, 9.0]), -1, 1).tolist()
      [0, 128, 255, 255]
    """
    if not low < high:
        raise ValueError(f"a range needs low < high, got [{low}, {high}]")
    share = jnp.clip((images - low) / (high - low), 0, 1)
    return jnp.round(255 * share).astype(jnp.uint8)


def quantise(images: jax.Array) -> jax.Array:
    """Returns the bytes that noise was added to: the inverse of `dequantise`.

    Of one value in 100,000 or fewer, rounding makes it the next byte.

    Args:
      images: floats `[...]`. Values outside [-1, 1) are clipped to it.

    Returns:
      uint8 `[...]`.

    Example:
      >>> quantise(jnp.array([-1.0, -0.995, 0.0, 1.0, 9.0])).tolist()
      [0, 0, 128, 255, 255]
    """
    return jnp.clip(jnp.floor(128 * images + 128), 0, 255).astype(jnp.uint8)


def _check_uint8(images: jax.Array) -> None:
    """Refuses floats: images that are scaled already would be scaled again."""
    if images.dtype != jnp.uint8:
        raise ValueError(
            f"images must be uint8, got {images.dtype}: pass pictures before scaling"
        )


SCALES: dict[str, Scale] = {
    "unit": lambda key, images: to_range(images, 0, 1),
    "symmetric": lambda key, images: to_range(images, -1, 1),
    "dequantised": dequantise,
}
# The inverse of each of `SCALES`: float [..., H, W, C] -> uint8 of the same shape.
TO_BYTES: dict[str, Callable[[jax.Array], jax.Array]] = {
    "unit": partial(to_uint8, low=0, high=1),
    "symmetric": partial(to_uint8, low=-1, high=1),
    "dequantised": quantise,
}


def to_pixels(images: jax.Array | np.ndarray, scale: str) -> np.ndarray:
    """Converts images as networks see them to bytes.

    Args:
      images: `[..., H, W, C]`; the leading axes are flattened into one.
      scale: the key of `SCALES` that they were scaled with.

    Returns:
      uint8 `[n, H, W, C]`.
    """
    flat = images.reshape(-1, *images.shape[-3:])
    pixels = np.empty(flat.shape, np.uint8)
    size = max(1, _CHUNK // math.prod(flat.shape[1:]))
    for start in range(0, len(flat), size):
        part = jnp.asarray(flat[start : start + size])
        pixels[start : start + size] = TO_BYTES[scale](part)
    return pixels
