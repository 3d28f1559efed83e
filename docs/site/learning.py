"""What the chapters of the site share: training a small critic, and drawing it."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from wgan_gp import configs, train
from wgan_gp.build import build
from wgan_gp.runs.planes import draw_levels, round_levels
from wgan_gp.runs.style import FAKE, REAL, STYLE, THIRD

__all__ = ["FAKE", "REAL", "THIRD", "clusters", "level_lines", "train_critic"]

plt.rcParams.update(STYLE | {"figure.dpi": 120})


def clusters(key: jax.Array, n: int, *, at: float, spread: float = 0.1) -> jax.Array:
    """A cluster of samples `[n, 2]` around the point (at, 0)."""
    return jnp.array([at, 0.0]) + spread * jax.random.normal(key, (n, 2))


def train_critic(
    lipschitz: str,
    sample_real: Callable[[jax.Array, int], jax.Array],
    sample_fake: Callable[[jax.Array, int], jax.Array],
    *,
    steps: int = 1500,
    weight: float | None = None,
    seed: int = 0,
) -> tuple[Callable[[jax.Array], jax.Array], Any]:
    """Trains a critic alone, of three hidden layers of 64, on samples in the plane.

    Args:
      lipschitz: the constraint, as in a configuration.
      sample_real: `(key, n) -> [n, 2]`.
      sample_fake: the fixed generator, likewise.
      steps: critic updates.
      weight: lambda; None for the constraint's own.
      seed: of weights and samples.

    Returns:
      D, a function of one sample, and its parameters.
    """
    config = configs.base()
    config.lipschitz = lipschitz
    config.critic.hidden = (64, 64, 64)
    if weight is not None:
        config.penalty.weight = weight
    if lipschitz != "clip":
        config.critic_optimiser.learning_rate = 1e-3
        config.critic_optimiser.schedule = "linear"
    config.steps, config.n_critic = steps, 1  # a schedule ends with the last update
    experiment = build(configs.resolve(config))
    algorithm = experiment.algorithm.critic._replace(sample_real=sample_real)
    run = jax.jit(train.make_critic_train(algorithm, sample_fake, steps))
    trained, _ = run(jax.random.key(seed), experiment.hyperparameters)
    return train.bind_critic(algorithm, trained), trained.params


def level_lines(
    axes: Any,
    critic: Callable[[jax.Array], jax.Array],
    *,
    step: float | None = None,
    extent: float = 3.0,
) -> float:
    """Draws where a critic's value is the same, and says how far the lines are apart.

    Args:
      axes: of Matplotlib.
      critic: D.
      step: between lines; None for a round number, about a twelfth of the range.
      extent: the plane is drawn from -extent to extent.

    Returns:
      The step.
    """
    axis = np.linspace(-extent, extent, 80)
    plane = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    values = np.asarray(jax.jit(jax.vmap(critic))(plane)).reshape(80, 80)
    values = values - values.mean()
    levels = round_levels(values, 12)
    if step:
        ends = np.floor(values.min() / step), values.max() / step + 1
        levels = step * np.arange(*ends)
    drawn = draw_levels(axes, axis, values, levels)
    axes.set(aspect="equal", xticks=[], yticks=[])
    plt.colorbar(drawn, ax=axes, shrink=0.8, label="D, less its mean", format="%.2g")
    return float(levels[1] - levels[0])
