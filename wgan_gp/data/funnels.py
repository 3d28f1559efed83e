"""Pairs of distributions whose W1 and whose optimal critic are known.

The W1 benchmark of Korotin, Kolesov and Burnaev 2022, "Kantorovich Strikes Back!"
(arXiv:2206.07767). The potential

    u(x) = min_n (||x - a_n|| + b_n)

is a set of N funnels with centres a_n ~ U([-2.5, 2.5]^D) and heights b_n ~ 0.1 N(0, 1).
The generated distribution is uniform on the cube. Each of its points y lies in one
funnel, on one ray from its centre; the ray ends at the cube's face or where another
funnel takes over. If y is at the share t of its ray, its real partner x is at the
share t^8 of the same ray. Every move goes straight down u, so that u is optimal:

    W1 = E ||x - y|| = E u(y) - E u(x),

and D = -u attains the maximum of E D(x) - E D(y) over 1-Lipschitz critics.
"""

import dataclasses
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.system.fields import at_least, setting, whole

EDGE = 2.5  # the cube is [-EDGE, EDGE]^D
HEIGHT_STD = 0.1
DEGREE = 8
SEED = 987
# Nearer to a centre than this, the direction to it is lost in float32: coordinates
# near 2.5 are rounded by up to 1.2e-7.
MIN_RADIUS = 1e-5
# The height of a funnel that is not there: no point lies in it, no ray ends at it.
ABSENT = 1e4


@dataclasses.dataclass(frozen=True, kw_only=True)
class FunnelData:
    """The section `data` of a configuration that trains a critic alone."""

    kind: str
    dimension: int = setting(
        2, "D of the W1 benchmark's pair of distributions.", at_least(1)
    )
    funnels: int = setting(
        4, "N of the W1 benchmark's pair of distributions.", at_least(1)
    )
    seed: int = setting(
        SEED, "Seed of the W1 benchmark's pair of distributions.", whole(0, 2**32)
    )


class Funnels(NamedTuple):
    """The benchmark of one dimension and number of funnels; arrays, to vmap over."""

    centres: jax.Array  # [N, D], a_n
    heights: jax.Array  # [N], b_n


def make_funnels(dimension: int, funnels: int, seed: int = SEED) -> Funnels:
    """The benchmark of this size; for the paper's sizes the authors' own pairs.

    Their program draws from PyTorch's CPU generator, whose Mersenne Twister is NumPy's
    too: D N and N normals that are thrown away, then the centres, then the heights.

    Args:
      dimension: D, at least 1.
      funnels: N, at least 1; the paper has 4, 16, 64 and 256.
      seed: of the funnels.

    Raises:
      ValueError: a size below 1.
    """
    if dimension < 1 or funnels < 1:
        raise ValueError(
            f"the benchmark needs dim >= 1 and funnels >= 1, got dim = {dimension} and"
            f" funnels = {funnels}"
        )
    stream = np.random.RandomState(seed)
    _normal(stream, funnels * dimension)
    _normal(stream, funnels)
    unit = _uniform(stream, funnels * dimension).reshape(funnels, dimension)
    heights = HEIGHT_STD * _normal(stream, funnels)
    return Funnels(
        jnp.asarray(EDGE * (2 * unit - 1)), jnp.asarray(heights, jnp.float32)
    )


def pad(funnels: Funnels, count: int) -> Funnels:
    """The same benchmark with `count` funnels, those added absent."""
    added = count - len(funnels.heights)
    return Funnels(
        jnp.pad(funnels.centres, ((0, added), (0, 0))),
        jnp.pad(funnels.heights, (0, added), constant_values=ABSENT),
    )


def sample_fake(funnels: Funnels, key: jax.Array, n: int) -> jax.Array:
    """Draws y, `[n, D]`."""
    shape = (n, funnels.centres.shape[1])
    return jax.random.uniform(key, shape, minval=-EDGE, maxval=EDGE)


def sample_real(funnels: Funnels, key: jax.Array, n: int) -> jax.Array:
    """Draws x, `[n, D]`."""
    return descend(funnels, sample_fake(funnels, key, n))


def potential(funnels: Funnels, x: jax.Array) -> jax.Array:
    """U at one point `[D]`; the optimal critic is -u."""
    return jnp.min(_heights(funnels, x))


