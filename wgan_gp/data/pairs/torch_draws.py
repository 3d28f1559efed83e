"""Uniforms and normals as PyTorch's CPU generator draws them.

The authors of the W1 benchmark drew their pairs with it. Its Mersenne Twister is that
of NumPy.
"""

import numpy as np


def uniform(stream: np.random.RandomState, n: int) -> np.ndarray:
    """Draws n uniforms on [0, 1) in float32, from the lower 24 bits of each word."""
    words = stream.randint(0, 2**32, size=n, dtype=np.uint32)
    return (words & 0xFFFFFF) * np.float32(2**-24)


def normal(stream: np.random.RandomState, n: int) -> np.ndarray:
    """Draws n normals by Box and Muller, as PyTorch's CPU generator does.

    From 16 on it works in float32 on rows of 16, and a size that is not a multiple of
    16 draws its last row again. Below 16 it works in float64 on pairs. There PyTorch
    keeps an odd size's last number for the next call, and here it is dropped: none of
    the paper's sizes is odd.
    """
    if n >= 16:
        whole = _box_muller_rows(uniform(stream, n)[: n - n % 16])
        if n % 16:
            whole = np.concatenate([whole, np.zeros(n % 16, np.float32)])
            whole[-16:] = _box_muller_rows(uniform(stream, 16))
        return whole
    words = stream.randint(0, 2**32, size=2 * (n + n % 2), dtype=np.uint32)
    high, low = words.astype(np.uint64).reshape(2, -1, order="F")
    u = ((high << np.uint64(32) | low) % np.uint64(2**53)) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log1p(-u[1::2])), 2 * np.pi * u[::2]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return pairs.ravel()[:n].astype(np.float32)


def _box_muller_rows(u: np.ndarray) -> np.ndarray:
    """Turns rows of 16 uniforms into as many normals, flattened."""
    first, second = np.split(u.reshape(-1, 16), 2, axis=1)
    radius = np.sqrt(-2 * np.log(1 - first))
    angle = np.float32(2 * np.pi) * second
    normals = [radius * np.cos(angle), radius * np.sin(angle)]
    return np.concatenate(normals, axis=1).ravel()
