"""Convolutions that are fast on CPU too, whatever derivative is taken of them.

A convolution is bilinear in image and kernel, so all it can ever be differentiated
into are the three gradients of one trilinear form,

    T(x, k, y) = sum over n, p, q, c, o of x[n, s p + q, c] k[q, c, o] y[n, p, o]:

the convolution dT/dy, its transpose dT/dx, and dT/dk; and each of these is
differentiated into the other two. One primitive with three faces therefore serves
critics, gradient penalties and the training of both. `jax.vmap` over single images
makes them one batch.

On accelerators the faces are XLA's own convolutions. On CPU, where those are slow,
they are minimal filtering (`filtering.py`), wherever there are channels enough.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir, xla

from wgan_gp.networks import filtering
from wgan_gp.networks.filtering import Pair, Window

_LAYOUT = ("NHWC", "HWIO", "NHWC")
_CHANNELS = 16  # with fewer in x, tiles save too few products


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
        for spec in (dimension_numbers, _LAYOUT if lhs.ndim == 4 else None)
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
    return _face.bind(lhs, rhs, of=Y, window=window, precision=precision)


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
    return _face.bind(kernel, y, of=X, window=window, precision=None)


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


# The primitive. A face is the gradient of T with respect to `of`, and takes the other
# two arguments in their order, each with the same axes in front, if any.

X, K, Y = range(3)
_face = Primitive("trilinear_convolution")


def _others(of: int) -> list[int]:
    return [role for role in (X, K, Y) if role != of]


def _shape(first, second, of: int, window: Window) -> tuple[int, ...]:
    stack = first.shape[:-4]
    if of == K:
        return (*stack, *window.kernel, first.shape[-1], second.shape[-1])
    if of == X:
        return (*stack, second.shape[-4], *window.size, first.shape[-2])
    return (*stack, first.shape[-4], *window.out(), second.shape[-1])


def _aval(first, second, *, of: int, window: Window, precision: Any):
    del precision
    if first.dtype != second.dtype:
        raise ValueError(
            "a convolution needs images and kernel of one dtype, got"
            f" {first.dtype} and {second.dtype}: cast one"
        )
    return jax.core.ShapedArray(_shape(first, second, of, window), first.dtype)


def _transpose(wanted: int, cotangent, first, second, *, of: int, **params):
    """The gradient of T that transposes a face in one of its two arguments."""
    roles = _others(of)
    known = {of: cotangent, roles[1 - wanted]: (first, second)[1 - wanted]}
    return _face.bind(*(known[r] for r in sorted(known)), of=roles[wanted], **params)


def _batch(arguments, axes, *, of: int, **params):
    """Images that share a kernel become one batch; else an axis is put in front."""
    mapped = [axis is not None for axis in axes]
    if of != K and not mapped[_others(of).index(K)]:
        return _batch_images(arguments, axes, mapped.index(True), of=of, **params)
    (size,) = {x.shape[a] for x, a in zip(arguments, axes) if a is not None}
    stacked = [
        jnp.broadcast_to(x[None], (size, *x.shape))
        if a is None
        else jnp.moveaxis(x, a, 0)
        for x, a in zip(arguments, axes)
    ]
    return _face.bind(*stacked, of=of, **params), 0


def _batch_images(arguments, axes, image: int, **params):
    x = arguments[image]
    at = x.ndim - 5
    x = jnp.moveaxis(x, axes[image], at)
    size = x.shape[at]
    folded = list(arguments)
    folded[image] = x.reshape(*x.shape[:at], -1, *x.shape[-3:])
    y = _face.bind(*folded, **params)
    return y.reshape(*y.shape[:at], size, -1, *y.shape[-3:]), at


def _native(first, second, *, of: int, window: Window, precision: Any) -> jax.Array:
    """A face as XLA's convolution, or as what transposes it."""

    def convolve(x, k):
        strides = (window.stride,) * 2
        return lax.conv_general_dilated(
            x, k, strides, window.pads, None, None, _LAYOUT, precision=precision
        )

    if of == Y:
        return convolve(first, second)
    argument = jax.ShapeDtypeStruct(_shape(first, second, of, window), first.dtype)
    linear = partial(convolve, first) if of == K else lambda x: convolve(x, first)
    return jax.linear_transpose(linear, argument)(second)[0]


def _on_cpu(first, second, *, of: int, window: Window, precision: Any) -> jax.Array:
    channels = first.shape[-2 if of == X else -1] * window.stride**2
    wide = jnp.promote_types(first.dtype, jnp.float32)
    arrays = first.astype(wide), second.astype(wide)
    if window.kernel == (1, 1) and window.out() == window.size:
        result = _MATMUL[of](*arrays)
    elif (of == K or channels >= _CHANNELS) and filtering.fits(window):
        result = _FILTERING[of](*arrays, window)
    else:
        result = _native(*arrays, of=of, window=window, precision=precision)
    return result.astype(first.dtype)


def _flat(x: jax.Array) -> jax.Array:
    return x.reshape(-1, x.shape[-1])


# In the order X, K, Y.
_FILTERING = filtering.transposed, filtering.kernel_gradient, filtering.convolution
_MATMUL = (
    lambda k, y: y @ k[0, 0].T,
    lambda x, y: (_flat(x).T @ _flat(y))[None, None],
    lambda x, k: x @ k[0, 0],
)


def _stacked(face, over):
    """The face of arguments with axes in front, by `over(face)` for each."""

    def lower(first, second, **params):
        function = partial(face, **params)
        for _ in range(first.ndim - 4):
            function = over(function)
        return function(first, second)

    return mlir.lower_fun(lower, multiple_results=False)


def _in_turn(function):
    return lambda *arguments: lax.map(lambda each: function(*each), arguments)


_face.def_impl(partial(xla.apply_primitive, _face))
_face.def_abstract_eval(_aval)
ad.defbilinear(_face, partial(_transpose, 0), partial(_transpose, 1))
batching.primitive_batchers[_face] = _batch
mlir.register_lowering(_face, _stacked(_native, jax.vmap))
mlir.register_lowering(_face, _stacked(_on_cpu, _in_turn), platform="cpu")
