"""Minimal filtering: convolutions from few products, for `trilinear.py`.

Winograd 1980 (Arithmetic Complexity of Computations), in two dimensions as by Lavin and
Gray 2016 (arXiv:1509.09308). The product of two polynomials, of 3 and 4 terms, follows
from its values at 6 points; by transposition, so do 4 outputs of a filter of 3 taps
from 6 inputs. In two dimensions 36 products take the place of 144.

Strides are seen to first: the phases of an image become channels, so that 3 x 3 taps
stand for kernels of up to 5 x 5 or 6 x 6 at stride 2.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Pair = tuple[int, int]


class Window(NamedTuple):
    """A convolution of images x to images y, but for the numbers of channels."""

    size: Pair  # height and width of x
    kernel: Pair
    stride: int
    pads: tuple[Pair, ...]  # of x, low and high

    def out(self) -> Pair:
        """Height and width of y."""
        height, width = (
            (size + sum(pads) - taps) // self.stride + 1
            for size, taps, pads in zip(self.size, self.kernel, self.pads)
        )
        return height, width


def fits(window: Window) -> bool:
    """Whether 3 x 3 taps of the phases cover the kernel."""
    taps = max(lead + taps for lead, taps in zip(_lead(window), window.kernel))
    return taps <= _TAPS * window.stride


def convolution(x: jax.Array, k: jax.Array, window: Window) -> jax.Array:
    """The convolution of `[N, H, W, C]` with `[h, w, C, O]`."""
    phases, taps = _phases(x, window.stride), _taps(k, window)
    return _filter(phases, taps, _low(window), window.out())


def transposed(k: jax.Array, y: jax.Array, window: Window) -> jax.Array:
    """The transpose of `convolution` with respect to x."""
    size = tuple(-(-size // window.stride) for size in window.size)
    low = [_TAPS - 1 - before for before in _low(window)]
    turned = _taps(k, window)[::-1, ::-1]
    x = jax.ShapeDtypeStruct((len(y), *window.size, k.shape[-2]), y.dtype)
    from_phases = jax.linear_transpose(partial(_phases, stride=window.stride), x)
    return from_phases(_filter(y, turned, low, size, back=True))[0]


def kernel_gradient(x: jax.Array, y: jax.Array, window: Window) -> jax.Array:
    """The transpose of `convolution` with respect to k."""
    k = (*window.kernel, x.shape[-1], y.shape[-1])
    from_taps = jax.linear_transpose(
        partial(_taps, window=window), jax.ShapeDtypeStruct(k, x.dtype)
    )
    return from_taps(_correlate(_phases(x, window.stride), y, _low(window)))[0]


# Strides


def _phases(x: jax.Array, stride: int) -> jax.Array:
    """`[N, H, W, C]` to `[N, H / s, W / s, s^2 C]`, zeros after the ends."""
    n, height, width, channels = x.shape
    rows, columns = -(-height // stride), -(-width // stride)
    after = rows * stride - height, columns * stride - width
    x = jnp.pad(x, ((0, 0), (0, after[0]), (0, after[1]), (0, 0)))
    x = x.reshape(n, rows, stride, columns, stride, channels)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(n, rows, columns, -1)


def _taps(k: jax.Array, window: Window) -> jax.Array:
    """`[h, w, C, O]` to `[3, 3, s^2 C, O]`, which acts on the phases."""
    whole = _TAPS * window.stride
    edges = [
        (lead, whole - lead - taps) for lead, taps in zip(_lead(window), window.kernel)
    ]
    k = jnp.pad(k, (*edges, (0, 0), (0, 0)))
    return _phases(k.transpose(3, 0, 1, 2), window.stride).transpose(1, 2, 3, 0)


def _lead(window: Window) -> list[int]:
    """Zeros before the kernel that make the padding a multiple of the stride."""
    return [-low % window.stride for low, _ in window.pads]


def _low(window: Window) -> list[int]:
    """The padding before the phases."""
    pads = zip(window.pads, _lead(window))
    return [(low + lead) // window.stride for (low, _), lead in pads]


# Stride 1, 3 x 3 taps

_TAPS, _SIDE, _TILE = 3, 4, 6
# With these points, and infinity, rounding errors are a quarter of those with the
# usual 0, 1, -1, 2, -2.
_POINTS = (0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5))
# So many tiles at a time stay in the cache, with all that is made of them.
_TILES = 256


def _values(terms: int) -> np.ndarray:
    """The matrix from a polynomial's coefficients to its values, `[6, terms]`."""
    finite = np.vander(_POINTS, terms, increasing=True)
    return np.concatenate([finite, np.eye(terms)[-1:]])


_OF_TAPS, _OF_OUTPUTS = _values(_TAPS), _values(_SIDE)
_OF_INPUTS = np.linalg.inv(_values(_TILE)).T
_OF_INPUTS[np.abs(_OF_INPUTS) < 1e-12] = 0


