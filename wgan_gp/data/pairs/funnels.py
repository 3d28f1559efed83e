"""Funnels: mass that slides down rays to centres.

The W1 benchmark of Korotin, Kolesov and Burnaev 2022, "Kantorovich Strikes Back!"
(arXiv:2206.07767). A critic trained on such a pair can be compared with the truth: its
estimate of W1 with W1 itself, and its gradient with the optimal critic's.

The potential

    u(x) = min_n (||x - a_n|| + b_n)

is a set of N funnels with centres a_n ~ U([-2.5, 2.5]^D) and heights b_n ~ 0.1 N(0, 1).
The generated distribution is uniform on the cube. Each of its points y lies in one
funnel, on one ray from its centre; the ray ends at the cube's face or where another
funnel takes over. If y is at the share t of its ray, its real partner x is at the
share t^8 of the same ray. Every move goes straight down u, so that u is optimal:

    W1 = E ||x - y|| = E u(y) - E u(x),

and D = -u attains the maximum of E D(x) - E D(y) over 1-Lipschitz critics.

Two variants have an optimal critic that is no maximum of cones, by the same argument.
Around **subspaces**, a_n is a point of a random affine subspace A_n of dimension k, and
dist(x, A_n) takes the place of ||x - a_n||; rays are perpendicular to A_n. In the
**norm** l_p, ||x - a_n||_p does, and W1 is that of distances ||x - y||_p, whose critics
have slopes at most 1 in the dual norm (`losses.gradient_norm`).

Limits: the expectations have no closed form and are estimated from samples, and the
optimal gradient is undefined at the centres and where two funnels meet.
"""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from wgan_gp.data.pairs.pair import Pair, bind_pair, p_norm
from wgan_gp.data.pairs.torch_draws import normal, uniform
from wgan_gp.system.values import show

EDGE = 2.5  # the cube is [-EDGE, EDGE]^D
HEIGHT_STD = 0.1  # standard deviation of the heights b_n
DEGREE = 8  # the power that a share t of a ray is raised to
SEED = 987  # of the authors' program
# The height of an absent funnel, so large that no point lies in it and it ends no ray.
ABSENT_HEIGHT = 1e4
# Where the end of a ray has no closed form it is found by halving an interval so often.
_HALVINGS = 26
_CHUNK = 256  # rays at a time; bounds memory


def check_norm(path: str, norm: float) -> None:
    """Raises ValueError unless p is that of a norm l_p, of finite sums."""
    if not 1 <= norm < np.inf:
        raise ValueError(
            f"{path} must be a number >= 1, such as 2 for the Euclidean norm; got"
            f" {show(norm)}"
        )


@struct.dataclass
class Funnels:
    """The funnels of one benchmark; all arrays can be vmapped over.

    Attributes:
      centres: a_n, `[N, D]`.
      heights: b_n, `[N]`.
      spans: k orthonormal directions of each subspace, `[N, k, D]`; None for points.
      norm: p of the norm; not 2 only around points.
      edge: the generated distribution lies in the cube [-edge, edge]^D.
    """

    centres: jax.Array
    heights: jax.Array
    spans: jax.Array | None = None
    norm: float = struct.field(pytree_node=False, default=2.0)
    edge: float = struct.field(pytree_node=False, default=EDGE)


def make_funnels(
    dimension: int,
    funnels: int,
    seed: int = SEED,
    *,
    subspace: int = 0,
    norm: float = 2.0,
) -> Funnels:
    """Returns the benchmark of this size, equal to the authors' for the paper's sizes.

    Their program draws from PyTorch's CPU generator, whose Mersenne Twister is NumPy's
    too. It draws D N normals and N normals that it does not use, then the centres, then
    the heights; the same order is kept here.

    Args:
      dimension: D, at least 1.
      funnels: N, at least 1; the paper has 4, 16, 64 and 256.
      seed: of the funnels; the default is the authors' own.
      subspace: k, the dimensions of the subspaces that funnels surround, below D.
      norm: p of the norm l_p, >= 1; 2 around subspaces.

    Returns:
      The funnels, float32.

    Raises:
      ValueError: a size is below 1, or as `check_funnels`.

    Example:
      >>> make_funnels(dimension=2, funnels=4).centres.shape
      (4, 2)
    """
    if dimension < 1 or funnels < 1:
        raise ValueError(
            f"the benchmark needs dim >= 1 and funnels >= 1, got dim = {dimension} and"
            f" funnels = {funnels}"
        )
    check_funnels(dimension, subspace, norm)
    stream = np.random.RandomState(seed)
    normal(stream, funnels * dimension)
    normal(stream, funnels)
    unit = uniform(stream, funnels * dimension).reshape(funnels, dimension)
    heights = HEIGHT_STD * normal(stream, funnels)
    spans = None
    if subspace:
        frames = stream.standard_normal((funnels, dimension, subspace))
        spans = jnp.asarray(np.linalg.qr(frames)[0].swapaxes(1, 2), jnp.float32)
    return Funnels(
        jnp.asarray(EDGE * (2 * unit - 1)),
        jnp.asarray(heights, jnp.float32),
        spans,
        float(norm),
    )


