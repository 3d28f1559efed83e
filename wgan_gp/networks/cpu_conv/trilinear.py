"""The primitive: one trilinear form whose gradients are all that convolutions need.

A convolution is bilinear in image and kernel. It is the gradient with respect to y of

    T(x, k, y) = sum over n, p, q, c, o of x[n, s p + q, c] k[q, c, o] y[n, p, o]

with images x, a kernel k, a cotangent y of the output, and a stride s. The other two
gradients are the transposed convolution (dT/dx) and the gradient of the kernel (dT/dk).
Each gradient is bilinear again, and its derivatives are the other two. So derivatives
of any order are these three operations, and one primitive represents them all: its
parameter `of` says with respect to which argument T is differentiated.

`jax.vmap` over single images folds them into one batch, which is what makes critics of
one sample as fast as critics of batches.

On CPUs the primitive is lowered to Winograd's minimal filtering (`winograd.py`) where
there are enough channels. For other platforms it is lowered to XLA's convolutions: a
program that was traced for a CPU then runs elsewhere, too.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir, xla

from wgan_gp.networks.cpu_conv import winograd
from wgan_gp.networks.cpu_conv.phases import Window, fits

LAYOUT = ("NHWC", "HWIO", "NHWC")  # Flax's, of images, kernel and output
X, K, Y = range(3)  # the arguments of T

_MIN_CHANNELS = 16  # with fewer in x, the tiles' transforms cost more than they save
_primitive = Primitive("trilinear_convolution")


def gradient(
    of: int, first: jax.Array, second: jax.Array, window: Window, precision: Any = None
) -> jax.Array:
    """The gradient of T with respect to one of its arguments.

    The arguments of T are images x `[N, H, W, C]`, a kernel k `[h, w, C, O]` and images
    y `[N, P, Q, O]`.

    Args:
      of: the argument: `X`, `K` or `Y`.
      first: the first of the other two, in the order x, k, y.
      second: the second of the other two.
      window: sizes, stride and padding.
      precision: of XLA's convolutions; `winograd` computes in float32 at least.

    Returns:
      An array of the shape and dtype of the argument that `of` names.

    Raises:
      ValueError: the two differ in dtype.
    """
    if first.dtype != second.dtype:
        raise ValueError(
            "a convolution needs images and kernel of one dtype, got"
            f" {first.dtype} and {second.dtype}: cast one"
        )
    return _primitive.bind(first, second, of=of, window=window, precision=precision)


def _others(of: int) -> list[int]:
    """The arguments of T that its gradient with respect to `of` still takes."""
    return [role for role in (X, K, Y) if role != of]


def _shape(first, second, of: int, window: Window) -> tuple[int, ...]:
    """The gradient's shape; both arguments have the same leading axes, if any."""
    leading = first.shape[:-4]
    if of == K:
        return (*leading, *window.kernel, first.shape[-1], second.shape[-1])
    if of == X:
        return (*leading, second.shape[-4], *window.size, first.shape[-2])
    return (*leading, first.shape[-4], *window.out(), second.shape[-1])


def _abstract_eval(first, second, *, of: int, window: Window, precision: Any):
    del precision  # does not change the shape
    return jax.core.ShapedArray(_shape(first, second, of, window), first.dtype)


def _transpose(wanted: int, cotangent, first, second, *, of: int, **params):
    """The transpose of a gradient in its argument number `wanted`, a gradient itself.

    Transposing dT/da, a function of b and c, in b exchanges a and b: the result is
    dT/db as a function of the cotangent, in the place of a, and of c.
    """
    roles = _others(of)
    known = {of: cotangent, roles[1 - wanted]: (first, second)[1 - wanted]}
    return _primitive.bind(
        *(known[r] for r in sorted(known)), of=roles[wanted], **params
    )


def _batch(arguments, axes, *, of: int, **params):
    """`jax.vmap` of a gradient.

    Images that share a kernel become one larger batch. Otherwise both arguments get a
    leading axis, over which the lowering maps.
    """
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
    return _primitive.bind(*stacked, of=of, **params), 0


def _batch_images(arguments, axes, image: int, **params):
    """Folds the mapped axis of the argument number `image` into its batch."""
    x = arguments[image]
    axis = x.ndim - 5  # before the batch, behind leading axes of earlier maps
    x = jnp.moveaxis(x, axes[image], axis)
    size = x.shape[axis]
    folded = list(arguments)
    folded[image] = x.reshape(*x.shape[:axis], -1, *x.shape[-3:])
    y = _primitive.bind(*folded, **params)
    return y.reshape(*y.shape[:axis], size, -1, *y.shape[-3:]), axis


