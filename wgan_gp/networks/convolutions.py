"""Convolutions of images, and their transposes, that are fast on CPU too.

`nn.Conv(..., conv_general_dilated=conv_general_dilated)` and `ConvTranspose` are the
layers; what they compute, and how, is in `trilinear.py`.
"""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
from jax import lax

from wgan_gp.networks.filtering import Pair, Window
from wgan_gp.networks.trilinear import LAYOUT, X, Y, gradient


def conv_general_dilated(
    lhs: jax.Array,
    rhs: jax.Array,
    window_strides: Sequence[int],
    padding: str | Sequence[Pair],
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: Any = None,
    feature_group_count: int = 1,
    precision: Any = None,
) -> jax.Array:
    """`jax.lax.conv_general_dilated`, for `nn.Conv(conv_general_dilated=...)`.

    Dilations, groups, unequal strides and other layouts than Flax's for images go to
    `jax.lax` as they are.

    Args:
      lhs: images `[N, H, W, C]`.
      rhs: the kernel `[h, w, C, O]`, of the same dtype.
      window_strides: down and across.
      padding: "SAME", "VALID", or what to pad before and after, down and across.
      lhs_dilation: as in `jax.lax`.
      rhs_dilation: as in `jax.lax`.
      dimension_numbers: as in `jax.lax`.
      feature_group_count: as in `jax.lax`.
      precision: of XLA's convolutions; filtering computes in float32 at least.

    Returns:
      Images `[N, P, Q, O]`.
    """
    numbers, layout = (
        lax.conv_dimension_numbers(lhs.shape, rhs.shape, spec)
        for spec in (dimension_numbers, LAYOUT if lhs.ndim == 4 else None)
    )
    dilations = {*(lhs_dilation or ()), *(rhs_dilation or ())}
    plain = lhs.ndim == 4 and numbers == layout and feature_group_count == 1
    if not (plain and dilations <= {1} and len({*window_strides}) == 1):
        return lax.conv_general_dilated(
            lhs,
            rhs,
            window_strides,
            padding,
            lhs_dilation,
            rhs_dilation,
            numbers,
            feature_group_count,
            precision=precision,
        )
    window = _window(lhs.shape[1:3], rhs.shape[:2], window_strides[0], padding)
    return gradient(Y, lhs, rhs, window, precision)


def conv_transpose(y: jax.Array, kernel: jax.Array, stride: int = 2) -> jax.Array:
    """The transpose of a strided convolution with TensorFlow's "SAME" padding.

    Args:
      y: images `[N, H, W, O]`.
      kernel: `[h, w, C, O]`, as of the convolution from C channels to O.
      stride: of that convolution, by which images grow.

    Returns:
      Images `[N, stride H, stride W, C]`.
    """
    size = stride * y.shape[1], stride * y.shape[2]
    window = _window(size, kernel.shape[:2], stride, "SAME")
    return gradient(X, kernel, y, window)


class ConvTranspose(nn.Module):
    """A layer of `conv_transpose`.

    Attributes:
      features: channels of the output.
      kernel_size: height and width.
      stride: by which images grow.
      use_bias: whether to add one.
      kernel_init: of the kernel, which is kept as `[h, w, inputs, features]`.
    """

    features: int
    kernel_size: Pair
    stride: int = 2
    use_bias: bool = True
    kernel_init: nn.initializers.Initializer = nn.initializers.lecun_normal()

    @nn.compact
    def __call__(self, y: jax.Array) -> jax.Array:
        """Maps `[..., H, W, C]` to `[..., stride H, stride W, features]`."""
        shape = (*self.kernel_size, y.shape[-1], self.features)
        kernel = self.param("kernel", self.kernel_init, shape)
        kernel = kernel.swapaxes(-1, -2).astype(y.dtype)
        x = conv_transpose(y.reshape(-1, *y.shape[-3:]), kernel, self.stride)
        if self.use_bias:
            bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
            x += bias.astype(x.dtype).reshape(1, 1, 1, -1)
        return x.reshape(*y.shape[:-3], *x.shape[1:])


def _window(size, kernel, stride: int, padding) -> Window:
    if isinstance(padding, str):
        padding = lax.padtype_to_pads(size, kernel, (stride, stride), padding)
    pads = tuple((int(low), int(high)) for low, high in padding)
    return Window(tuple(size), tuple(kernel), int(stride), pads)
