"""The package's functions, with the arguments of their namesakes in `jax.lax`."""

from collections.abc import Sequence
from typing import Any

import jax
from jax import lax

from wgan_gp.networks.cpu_conv.phases import Pair, Window
from wgan_gp.networks.cpu_conv.trilinear import LAYOUT, X, Y, gradient


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

    Convolutions of images in Flax's layout with equal strides are computed by this
    package. All others (dilations, groups, unequal strides, other layouts) are passed
    on to `jax.lax`.

    Args:
      lhs: images `[N, H, W, C]`.
      rhs: the kernel `[h, w, C, O]`, of the same dtype.
      window_strides: the strides, vertical and horizontal.
      padding: "SAME", "VALID", or pixels to pad before and after, for both directions.
      lhs_dilation: as in `jax.lax`.
      rhs_dilation: as in `jax.lax`.
      dimension_numbers: as in `jax.lax`.
      feature_group_count: as in `jax.lax`.
      precision: of XLA's convolutions; this package computes in float32 at least.

    Returns:
      Images `[N, P, Q, O]`.

    Raises:
      ValueError: images and kernel differ in dtype.
    """
    numbers, layout = (
        lax.conv_dimension_numbers(lhs.shape, rhs.shape, spec)
        for spec in (dimension_numbers, LAYOUT if lhs.ndim == 4 else None)
    )
    dilations = {*(lhs_dilation or ()), *(rhs_dilation or ())}
    in_layout = lhs.ndim == 4 and numbers == layout and feature_group_count == 1
    if not (in_layout and dilations <= {1} and len({*window_strides}) == 1):
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


def conv_transpose(y: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    """The transpose of a strided convolution with "SAME" padding.

    Equal to `jax.lax.conv_transpose(..., "SAME", transpose_kernel=True)`.

    Args:
      y: images `[N, H, W, O]`.
      kernel: `[h, w, C, O]`, that of the convolution from C channels to O, of the same
        dtype.
      stride: of that convolution; the factor by which images grow.

    Returns:
      Images `[N, stride H, stride W, C]`.

    Raises:
      ValueError: images and kernel differ in dtype.
    """
    size = stride * y.shape[1], stride * y.shape[2]
    window = _window(size, kernel.shape[:2], stride, "SAME")
    return gradient(X, kernel, y, window)


def _window(size, kernel, stride: int, padding) -> Window:
    """The sizes, with the padding in pixels; hashable, as a primitive's parameter."""
    if isinstance(padding, str):
        padding = lax.padtype_to_pads(size, kernel, (stride, stride), padding)
    pads = tuple((int(low), int(high)) for low, high in padding)
    return Window(tuple(size), tuple(kernel), int(stride), pads)