def _filter(
    x: jax.Array, k: jax.Array, low: Sequence[int], size: Sequence[int], back=False
) -> jax.Array:
    """y[p] = sum over q of x[p + q - low] k[q], for all p below `size`.

    If `back`, k[q] leads from its second channels to its first. The product takes such
    a matrix as it is; turned any earlier, the transforms' memory would be out of order.
    """
    grid = _grid(size)
    taps = _both(_OF_TAPS, k).reshape(_TILE**2, *k.shape[2:])
    taps = taps.swapaxes(1, 2) if back else taps
    channels = taps.shape[-1]

    def some(x):
        products = jnp.matmul(_input_values(x, low, grid), taps)
        products = products.reshape(_TILE, _TILE, -1, *grid, channels)
        y = _combine(_OF_OUTPUTS.T, list(products), 3)
        y = _combine(_OF_OUTPUTS.T, list(y), 4)
        y = y.reshape(-1, _SIDE * grid[0], _SIDE * grid[1], channels)
        return y[:, : size[0], : size[1]]

    y = lax.map(some, _portions(x, grid))
    return y.reshape(-1, *size, channels)[: len(x)]


def _correlate(x: jax.Array, y: jax.Array, low: Sequence[int]) -> jax.Array:
    """k[q] = sum over p of x[p + q - low] y[p], `[3, 3, C, O]`."""
    grid = _grid(y.shape[1:3])

    def add(total, portion):
        x = _input_values(portion[0], low, grid)
        return total + x.swapaxes(1, 2) @ _output_values(portion[1], grid), None

    start = jnp.zeros((_TILE**2, x.shape[-1], y.shape[-1]), x.dtype)
    total, _ = lax.scan(add, start, (_portions(x, grid), _portions(y, grid)))
    return _both(_OF_TAPS.T, total.reshape(_TILE, _TILE, *total.shape[1:]))


def _input_values(x: jax.Array, low: Sequence[int], grid: Pair) -> jax.Array:
    """Of tiles of 6 x 6 that overlap by 2: `[n, H, W, C]` to `[36, tiles, C]`."""
    edges = [
        (before, _SIDE * tiles + _TAPS - 1 - before - size, 0)
        for before, tiles, size in zip(low, grid, x.shape[1:3])
    ]
    x = lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), *edges, (0, 0, 0)))
    height, width = (_SIDE * (tiles - 1) + 1 for tiles in grid)
    x = _combine(_OF_INPUTS, [x[:, i : i + height : _SIDE] for i in range(_TILE)], 0)
    columns = [x[:, :, :, j : j + width : _SIDE] for j in range(_TILE)]
    return _combine(_OF_INPUTS, columns, 1).reshape(_TILE**2, -1, x.shape[-1])


def _output_values(y: jax.Array, grid: Pair) -> jax.Array:
    """Of tiles of 4 x 4: `[n, H, W, O]` to `[36, tiles, O]`."""
    after = [_SIDE * tiles - size for tiles, size in zip(grid, y.shape[1:3])]
    y = jnp.pad(y, ((0, 0), (0, after[0]), (0, after[1]), (0, 0)))
    y = y.reshape(-1, grid[0], _SIDE, grid[1], _SIDE, y.shape[-1])
    y = _combine(_OF_OUTPUTS, [y[:, :, i] for i in range(_SIDE)], 0)
    y = _combine(_OF_OUTPUTS, [y[:, :, :, :, j] for j in range(_SIDE)], 1)
    return y.reshape(_TILE**2, -1, y.shape[-1])


def _grid(size: Sequence[int]) -> Pair:
    return -(-size[0] // _SIDE), -(-size[1] // _SIDE)


def _portions(images: jax.Array, grid: Pair) -> jax.Array:
    """`[N, ...]` as `[m, n, ...]`, zeros after the last."""
    fit = max(1, _TILES // math.prod(grid))
    m = -(-len(images) // fit)
    n = -(-len(images) // m)
    images = jnp.pad(images, ((0, m * n - len(images)), *[(0, 0)] * 3))
    return images.reshape(m, n, *images.shape[1:])


def _both(matrix: np.ndarray, array: jax.Array) -> jax.Array:
    """The matrix applied to the first axis and to the second."""
    array = _combine(matrix, list(array), 0)
    return _combine(matrix, [array[:, j] for j in range(array.shape[1])], 1)


def _combine(matrix: np.ndarray, parts: Sequence[jax.Array], axis: int) -> jax.Array:
    """The sums of `matrix @ parts`, without its zeros, stacked on a new axis."""
    rows = [[float(c) * part for c, part in zip(row, parts) if c] for row in matrix]
    return jnp.stack([sum(row[1:], start=row[0]) for row in rows], axis)