def check_funnels(dimension: int, subspace: int, norm: float) -> None:
    """Checks what makes funnels differ from the published ones.

    Args:
      dimension: D.
      subspace: k.
      norm: p.

    Raises:
      ValueError: p is below 1 or not finite, k is not below D, or both differ from the
        published funnels.
    """
    check_norm("data.norm", norm)
    if not 0 <= subspace < dimension:
        raise ValueError(
            f"data.subspace must be less than data.dimension = {dimension}, got"
            f" {subspace}"
        )
    if subspace and norm != 2:
        raise ValueError(
            f"funnels around subspaces are of the Euclidean norm: with data.subspace ="
            f" {subspace} set data.norm to 2, got {show(norm)}"
        )


def as_pair(funnels: Funnels) -> Pair:
    """The pair of distributions of some funnels.

    Args:
      funnels: N of them in D dimensions.
    """
    return bind_pair(
        funnels,
        real=sample_real,
        fake=sample_fake,
        potential=potential,
        gradient=optimal_gradient,
        shape=funnels.centres.shape[1:],
        norm=funnels.norm,
    )


def pad(funnels: Funnels, count: int) -> Funnels:
    """Returns the same benchmark with `count` funnels, of which the added are absent.

    Benchmarks of one dimension then have equal shapes and share a compiled program.

    Args:
      funnels: N funnels.
      count: how many to pad to, at least N.

    Returns:
      `count` funnels with the same potential everywhere in the cube.
    """
    rows = (0, count - len(funnels.heights))
    spans = funnels.spans
    return dataclasses.replace(
        funnels,
        centres=jnp.pad(funnels.centres, (rows, (0, 0))),
        heights=jnp.pad(funnels.heights, rows, constant_values=ABSENT_HEIGHT),
        spans=None if spans is None else jnp.pad(spans, (rows, (0, 0), (0, 0))),
    )


def sample_fake(funnels: Funnels, key: jax.Array, n: int) -> jax.Array:
    """Draws from the generated distribution, uniform on the cube.

    Args:
      funnels: the benchmark; only its dimension D matters.
      key: a PRNG key.
      n: number of samples.

    Returns:
      y, `[n, D]`.
    """
    shape = (n, funnels.centres.shape[1])
    return jax.random.uniform(key, shape, minval=-funnels.edge, maxval=funnels.edge)


def sample_real(funnels: Funnels, key: jax.Array, n: int) -> jax.Array:
    """Draws from the real distribution: generated points moved down their rays.

    Args:
      funnels: the benchmark.
      key: a PRNG key. With the key of `sample_fake`, each x is the partner of its y.
      n: number of samples.

    Returns:
      x, `[n, D]`.
    """
    return descend(funnels, sample_fake(funnels, key, n))


def potential(funnels: Funnels, x: jax.Array) -> jax.Array:
    """Evaluates u at one point; the optimal critic is -u.

    Args:
      funnels: the benchmark.
      x: a point, `[D]`.

    Returns:
      u(x), `[]`.
    """
    return jnp.min(_heights(funnels, x))


