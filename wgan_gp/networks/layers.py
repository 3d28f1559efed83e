"""Layers of the image networks.

As in the reference implementation of Gulrajani et al. 2017 (arXiv:1704.00028):
convolutions with TensorFlow's "SAME" padding, weights from `initialisers.py`, zero
biases. All take images `[..., H, W, C]`, so that critics can be written for one image
and generators for a batch.

The names of these modules are part of stored parameters (`ConvTranspose_0`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
from jax import lax

from wgan_gp.networks import cpu_conv
from wgan_gp.networks.initialisers import (
    GLOROT_SCALE,
    HE_SCALE,
    fan_avg_uniform,
    uniform,
)
from wgan_gp.networks.normalisations import WeightNorm, with_weight_norm
from wgan_gp.networks.resizing import size_before_doublings

_CONFIG: Any = jax.config  # its attributes are made when JAX is imported


class Convolutions(NamedTuple):
    """What computes the convolutions of a program.

    Attributes:
      convolve: with the arguments of `jax.lax.conv_general_dilated`, which None stands
        for in `nn.Conv`.
      transpose: `(y, kernel, stride) -> x`, from `[N, H, W, O]` by a kernel
        `[h, w, C, O]` to `[N, stride H, stride W, C]`.
    """

    convolve: Callable[..., jax.Array] | None
    transpose: Callable[[jax.Array, jax.Array, int], jax.Array]


def trace_platform() -> str:
    """The platform that a program which is being traced will run on, such as "cpu".

    It is the platform of `jax.default_device` if one is set, and JAX's default backend
    otherwise. Both are fixed for a traced program: JAX traces again when the default
    device changes. Where a program is placed on another platform all the same, by its
    arguments or by `jax.jit(backend=...)`, it computes the same, but may be slower.
    """
    device = _CONFIG.jax_default_device
    if device is None:
        return jax.default_backend()
    return device if isinstance(device, str) else device.platform


def convolutions() -> Convolutions:
    """JAX's own convolutions, except on CPUs: see `cpu_conv`.

    Chosen while tracing, not by `jax.lax.platform_dependent`, which would trace and
    differentiate both for every layer.
    """
    if trace_platform() == "cpu":
        return Convolutions(cpu_conv.conv_general_dilated, cpu_conv.conv_transpose)
    return Convolutions(None, _lax_conv_transpose)


def _lax_conv_transpose(y: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    layout = ("NHWC", "HWIO", "NHWC")
    strides = (stride, stride)
    return lax.conv_transpose(
        y, kernel, strides, "SAME", dimension_numbers=layout, transpose_kernel=True
    )


def dense(
    features: int, *, weight_std: float = 0.0, norm: str = "none", **options: Any
) -> nn.Dense | WeightNorm:
    """A linear layer.

    Args:
      features: the outputs.
      weight_std: standard deviation of the weights; 0 for Glorot's.
      norm: of the network; "weight" normalises this layer's weights.
      **options: of `nn.Dense`.
    """
    init = uniform(weight_std) if weight_std else fan_avg_uniform(GLOROT_SCALE)
    return with_weight_norm(norm, nn.Dense(features, kernel_init=init, **options))


def project_and_reshape(
    z: jax.Array, shape: tuple[int, int, int], doublings: int, features: int
) -> jax.Array:
    """A linear layer from latents to the smallest images of a generator.

    Called in a `compact` method, whose module then has the layer.

    Args:
      z: latents `[B, Z]`.
      shape: H, W, C of the full images.
      doublings: how often height and width are doubled until then.
      features: channels of the smallest images.

    Returns:
      `[B, H / 2^doublings, W / 2^doublings, features]`.

    Raises:
      ValueError: the full sides are not multiples of 2^doublings.
    """
    height, width = size_before_doublings(shape, doublings)
    x = dense(height * width * features)(z)
    return x.reshape(-1, height, width, features)


def conv(
    features: int,
    kernel: int = 3,
    stride: int = 1,
    *,
    scale: float = HE_SCALE,
    weight_std: float = 0.0,
    norm: str = "none",
    **options: Any,
) -> nn.Conv | WeightNorm:
    """A convolution of one image `[H, W, C]`, or of a batch `[B, H, W, C]`.

    Args:
      features: channels of the output.
      kernel: height and width of the kernel.
      stride: in both directions.
      scale: of the weights' variance, as in `fan_avg_uniform`.
      weight_std: standard deviation of the weights; 0 for one by `scale`.
      norm: of the network; "weight" normalises this layer's weights.
      **options: of `nn.Conv`.
    """
    init = uniform(weight_std) if weight_std else fan_avg_uniform(scale, stride)
    layer = nn.Conv(
        features,
        (kernel, kernel),
        (stride, stride),
        kernel_init=init,
        conv_general_dilated=convolutions().convolve,
        **options,
    )
    return with_weight_norm(norm, layer)


class ConvTranspose(nn.Module):
    """A transposed convolution by which images grow by `stride`.

    The exact transpose of a convolution with "SAME" padding, as TensorFlow's
    `conv2d_transpose`. `nn.ConvTranspose` is another parametrisation of the same
    layer: its kernel is turned by 180 degrees.

    Attributes:
      features: channels of the output.
      kernel_size: height and width of the kernel.
      stride: by which images grow, in both directions.
      use_bias: whether to add a bias.
      kernel_init: of the kernel `[h, w, inputs, features]`.
    """

    features: int
    kernel_size: tuple[int, int]
    stride: int = 2
    use_bias: bool = True
    kernel_init: nn.initializers.Initializer = nn.initializers.lecun_normal()

    @nn.compact
    def __call__(self, y: jax.Array) -> jax.Array:
        """Maps `[..., H, W, C]` to `[..., stride H, stride W, features]`."""
        shape = (*self.kernel_size, y.shape[-1], self.features)
        kernel = self.param("kernel", self.kernel_init, shape)
        # The convolution that is transposed leads from `features` channels to y's.
        kernel = kernel.swapaxes(-1, -2).astype(y.dtype)
        batch = y.reshape(-1, *y.shape[-3:])
        x = convolutions().transpose(batch, kernel, self.stride)
        if self.use_bias:
            bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
            x += bias.astype(x.dtype).reshape(1, 1, 1, -1)
        return x.reshape(*y.shape[:-3], *x.shape[1:])
