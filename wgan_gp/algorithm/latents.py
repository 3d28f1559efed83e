"""Latents of generators, with what a generator is told beside them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def gaussian_latent(
    key: jax.Array,
    n: int,
    *,
    dimension: int,
    classes: int = 0,
    shares: np.ndarray | None = None,
    conditions: np.ndarray | None = None,
) -> Any:
    """Draws z ~ N(0, I), and a label or a condition for each if there are any.

    Args:
      key: of the draw.
      n: the number of latents.
      dimension: of each latent.
      classes: the number of classes; 0 for none. `conditions` says it by itself.
      shares: the probability of each class or condition, `[classes]`; None for equal
        ones. One of share 0 is never drawn.
      conditions: what is drawn from, `[classes, k]`, in place of labels.

    Returns:
      Latents `[n, dimension]`; with classes, a pair of latents and labels `[n]`; with
      conditions, of latents and conditions `[n, k]`.
    """
    count = classes if conditions is None else len(conditions)
    if not count:
        return jax.random.normal(key, (n, dimension))
    latent_key, label_key = jax.random.split(key)
    weights = None if shares is None else jnp.asarray(shares, jnp.float32)
    drawn = jax.random.choice(label_key, count, (n,), p=weights)
    if conditions is not None:
        drawn = jnp.asarray(conditions, jnp.float32)[drawn]
    return jax.random.normal(latent_key, (n, dimension)), drawn
