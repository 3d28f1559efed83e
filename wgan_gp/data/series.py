"""Simulated series whose statistics are known: a second-order autoregression.

    x_t = a_1 x_{t-1} + a_2 x_{t-2} + e_t

An oscillation that noise keeps going: with a_1 = 2 r cos(2 pi / P) and a_2 = -r^2 it
has the period P and forgets its phase at the rate r. It is started from its stationary
distribution and scaled to variance 1, so that its autocorrelation and its spectrum are
known in closed form (Box and Jenkins 1970, chapter 3).
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

LENGTH, PERIOD, DECAY = 64, 12.0, 0.95
COEFFICIENTS = (2 * DECAY * math.cos(2 * math.pi / PERIOD), -(DECAY**2))


def autocorrelation(lags: int) -> np.ndarray:
    """The correlation of x_t with x_{t+k}, for k = 0 to `lags`: `[lags + 1]`."""
    first, second = COEFFICIENTS
    found = [1.0, first / (1 - second)]
    for _ in range(lags - 1):
        found.append(first * found[-1] + second * found[-2])
    return np.array(found[: lags + 1])


def _noise_variance() -> float:
    """Of e_t, where x_t has variance 1."""
    first, second = COEFFICIENTS
    one, two = autocorrelation(2)[1:]
    return 1.0 - first * one - second * two


def spectrum(frequencies: np.ndarray) -> np.ndarray:
    """The power spectral density at frequencies in cycles a step, at most 0.5.

    Returns:
      Densities of the shape of `frequencies`; their integral over -0.5 to 0.5 is 1.
    """
    first, second = COEFFICIENTS
    turn = np.exp(-2j * np.pi * np.asarray(frequencies))
    return _noise_variance() / np.abs(1 - first * turn - second * turn**2) ** 2


def sample(key: jax.Array, n: int) -> jax.Array:
    """Draws series `[n, 64, 1]`."""
    first, second = COEFFICIENTS
    start_key, noise_key = jax.random.split(key)
    one, two = jax.random.normal(start_key, (2, n))
    between = float(autocorrelation(1)[1])
    start = (one, between * one + math.sqrt(1 - between**2) * two)
    noise = jax.random.normal(noise_key, (LENGTH - 2, n)) * _noise_variance() ** 0.5

    def step(last, e):
        x = first * last[1] + second * last[0] + e
        return (last[1], x), x

    _, rest = jax.lax.scan(step, start, noise)
    return jnp.concatenate([jnp.stack(start), rest]).T[..., None]
