"""The trilinear form of a convolution, whose gradients are all its derivatives.

A convolution is bilinear in image and kernel, so all it can ever be differentiated
into are the three gradients of one trilinear form,

    T(x, k, y) = sum over n, p, q, c, o of x[n, s p + q, c] k[q, c, o] y[n, p, o]:

the convolution dT/dy, its transpose dT/dx, and dT/dk; and each of these is
differentiated into the other two. One primitive with three faces therefore serves
critics, gradient penalties and the training of both. `jax.vmap` over single images
makes them one batch.

On accelerators the faces are XLA's own convolutions. On CPU, where those can be slow,
they are minimal filtering (`filtering.py`) wherever there are channels enough.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir, xla

from wgan_gp.networks import filtering
from wgan_gp.networks.filtering import Window

LAYOUT = ("NHWC", "HWIO", "NHWC")
X, K, Y = range(3)

_CHANNELS = 16  # with fewer in x, tiles save too few products
_face = Primitive("trilinear_convolution")


def gradient(
    of: int, first: jax.Array, second: jax.Array, window: Window, precision: Any = None
) -> jax.Array:
    """The gradient of T with respect to one argument.

    Args:
      of: which: `X`, `K` or `Y`.
      first: the first of the other two, of images `[N, H, W, C]`, a kernel
        `[h, w, C, O]` and images `[N, P, Q, O]`.
      second: the second of them.
      window: sizes, stride and padding.
      precision: of XLA's convolutions; filtering computes in float32 at least.

    Raises:
      ValueError: the two differ in dtype.
    """
    if first.dtype != second.dtype:
        raise ValueError(
            "a convolution needs images and kernel of one dtype, got"
            f" {first.dtype} and {second.dtype}: cast one"
        )
    return _face.bind(first, second, of=of, window=window, precision=precision)


def _others(of: int) -> list[int]:
    """The arguments that a face takes, each with the same axes in front, if any."""
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
            x, k, strides, window.pads, None, None, LAYOUT, precision=precision
        )

    if of == Y:
        return convolve(first, second)
    argument = jax.ShapeDtypeStruct(_shape(first, second, of, window), first.dtype)
    linear = partial(convolve, first) if of == K else lambda x: convolve(x, first)
    return jax.linear_transpose(linear, argument)(second)[0]


def _on_cpu(first, second, *, of: int, window: Window, precision: Any) -> jax.Array:
    """A face in the form that was fastest on CPU; benchmarks/convolutions.py."""
    narrow = first.shape[-2 if of == X else -1] * window.stride**2 < _CHANNELS
    pointwise = window.kernel == (1, 1) and window.out() == window.size
    empty = not all((*first.shape, *second.shape, *window.out()))
    wide = jnp.promote_types(first.dtype, jnp.float32)
    arrays = first.astype(wide), second.astype(wide)
    if pointwise or (narrow and of == K):
        result = _product(*arrays, of, window)
    elif filtering.fits(window) and not (narrow or empty):
        result = _FILTERING[of](*arrays, window)
    else:
        result = _native(*arrays, of=of, window=window, precision=precision)
    return result.astype(first.dtype)


# In the order X, K, Y.
_FILTERING = filtering.transposed, filtering.kernel_gradient, filtering.convolution


def _product(first, second, of: int, window: Window) -> jax.Array:
    """One product of matrices: a face of 1 x 1 taps, or the gradient of any kernel."""
    if of == X:
        return second @ first[0, 0].T
    if of == Y:
        return first @ second[0, 0]
    patches = _patches(first, window)
    patches, y = (x.reshape(-1, x.shape[-1]) for x in (patches, second))
    return (patches.T @ y).reshape(_shape(first, second, of, window))


def _patches(x: jax.Array, window: Window) -> jax.Array:
    """What each output sees: `[N, H, W, C]` to `[N, P, Q, h w C]`."""
    (top, left), none = ((low, high, 0) for low, high in window.pads), (0, 0, 0)
    x = lax.pad(x, jnp.zeros((), x.dtype), (none, top, left, none))
    (rows, columns), s = window.out(), window.stride
    shifted = [
        x[:, i : i + s * (rows - 1) + 1 : s, j : j + s * (columns - 1) + 1 : s]
        for i, j in np.ndindex(*window.kernel)
    ]
    return jnp.concatenate(shifted, axis=-1)


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