def optimal_gradient(funnels: Funnels, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The optimal critic's gradient at one point, and the distance from its centre.

    Args:
      funnels: the benchmark.
      x: a point, `[D]`.

    Returns:
      -grad u, `[D]`, a unit vector in the dual norm: from x to the centre of its
      funnel, or to the nearest point of its subspace; and the distance `[]` to there.
      Below `MIN_RADIUS` the direction is rounding noise.
    """
    offset = _offsets(funnels, x)[jnp.argmin(_heights(funnels, x))]
    radius = p_norm(offset, funnels.norm)
    if funnels.norm != 2:
        return -jax.grad(p_norm)(offset, p=funnels.norm), radius
    return -offset / jnp.maximum(radius, jnp.finfo(x.dtype).tiny), radius


def descend(funnels: Funnels, y: jax.Array) -> jax.Array:
    """Moves points down their rays, from y to x.

    From y in the direction v away from its centre, funnel n takes over at the distance
    r where ||y + r v - a_n|| + b_n = u(y) + r, that is

        r = (||y - a_n||^2 - c^2) / (2 (c - <y - a_n, v>)),  c = u(y) - b_n,

    if that r is positive, and r + c, a norm, is positive too. In the variants the end
    of the ray is the last point at which u has risen by r, since u can only fall behind
    from there on.

    Args:
      funnels: the benchmark.
      y: points in the cube, `[n, D]`.

    Returns:
      x, `[n, D]`.
    """
    if funnels.spans is not None or funnels.norm != 2:
        return jax.lax.map(partial(_descend_one, funnels), y, batch_size=_CHUNK)
    centres, heights = funnels.centres, funnels.heights
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
    # For the point's own funnel r would be 0 / 0. For others, slack = 0 means that the
    # ray never crosses.
    crossing = (jnp.arange(len(heights))[None] != own[:, None]) & (slack != 0)
    r = 0.5 * (squared - c * c) / jnp.where(crossing, slack, 1.0)
    crossing &= (r > 0) & (r + c > 0)
    takeover = jnp.min(jnp.where(crossing, r, jnp.inf), axis=1)

    speed = jnp.maximum(jnp.abs(v), tiny)
    wall = jnp.min((funnels.edge - jnp.sign(v) * y) / speed, axis=1)
    length = radius + jnp.maximum(jnp.minimum(takeover, wall), 0.0)
    share = (radius / length) ** DEGREE
    return centres[own] + (share * length)[:, None] * v


def _descend_one(funnels: Funnels, y: jax.Array) -> jax.Array:
    """Moves one point `[D]` down its ray, whose end is found by halving."""
    values = _heights(funnels, y)
    own = jnp.argmin(values)
    radius = values[own] - funnels.heights[own]
    tiny = jnp.finfo(y.dtype).tiny
    v = _offsets(funnels, y)[own] / jnp.maximum(radius, tiny)
    wall = jnp.min((funnels.edge - jnp.sign(v) * y) / jnp.maximum(jnp.abs(v), tiny))
    slack = 2e-6 * (1 + jnp.abs(values[own]))  # of rounding

    def in_funnel(r: jax.Array) -> jax.Array:
        return jnp.min(_heights(funnels, y + r * v)) >= values[own] + r - slack

    def halve(_: int, ends: tuple[jax.Array, jax.Array]):
        low, high = ends
        middle = (low + high) / 2
        inside = in_funnel(middle)
        return jnp.where(inside, middle, low), jnp.where(inside, high, middle)

    ends = jnp.zeros_like(wall), jnp.maximum(wall, 0.0)
    takeover, _ = jax.lax.fori_loop(0, _HALVINGS, halve, ends)
    length = radius + jnp.where(in_funnel(ends[1]), ends[1], takeover)
    share = (radius / jnp.maximum(length, tiny)) ** DEGREE
    return y + (share * length - radius) * v


def _heights(funnels: Funnels, x: jax.Array) -> jax.Array:
    """The funnels' values at one point, `[N]`: distances plus b_n."""
    distance = jax.vmap(partial(p_norm, p=funnels.norm))(_offsets(funnels, x))
    return distance + funnels.heights


def _offsets(funnels: Funnels, x: jax.Array) -> jax.Array:
    """From the nearest points of centres or subspaces to one point, `[N, D]`."""
    offsets = x[None] - funnels.centres
    if funnels.spans is None:
        return offsets
    precise = partial(jnp.einsum, precision=jax.lax.Precision.HIGHEST)
    along = precise("nkd,nd->nk", funnels.spans, offsets)
    return offsets - precise("nk,nkd->nd", along, funnels.spans)