def _xla(first, second, *, of: int, window: Window, precision: Any) -> jax.Array:
    """The gradient by XLA's convolution, or by its transpose."""

    def convolve(x, k):
        strides = (window.stride,) * 2
        return lax.conv_general_dilated(
            x, k, strides, window.pads, None, None, LAYOUT, precision=precision
        )

    if of == Y:
        return convolve(first, second)
    argument = jax.ShapeDtypeStruct(_shape(first, second, of, window), first.dtype)
    linear = partial(convolve, first) if of == K else lambda x: convolve(x, first)
    return jax.linear_transpose(linear, argument)(second)[0]


def _cpu(first, second, *, of: int, window: Window, precision: Any) -> jax.Array:
    """The gradient in the form that is fastest on CPUs.

    `python -m benchmarks.convolutions` measures the forms.
    """
    # Strides turn pixels into channels; see `winograd.py`.
    narrow = first.shape[-2 if of == X else -1] * window.stride**2 < _MIN_CHANNELS
    pointwise = window.kernel == (1, 1) and window.out() == window.size
    empty = not all((*first.shape, *second.shape, *window.out()))
    # Winograd's transforms would lose the few digits of bfloat16.
    dtype = jnp.promote_types(first.dtype, jnp.float32)
    arrays = first.astype(dtype), second.astype(dtype)
    if pointwise or (narrow and of == K):
        result = _matmul(*arrays, of, window)
    elif fits(window) and not (narrow or empty):
        result = _WINOGRAD[of](*arrays, window)
    else:
        result = _xla(*arrays, of=of, window=window, precision=precision)
    return result.astype(first.dtype)


# In the order X, K, Y.
_WINOGRAD = winograd.transposed, winograd.kernel_gradient, winograd.convolution


def _matmul(first, second, of: int, window: Window) -> jax.Array:
    """One product of matrices.

    A convolution with a 1 x 1 kernel and its transpose are products as they are. The
    gradient of any kernel is the product of the patches under the kernel (im2col) with
    the cotangents.
    """
    if of == X:
        return second @ first[0, 0].T
    if of == Y:
        return first @ second[0, 0]
    y = second.reshape(-1, second.shape[-1])
    return (_patches(first, window) @ y).reshape(_shape(first, second, of, window))


def _patches(x: jax.Array, window: Window) -> jax.Array:
    """What each output sees, a column each: `[N, H, W, C]` to `[h w C, N P Q]`."""
    (top, left), none = ((low, high, 0) for low, high in window.pads), (0, 0, 0)
    x = lax.pad(x, jnp.zeros((), x.dtype), (none, top, left, none))
    x = x.transpose(3, 0, 1, 2)  # few channels: rows of pixels are copied faster
    (rows, columns), s = window.out(), window.stride
    shifted = [
        x[:, :, i : i + s * (rows - 1) + 1 : s, j : j + s * (columns - 1) + 1 : s]
        for i, j in np.ndindex(*window.kernel)
    ]
    return jnp.stack(shifted).reshape(math.prod(window.kernel) * len(x), -1)


def _lowering(gradient_of_one, over):
    """A lowering rule.

    Args:
      gradient_of_one: `_xla` or `_cpu`, for arguments without leading axes.
      over: maps such a function over one leading axis of both arguments.

    Returns:
      A rule for `mlir.register_lowering`.
    """

    def lower(first, second, **params):
        function = partial(gradient_of_one, **params)
        for _ in range(first.ndim - 4):
            function = over(function)
        return function(first, second)

    return mlir.lower_fun(lower, multiple_results=False)


def _one_at_a_time(function):
    """Maps by a loop: a batched form would hold the tiles of all kernels at once."""
    return lambda *arguments: lax.map(lambda each: function(*each), arguments)


_primitive.def_impl(partial(xla.apply_primitive, _primitive))
_primitive.def_abstract_eval(_abstract_eval)
ad.defbilinear(_primitive, partial(_transpose, 0), partial(_transpose, 1))
batching.primitive_batchers[_primitive] = _batch
mlir.register_lowering(_primitive, _lowering(_xla, jax.vmap))
mlir.register_lowering(_primitive, _lowering(_cpu, _one_at_a_time), platform="cpu")
