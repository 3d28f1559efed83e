"""The two-dimensional distributions of the papers, drawn on the device.

They show in seconds what images show in hours: whether a generator covers all modes,
and what a critic's values look like in the plane. Since they are distributions and not
finite sets, every batch is new and nothing has to be held out.

Constants are those of the reference implementation of Gulrajani et al. 2017: each
set is centred and divided by about its standard deviation.
"""

import jax
import jax.numpy as jnp
import numpy as np

_RING = np.arange(8) * np.pi / 4
_GRID = np.arange(-4, 5, 2)

RING_SCALE = 1.414
GRID_SCALE = 2.828
ROLL_SCALE = 7.5

RING_MODES = 2 * np.stack([np.cos(_RING), np.sin(_RING)], axis=1) / RING_SCALE
GRID_MODES = (
    np.stack(np.meshgrid(_GRID, _GRID, indexing="ij"), axis=-1).reshape(25, 2)
    / GRID_SCALE
)
RING_STD = 0.02 / RING_SCALE
GRID_STD = 0.05 / GRID_SCALE


def mixture(key: jax.Array, n: int, *, modes: np.ndarray, std: float) -> jax.Array:
    """Draws from an even mixture of round Gaussians.

    Args:
      key: a PRNG key.
      n: number of samples.
      modes: centres `[M, D]`.
      std: standard deviation of each mode, in every direction.

    Returns:
      Samples `[n, D]`.
    """
    mode_key, noise_key = jax.random.split(key)
    centres = jnp.asarray(modes, jnp.float32)
    chosen = jax.random.randint(mode_key, (n,), 0, len(modes))
    return centres[chosen] + std * jax.random.normal(noise_key, (n, centres.shape[1]))


def swissroll(key: jax.Array, n: int) -> jax.Array:
    """Draws from a noisy spiral, the Swiss roll seen from its side.

    Points are t (cos t, sin t) with t ~ 1.5 pi U[1, 3]. Gaussian noise of standard
    deviation 0.25 is added before dividing by 7.5. This is the distribution of
    coordinates 0 and 2 of scikit-learn's `make_swiss_roll(noise=0.25)`.

    Args:
      key: a PRNG key.
      n: number of samples.

    Returns:
      Samples `[n, 2]`.
    """
    angle_key, noise_key = jax.random.split(key)
    t = 1.5 * jnp.pi * jax.random.uniform(angle_key, (n,), minval=1.0, maxval=3.0)
    spiral = t[:, None] * jnp.stack([jnp.cos(t), jnp.sin(t)], axis=1)
    return (spiral + 0.25 * jax.random.normal(noise_key, (n, 2))) / ROLL_SCALE
