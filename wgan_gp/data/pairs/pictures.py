"""Funnels among pictures: generated pictures that slide to some of N templates.

The construction of `funnels` where a sample is a grey picture `[S, S, 1]` with pixels
in [-1, 1]. Generated pictures and templates are smooth: uniform numbers on a grid of
8 x 8, interpolated. Pixel noise on top of the generated ones moves them in all D = S^2
dimensions. A real picture is a template, with more or less of a generated one in it.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.data.pairs.funnels import (
    Funnels,
    descend,
    optimal_gradient,
    pad,
    potential,
)
from wgan_gp.data.pairs.pair import Pair, bind_pair

_EDGE = 1.0  # of the range of pixels
_GRID = 8  # uniform numbers along a side of a picture
_NOISE = 0.1  # of the range, uniform in each pixel
_HEIGHT_STD = 0.02  # of the heights, as a share of sqrt(D)


def picture_funnels(dimension: int, count: int, seed: int, *, padded: int = 0) -> Pair:
    """Funnels among pictures.

    Args:
      dimension: D = S^2, pixels of a picture.
      count: N, the number of funnels.
      seed: of the templates and heights.
      padded: funnels with absent ones, as in `funnels.pad`.
    """
    side = math.isqrt(dimension)
    centre_key, height_key = jax.random.split(jax.random.key(seed))
    heights = _HEIGHT_STD * side * jax.random.normal(height_key, (count,))
    templates = _smooth(centre_key, count, side)
    funnels = pad(Funnels(templates, heights, edge=_EDGE), max(padded, count))
    return bind_pair(
        funnels,
        real=_sample_real,
        fake=_sample_fake,
        potential=_potential,
        gradient=_optimal_gradient,
        shape=(side, side, 1),
    )


def _sample_fake(funnels: Funnels, key: jax.Array, n: int) -> jax.Array:
    return _as_pictures(_draw(funnels, key, n))


def _sample_real(funnels: Funnels, key: jax.Array, n: int) -> jax.Array:
    return _as_pictures(descend(funnels, _draw(funnels, key, n)))


def _potential(funnels: Funnels, x: jax.Array) -> jax.Array:
    return potential(funnels, x.ravel())


def _optimal_gradient(funnels: Funnels, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    gradient, radius = optimal_gradient(funnels, x.ravel())
    return gradient.reshape(x.shape), radius


def _as_pictures(rows: jax.Array) -> jax.Array:
    side = math.isqrt(rows.shape[1])
    return rows.reshape(-1, side, side, 1)


def _draw(funnels: Funnels, key: jax.Array, n: int) -> jax.Array:
    """Draws generated pictures as rows `[n, D]`."""
    dimension = funnels.centres.shape[1]
    smooth_key, noise_key = jax.random.split(key)
    noise = jax.random.uniform(noise_key, (n, dimension), minval=-1.0)
    smooth = _smooth(smooth_key, n, math.isqrt(dimension))
    return (1 - _NOISE) * smooth + _NOISE * noise


def _smooth(key: jax.Array, n: int, side: int) -> jax.Array:
    """Draws n smooth pictures `[n, side^2]` with pixels in [-1, 1]."""
    grid = jax.random.uniform(key, (n, _GRID, _GRID), minval=-1.0)
    across = jnp.asarray(_interpolation(side), grid.dtype)
    pictures = jnp.einsum(
        "sg,ngh,th->nst", across, grid, across, precision=jax.lax.Precision.HIGHEST
    )
    return pictures.reshape(n, side * side)


def _interpolation(side: int) -> np.ndarray:
    """Linear interpolation `[side, _GRID]` from a grid to the pixels of a side."""
    places = np.linspace(0, _GRID - 1, side)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(_GRID)[None]))
