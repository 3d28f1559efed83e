"""Winograd's minimal filtering: convolutions from fewer products.

Winograd 1980 (Arithmetic Complexity of Computations), in two dimensions as by Lavin and
Gray 2016 (arXiv:1509.09308), F(4 x 4, 3 x 3) there. The product of two polynomials, of
3 and 4 terms, follows from its values at 6 points. By transposition, 4 outputs of a
filter with 3 taps follow from 6 inputs and 6 products, in place of 12. In two
dimensions 36 products take the place of 144, and each is a product of matrices over all
tiles and channels, which CPUs are fast at.

Strides are removed first, by `phases.py`.

Shapes: images `[N, H, W, C]`, kernels `[h, w, C, O]`.
"""

import math
from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from wgan_gp.networks.cpu_conv.phases import (
    TAPS,
    Pair,
    Window,
    low_padding,
    phase_kernel,
    to_phases,
)


def convolution(x: jax.Array, k: jax.Array, window: Window) -> jax.Array:
    """The convolution of images with a kernel.

    Args:
      x: images `[N, H, W, C]`, float32 or float64.
      k: the kernel `[h, w, C, O]`.
      window: sizes for which `fits` holds.

    Returns:
      Images `[N, P, Q, O]`.
    """
    phases = to_phases(x, window.stride)
    return _filter(phases, _tap_values(k, window), low_padding(window), window.out())


def transposed(k: jax.Array, y: jax.Array, window: Window) -> jax.Array:
    """The transpose of `convolution` with respect to x.

    Args:
      k: the kernel `[h, w, C, O]`.
      y: images `[N, P, Q, O]`.
      window: sizes for which `fits` holds.

    Returns:
      Images `[N, H, W, C]`.
    """
    # It is a convolution of y with the kernel turned by 180 degrees.
    size = tuple(-(-size // window.stride) for size in window.size)
    low = [TAPS - 1 - before for before in low_padding(window)]
    x = jax.ShapeDtypeStruct((len(y), *window.size, k.shape[-2]), y.dtype)
    from_phases = jax.linear_transpose(partial(to_phases, stride=window.stride), x)
    return from_phases(_filter(y, _tap_values(k, window), low, size, turned=True))[0]


def kernel_gradient(x: jax.Array, y: jax.Array, window: Window) -> jax.Array:
    """The transpose of `convolution` with respect to k.

    Args:
      x: images `[N, H, W, C]`.
      y: images `[N, P, Q, O]`.
      window: sizes for which `fits` holds.

    Returns:
      A kernel `[h, w, C, O]`.
    """
    k = (*window.kernel, x.shape[-1], y.shape[-1])
    from_taps = jax.linear_transpose(
        partial(phase_kernel, window=window), jax.ShapeDtypeStruct(k, x.dtype)
    )
    return from_taps(_correlate(to_phases(x, window.stride), y, low_padding(window)))[0]


_OUTPUTS = 4  # of a tile, in each direction
_INPUTS = _OUTPUTS + TAPS - 1  # also the number of points
# With these points, and infinity, rounding errors are a quarter of those with the
# usual 0, 1, -1, 2, -2.
_POINTS = (0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5))
# This many tiles, and all that is computed from them, stay in the cache together.
_TILES_AT_ONCE = 256


def _values(terms: int) -> np.ndarray:
    """The matrix `[6, terms]` from a polynomial's coefficients to its values.

    The value at infinity is the highest coefficient.
    """
    finite = np.vander(_POINTS, terms, increasing=True)
    return np.concatenate([finite, np.eye(terms)[-1:]])


# G, A and B^T in the notation of Lavin and Gray 2016.
_TAP_TRANSFORM, _OUTPUT_TRANSFORM = _values(TAPS), _values(_OUTPUTS)
_INPUT_TRANSFORM = np.linalg.inv(_values(_INPUTS)).T
_INPUT_TRANSFORM[np.abs(_INPUT_TRANSFORM) < 1e-12] = 0  # `_combine` leaves zeros out
# Taps in reverse order are a polynomial r(t) = t^2 k(1 / t), and 1 / t is a point where
# t is one: its values are those of k in another order, times t^2. With order and scale
# moved into the transforms of inputs and outputs, a kernel and the same kernel turned
# by 180 degrees share their values.
_TURNED = np.array([5, 3, 4, 1, 2, 0])
_SCALE = np.array([1, 2, 2, 0.5, 0.5, 1])[:, None]
_TURNED_INPUT_TRANSFORM = _SCALE * _INPUT_TRANSFORM[_TURNED]
_TURNED_OUTPUT_TRANSFORM = _OUTPUT_TRANSFORM[_TURNED]


def _tap_values(k: jax.Array, window: Window) -> jax.Array:
    """Transforms a kernel `[h, w, C, O]`: `[36, s^2 C, O]`."""
    taps = phase_kernel(k, window)
    return _both(_TAP_TRANSFORM, taps).reshape(_INPUTS**2, *taps.shape[2:])


def _filter(
    x: jax.Array, taps: jax.Array, low: Sequence[int], size: Sequence[int], turned=False
) -> jax.Array:
    """y[p] = sum over q of x[p + q - low] k[q], for all p below `size`.

    Args:
      x: images `[N, H, W, C]`, zero outside.
      taps: `[36, C, O]`, from `_tap_values`.
      low: pixels of padding before x.
      size: height and width of y.
      turned: takes k[2 - q] for k[q], and O for C. Matrix products take a transposed
        factor at no cost.

    Returns:
      Images `[N, *size, O]`.
    """
    grid = _grid(size)
    into, out_of = _INPUT_TRANSFORM, _OUTPUT_TRANSFORM
    if turned:
        taps = taps.swapaxes(1, 2)
        into, out_of = _TURNED_INPUT_TRANSFORM, _TURNED_OUTPUT_TRANSFORM
    channels = taps.shape[-1]

    def convolve_portion(x):
        products = jnp.matmul(_input_values(x, low, grid, into), taps)
        products = products.reshape(_INPUTS, _INPUTS, -1, *grid, channels)
        y = _combine(out_of.T, list(products), 3)
        y = _combine(out_of.T, list(y), 4)
        y = y.reshape(-1, _OUTPUTS * grid[0], _OUTPUTS * grid[1], channels)
        return y[:, : size[0], : size[1]]

    y = lax.map(convolve_portion, _portions(x, grid))
    return y.reshape(-1, *size, channels)[: len(x)]


def _correlate(x: jax.Array, y: jax.Array, low: Sequence[int]) -> jax.Array:
    """k[q] = sum over p of x[p + q - low] y[p], a kernel `[3, 3, C, O]`."""
    grid = _grid(y.shape[1:3])

    def add(total, portion):
        x = _input_values(portion[0], low, grid, _INPUT_TRANSFORM)
        return total + x.swapaxes(1, 2) @ _output_values(portion[1], grid), None

    start = jnp.zeros((_INPUTS**2, x.shape[-1], y.shape[-1]), x.dtype)
    total, _ = lax.scan(add, start, (_portions(x, grid), _portions(y, grid)))
    return _both(_TAP_TRANSFORM.T, total.reshape(_INPUTS, _INPUTS, *total.shape[1:]))


def _input_values(
    x: jax.Array, low: Sequence[int], grid: Pair, matrix: np.ndarray
) -> jax.Array:
    """Transforms tiles of 6 x 6 inputs, which overlap by 2, by a matrix `[6, 6]`.

    Images `[n, H, W, C]` to values `[36, tiles, C]`.
    """
    edges = [
        (before, _OUTPUTS * tiles + TAPS - 1 - before - size, 0)
        for before, tiles, size in zip(low, grid, x.shape[1:3])
    ]
    x = lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), *edges, (0, 0, 0)))
    height, width = (_OUTPUTS * (tiles - 1) + 1 for tiles in grid)
    rows = [x[:, i : i + height : _OUTPUTS] for i in range(_INPUTS)]
    x = _combine(matrix, rows, 0)
    columns = [x[:, :, :, j : j + width : _OUTPUTS] for j in range(_INPUTS)]
    return _combine(matrix, columns, 1).reshape(_INPUTS**2, -1, x.shape[-1])


