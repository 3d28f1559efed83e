"""Convolutions with strides as convolutions without, by space to depth.

A phase of an image are its pixels at one position modulo the stride s. The s^2 phases
become channels of an image with 1 / s of the sides, which is convolved at stride 1 by a
kernel whose taps are arranged in the same way. A kernel of up to 5 x 5 or 6 x 6 at
stride 2 becomes one of `TAPS` x `TAPS`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

TAPS = 3  # of a kernel at stride 1, in each direction

Pair = tuple[int, int]


class Window(NamedTuple):
    """The sizes of a convolution from images x to images y, without channels.

    Attributes:
      size: height and width of x, in pixels.
      kernel: height and width of the kernel.
      stride: the same in both directions.
      pads: pixels of padding of x, low and high, for both directions.
    """

    size: Pair
    kernel: Pair
    stride: int
    pads: tuple[Pair, ...]

    def out(self) -> Pair:
        """Height and width of y."""
        height, width = (
            (size + sum(pads) - taps) // self.stride + 1
            for size, taps, pads in zip(self.size, self.kernel, self.pads)
        )
        return height, width


def fits(window: Window) -> bool:
    """Whether the kernel is one of at most 3 x 3 taps once strides are removed."""
    taps = max(lead + taps for lead, taps in zip(_lead(window), window.kernel))
    return taps <= TAPS * window.stride


def to_phases(x: jax.Array, stride: int) -> jax.Array:
    """Space to depth: `[N, H, W, C]` to `[N, H / s, W / s, s^2 C]`, sides rounded up.

    Sides that are no multiples of the stride are padded with zeros at their ends.
    """
    n, height, width, channels = x.shape
    rows, columns = -(-height // stride), -(-width // stride)
    after = rows * stride - height, columns * stride - width
    x = jnp.pad(x, ((0, 0), (0, after[0]), (0, after[1]), (0, 0)))
    x = x.reshape(n, rows, stride, columns, stride, channels)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(n, rows, columns, -1)


def phase_kernel(k: jax.Array, window: Window) -> jax.Array:
    """The kernel that acts on phases: `[h, w, C, O]` to `[3, 3, s^2 C, O]`."""
    whole = TAPS * window.stride
    edges = [
        (lead, whole - lead - taps) for lead, taps in zip(_lead(window), window.kernel)
    ]
    k = jnp.pad(k, (*edges, (0, 0), (0, 0)))
    return to_phases(k.transpose(3, 0, 1, 2), window.stride).transpose(1, 2, 3, 0)


def _lead(window: Window) -> list[int]:
    """Zeros to put before the kernel so that the padding is a multiple of the stride.

    Each zero takes one more pixel of padding, which leaves the convolution as it was.
    """
    return [-low % window.stride for low, _ in window.pads]


def low_padding(window: Window) -> list[int]:
    """The low padding, in phases."""
    pads = zip(window.pads, _lead(window))
    return [(low + lead) // window.stride for (low, _), lead in pads]