def optimal_gradient(funnels: Funnels, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The optimal critic's gradient at one point `[D]`, and the centre's distance.

    Returns:
      -grad u, a unit vector `[D]`, and the distance `[]` to the centre of the funnel
      that the point lies in; below `MIN_RADIUS` the direction is rounding noise.
    """
    offset = x - funnels.centres[jnp.argmin(_heights(funnels, x))]
    radius = jnp.linalg.norm(offset)
    return -offset / jnp.maximum(radius, jnp.finfo(x.dtype).tiny), radius


def descend(funnels: Funnels, y: jax.Array) -> jax.Array:
    """Moves points down their rays, from y to x.

    From y in the direction v away from its centre, funnel n takes over at the distance
    r where ||y + r v - a_n|| + b_n = u(y) + r, that is

        r = (||y - a_n||^2 - c^2) / (2 (c - <y - a_n, v>)),  c = u(y) - b_n,

    if that r is positive, and r + c, a norm, too.

    Args:
      funnels: the benchmark.
      y: points in the cube, `[n, D]`.

    Returns:
      x, `[n, D]`.
    """
    centres, heights = funnels
    tiny = jnp.finfo(y.dtype).tiny
    dot = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)
    squared = jnp.sum(y * y, axis=1, keepdims=True) - 2 * dot(y, centres.T)
    squared = jnp.maximum(squared + jnp.sum(centres * centres, axis=1)[None], 0.0)
    own = jnp.argmin(jnp.sqrt(squared) + heights[None], axis=1)
    offset = y - centres[own]
    radius = jnp.maximum(jnp.linalg.norm(offset, axis=1), tiny)
    v = offset / radius[:, None]

    c = (radius + heights[own])[:, None] - heights[None]
    slack = c - jnp.sum(y * v, axis=1, keepdims=True) + dot(v, centres.T)
    # At the point's own funnel this is 0 / 0; elsewhere slack 0 means no crossing.
    crossing = (jnp.arange(len(heights))[None] != own[:, None]) & (slack != 0)
    r = 0.5 * (squared - c * c) / jnp.where(crossing, slack, 1.0)
    crossing &= (r > 0) & (r + c > 0)
    takeover = jnp.min(jnp.where(crossing, r, jnp.inf), axis=1)

    speed = jnp.maximum(jnp.abs(v), tiny)
    wall = jnp.min((EDGE - jnp.sign(v) * y) / speed, axis=1)
    length = radius + jnp.maximum(jnp.minimum(takeover, wall), 0.0)
    share = (radius / length) ** DEGREE
    return centres[own] + (share * length)[:, None] * v


def _heights(funnels: Funnels, x: jax.Array) -> jax.Array:
    """||x - a_n|| + b_n at one point, `[N]`."""
    squared = jnp.sum(jnp.square(x[None] - funnels.centres), axis=1)
    # The derivative of a root at 0 is infinite; a centre gets gradient 0 instead.
    root = jnp.sqrt(jnp.where(squared > 0, squared, 1.0))
    return jnp.where(squared > 0, root, 0.0) + funnels.heights


def _uniform(stream: np.random.RandomState, n: int) -> np.ndarray:
    """Float32 uniforms from the lower 24 bits of each word."""
    words = stream.randint(0, 2**32, size=n, dtype=np.uint32)
    return (words & 0xFFFFFF) * np.float32(2**-24)


def _normal(stream: np.random.RandomState, n: int) -> np.ndarray:
    """Normals by Box and Muller, in float32 rows of 16 or in float64 pairs.

    The generator's own normals for these sizes. From 16 on, a size that is not a
    multiple of 16 draws its last row again. (Below, PyTorch keeps an odd size's last
    number for the next call; none of the paper's sizes is odd, and here it is lost.)
    """
    if n >= 16:
        whole = _rows(_uniform(stream, n)[: n - n % 16])
        if n % 16:
            whole = np.concatenate([whole, np.zeros(n % 16, np.float32)])
            whole[-16:] = _rows(_uniform(stream, 16))
        return whole
    words = stream.randint(0, 2**32, size=2 * (n + n % 2), dtype=np.uint32)
    high, low = words.astype(np.uint64).reshape(2, -1, order="F")
    u = ((high << np.uint64(32) | low) % np.uint64(2**53)) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log1p(-u[1::2])), 2 * np.pi * u[::2]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return pairs.ravel()[:n].astype(np.float32)


def _rows(u: np.ndarray) -> np.ndarray:
    """Rows of 16 uniforms to as many normals, flattened."""
    first, second = np.split(u.reshape(-1, 16), 2, axis=1)
    radius = np.sqrt(-2 * np.log(1 - first))
    angle = np.float32(2 * np.pi) * second
    normals = [radius * np.cos(angle), radius * np.sin(angle)]
    return np.concatenate(normals, axis=1).ravel()