def _output_values(y: jax.Array, grid: Pair) -> jax.Array:
    """Transforms tiles of 4 x 4 outputs: `[n, H, W, O]` to `[36, tiles, O]`."""
    after = [_OUTPUTS * tiles - size for tiles, size in zip(grid, y.shape[1:3])]
    y = jnp.pad(y, ((0, 0), (0, after[0]), (0, after[1]), (0, 0)))
    y = y.reshape(-1, grid[0], _OUTPUTS, grid[1], _OUTPUTS, y.shape[-1])
    y = _combine(_OUTPUT_TRANSFORM, [y[:, :, i] for i in range(_OUTPUTS)], 0)
    y = _combine(_OUTPUT_TRANSFORM, [y[:, :, :, :, j] for j in range(_OUTPUTS)], 1)
    return y.reshape(_INPUTS**2, -1, y.shape[-1])


def _grid(size: Sequence[int]) -> Pair:
    """The numbers of tiles, vertical and horizontal, that cover so many outputs."""
    return -(-size[0] // _OUTPUTS), -(-size[1] // _OUTPUTS)


def _portions(images: jax.Array, grid: Pair) -> jax.Array:
    """`[N, ...]` in m portions of few tiles, `[m, n, ...]`; zeros after the last."""
    fit = max(1, _TILES_AT_ONCE // math.prod(grid))
    m = -(-len(images) // fit)
    n = -(-len(images) // m)
    images = jnp.pad(images, ((0, m * n - len(images)), *[(0, 0)] * 3))
    return images.reshape(m, n, *images.shape[1:])


def _both(matrix: np.ndarray, array: jax.Array) -> jax.Array:
    """The matrix applied to the first axis and to the second."""
    array = _combine(matrix, list(array), 0)
    return _combine(matrix, [array[:, j] for j in range(array.shape[1])], 1)


def _combine(matrix: np.ndarray, parts: Sequence[jax.Array], axis: int) -> jax.Array:
    """`matrix @ parts`, stacked on a new axis.

    Sums of scaled arrays, without the matrix's zeros: elementwise, so XLA fuses them.
    """
    rows = [[float(c) * part for c, part in zip(row, parts) if c] for row in matrix]
    return jnp.stack([sum(row[1:], start=row[0]) for row in rows], axis)
