"""Layers and initialisers of the image networks.

As in the reference implementation of Gulrajani et al. 2017 (arXiv:1704.00028): every
kernel is uniform with a standard deviation given by its layer's fans, every bias zero.
"""

import math
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from wgan_gp.devices import mean_over_devices
from wgan_gp.networks.convolutions import conv_general_dilated

HE, GLOROT = 4.0, 2.0  # variance times (fan_in + fan_out)


def gated(x: jax.Array) -> jax.Array:
    """sigmoid(a) tanh(b), a and b the even and odd channels: half as many come out."""
    return nn.sigmoid(x[..., ::2]) * jnp.tanh(x[..., 1::2])


def uniform(std: float) -> Callable[..., jax.Array]:
    """Uniform weights of mean 0 and this standard deviation."""

    def init(key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32):
        bound = std * 3**0.5
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return init


def balanced(total: float, stride: int = 1, *, up: bool = False):
    """Uniform weights of variance `total` / (fan_in + fan_out).

    Args:
      total: `HE` or `GLOROT`.
      stride: of the convolution; one input reaches fewer outputs if it is 2.
      up: for a transposed convolution, where one output sees fewer inputs.
    """

    def init(key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32):
        *window, inputs, outputs = shape
        taps = math.prod(window)
        fan_in, fan_out = taps * inputs, taps * outputs
        if up:
            fan_in /= stride**2
        else:
            fan_out /= stride**2
        return uniform((total / (fan_in + fan_out)) ** 0.5)(key, shape, dtype)

    return init


def dense(features: int, total: float = GLOROT, std: float = 0.0, **options):
    """A linear layer; `std`, if it is not 0, is its weights' standard deviation."""
    init = uniform(std) if std else balanced(total)
    return nn.Dense(features, kernel_init=init, **options)


def conv(
    features: int,
    kernel: int = 3,
    stride: int = 1,
    *,
    total: float = HE,
    std: float = 0.0,
    **options,
):
    """A convolution of an image, or of a batch of them, with TensorFlow's padding."""
    return nn.Conv(
        features,
        (kernel, kernel),
        (stride, stride),
        kernel_init=uniform(std) if std else balanced(total, stride),
        conv_general_dilated=conv_general_dilated,
        **options,
    )


class BatchNorm(nn.Module):
    """Batch normalisation by the batch at hand, when sampling too. For generators.

    Ioffe and Szegedy 2015, arXiv:1502.03167, without running averages: the reference
    draws samples like this, and it leaves the network without state of its own. The
    batch is that of all devices.

    Attributes:
      classes: if not 0, each class has its own scale and offset (Dumoulin et al. 2017,
        arXiv:1610.07629), and the layer takes labels.
    """

    classes: int = 0

    @nn.compact
    def __call__(self, x: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """Maps `[B, ..., C]`, and labels `[B]`, to `[B, ..., C]`."""
        shape = (self.classes, x.shape[-1]) if self.classes else (x.shape[-1],)
        scale = self.param("scale", nn.initializers.ones, shape)
        bias = self.param("bias", nn.initializers.zeros, shape)
        if self.classes:
            around = (1,) * (x.ndim - 2)
            scale, bias = (
                each[labels].reshape(-1, *around, x.shape[-1]) for each in (scale, bias)
            )
        axes = tuple(range(x.ndim - 1))
        mean = mean_over_devices(jnp.mean(x, axes, keepdims=True))
        square = jnp.mean(jnp.square(x - mean), axes, keepdims=True)
        variance = mean_over_devices(square)
        normed = (x - mean) * jax.lax.rsqrt(variance + 1e-5)
        scale, bias = (jnp.broadcast_to(each, x.shape) for each in (scale, bias))
        return normed * scale + bias


def layer_norm() -> nn.LayerNorm:
    """Layer normalisation of one image over height, width and channels."""
    return nn.LayerNorm(1e-5, reduction_axes=(-3, -2, -1), feature_axes=-1)


def normalise(norm: str, x: jax.Array, labels: jax.Array | None = None, classes=0):
    """The image normalised as named: "none", "layer" or "batch"."""
    match norm:
        case "batch":
            return BatchNorm(classes)(x, labels)
        case "layer":
            return layer_norm()(x)
    return x


def upsample(x: jax.Array) -> jax.Array:
    """Each pixel of `[..., H, W, C]` four times."""
    return jnp.repeat(jnp.repeat(x, 2, axis=-3), 2, axis=-2)


def mean_pool(x: jax.Array) -> jax.Array:
    """Means of 2 x 2 pixels of `[..., H, W, C]`, both even."""
    *batch, height, width, channels = x.shape
    blocks = x.reshape(*batch, height // 2, 2, width // 2, 2, channels)
    return blocks.mean((-4, -2))


def crop(x: jax.Array, size: tuple[int, int]) -> jax.Array:
    """The upper left corner of `[..., H, W, C]`."""
    return x[..., : size[0], : size[1], :]


def coarse(
    z: jax.Array, shape: tuple[int, int, int], doublings: int, features: int
) -> jax.Array:
    """A linear layer to images that are to be doubled some times, to be used in one.

    Args:
      z: latents `[B, Z]`.
      shape: H, W, C of the images in the end.
      doublings: how often height and width are doubled until then.
      features: channels here.

    Returns:
      `[B, H / 2^doublings, W / 2^doublings, features]`.

    Raises:
      ValueError: the sides are no such multiples.
    """
    _check_doublings(shape, doublings)
    height, width = (side >> doublings for side in shape[:2])
    x = dense(height * width * features)(z)
    return x.reshape(-1, height, width, features)


def _check_doublings(shape: tuple[int, int, int], count: int) -> None:
    if any(side % 2**count for side in shape[:2]):
        raise ValueError(
            f"a generator that doubles {count} times needs sides that are multiples of"
            f" {2**count}, got images of {shape[0]} x {shape[1]}"
        )


def halvings(size: tuple[int, int], smallest: int) -> list[tuple[int, int]]:
    """The sizes that strides of 2 lead through, until both sides are <= smallest."""
    sizes = [size]
    while max(sizes[-1]) > smallest:
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    return sizes
