"""Claims 1 and 2: clipping learns too simple a function, with weights at the limits.

Figure 1a and the right half of Figure 1b of Gulrajani et al. 2017: critics trained
alone, the generator held fixed at real samples plus unit Gaussian noise.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp import losses
from wgan_gp.build import Experiment, build
from wgan_gp.constraints import COMPARED, clip
from wgan_gp.data.arrays import noisy
from wgan_gp.evaluate import exact_wasserstein
from wgan_gp.evaluate.critic import kernels
from wgan_gp.studies.evidence.common import (
    Evidence,
    critic_settings,
    mean_and_spread,
)
from wgan_gp.studies.names import constraint_name
from wgan_gp.train import CriticAlgorithm, Player, bind_critic, make_critic_train

SCALES = {
    "smoke": {
        "seeds": 2,
        "steps": 5,
        "width": 8,
        "samples": 50,
        "datasets": ("swissroll",),
    },
    "default": {
        "seeds": 3,
        "steps": 4000,
        "width": 128,
        "samples": 2000,
        "datasets": ("8gaussians", "25gaussians", "swissroll"),
    },
    "paper": {
        "seeds": 3,
        "steps": 10_000,
        "width": 512,
        "samples": 2000,
        "datasets": ("8gaussians", "25gaussians", "swissroll"),
    },
}
EDGE = 3.0  # contours are drawn on [-EDGE, EDGE]^2, as the reference does
GRID = 64
BINS = 41  # of histograms of weights


class Critics(NamedTuple):
    """Critics of several seeds under one constraint, and what they were trained on."""

    label: str  # the constraint, and how it was started if that is special
    dataset: str
    clip_bound: float | None
    values: np.ndarray  # [S, GRID, GRID] on the square
    gradients: np.ndarray  # [S, GRID, GRID, 2] there
    weights: np.ndarray  # [S, W] all entries of the weight matrices
    first_weights: np.ndarray  # [S, W] before training, after a first clipping
    estimate: np.ndarray  # [S] held-out Wasserstein estimates
    true: float  # exact W1 of the held-out samples
    reals: np.ndarray  # [n, 2]
    fakes: np.ndarray  # [n, 2]


def evidence(*, datasets: tuple[str, ...], **sizes: Any) -> Evidence:
    """Measures both claims."""
    critics = [
        train_critics(lipschitz, dataset, **sizes)
        for dataset in datasets
        for lipschitz in COMPARED
    ]
    inside = train_critics(
        constraint_name(clip.CHOICE), "swissroll", start_inside=True, **sizes
    )
    everything = [*critics, inside]
    shares, edges = zip(*(_histogram(each.weights) for each in everything))
    arrays = {
        "values": np.stack([each.values[0] for each in critics]),
        "reals": np.stack([each.reals[:150] for each in critics]),
        "fakes": np.stack([each.fakes[:150] for each in critics]),
        "weight shares": np.stack(shares),
        "weight edges": np.stack(edges),
    }
    return Evidence(list(map(table_row, everything)), arrays)


def _histogram(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of weights in `BINS` equal bins around 0, and the bins' edges."""
    most = np.abs(weights).max()
    counts, edges = np.histogram(weights, BINS, (-most, most))
    return counts / weights.size, edges


def train_critics(
    lipschitz: str,
    dataset: str,
    *,
    seeds: int,
    steps: int,
    width: int,
    samples: int,
    start_inside: bool = False,
) -> Critics:
    """Trains one critic per seed, all in one program, and measures them.

    Args:
      lipschitz: the constraint.
      dataset: a name in `data.DATASETS`.
      seeds: how many critics.
      steps: critic updates.
      width: of each of the three hidden layers.
      samples: held-out samples, for the estimate and the exact W1.
      start_inside: whether initial parameters are scaled down to at most half the clip
        bound, so that none is at a limit before training.

    Returns:
      The critics' values and gradients on a grid, weights and estimates.
    """
    settings = critic_settings(lipschitz, dataset, steps=steps, width=width)
    experiment = build(settings)
    fake = noisy(experiment.dataset.sample)
    algorithm, label = experiment.algorithm.critic, lipschitz
    if start_inside:
        assert settings.clip_bound is not None
        network = algorithm.network._replace(
            init=partial(_inside, settings.clip_bound, algorithm)
        )
        algorithm = algorithm._replace(network=network)
        label += ", started inside"
    train = make_critic_train(algorithm, fake, steps)
    keys = jax.random.split(jax.random.key(0), seeds)
    run = jax.jit(jax.vmap(lambda each: train(each, experiment.hyperparameters)))
    trained, _ = run(keys)
    first = jax.vmap(partial(_first_weights, experiment, algorithm))(keys)
    real_key, fake_key = jax.random.split(jax.random.key(1))
    reals = experiment.dataset.sample(real_key, samples)
    fakes = fake(fake_key, samples)
    measure = jax.jit(jax.vmap(partial(_measure, experiment, reals, fakes)))
    values, gradients, weights, estimate = jax.tree.map(np.asarray, measure(trained))
    true = exact_wasserstein(np.asarray(reals), np.asarray(fakes))
    return Critics(
        label,
        dataset,
        settings.clip_bound,
        values,
        gradients,
        weights,
        np.asarray(first),
        estimate,
        true,
        np.asarray(reals),
        np.asarray(fakes),
    )


def _inside(clip_bound: float, algorithm: CriticAlgorithm, key: jax.Array):
    """Initial parameters, each array scaled to at most half the clip bound."""

    def scaled(leaf: jax.Array):
        largest = jnp.max(jnp.abs(leaf))
        return clip_bound / 2 * leaf / jnp.where(largest > 0, largest, 1.0)

    return jax.tree.map(scaled, algorithm.network.init(key))


def _first_weights(experiment: Experiment, algorithm: CriticAlgorithm, key: jax.Array):
    """The clipped initial weights of the critic that is trained with this key."""
    params = make_critic_train(algorithm, algorithm.sample_real, 0)(
        key, experiment.hyperparameters
    )[0].params
    if (project := algorithm.constraint.project) is not None:
        params = project(params, experiment.hyperparameters.strength)
    return _flat_weights(params)


def _flat_weights(params: Any) -> jax.Array:
    return jnp.concatenate([jnp.ravel(kernel) for kernel in kernels(params)])


def _measure(
    experiment: Experiment, reals: jax.Array, fakes: jax.Array, trained: Player
):
    critic = bind_critic(experiment.algorithm.critic, trained)
    axis = jnp.linspace(-EDGE, EDGE, GRID)
    plane = jnp.stack(jnp.meshgrid(axis, axis), axis=-1)
    weights = _flat_weights(trained.params)
    estimate = losses.wasserstein_estimate(critic, reals, fakes)
    over_plane = lambda f: jax.vmap(jax.vmap(f))(plane)  # noqa: E731
    return over_plane(critic), over_plane(jax.grad(critic)), weights, estimate


def bends(gradients: np.ndarray) -> float:
    """How strongly a critic bends along lines across the square.

    The gradient's total variation along each row and column of the grid, over the
    gradient's mean norm, averaged over those lines: 0 for an affine critic, 2 for a
    ridge that each line crosses once. It does not depend on the critic's scale.

    Args:
      gradients: on the square's grid, `[GRID, GRID, 2]`.
    """
    lines = [np.diff(gradients, axis=axis) for axis in (0, 1)]
    variation = [
        np.linalg.norm(steps, axis=-1).sum(axis=axis).mean()
        for axis, steps in enumerate(lines)
    ]
    return float(np.mean(variation) / np.linalg.norm(gradients, axis=-1).mean())


def share_at_limits(weights: np.ndarray, bound: float | None) -> float:
    """The share of weights within 1 % of either limit.

    Args:
      weights: of one critic, `[W]`.
      bound: c; None uses the largest absolute weight instead.
    """
    limit = np.abs(weights).max() if bound is None else bound
    return float(np.mean(np.abs(weights) >= 0.99 * limit))


def table_row(critics: Critics) -> dict[str, Any]:
    """The row of the results table: means and spreads over seeds."""
    norms = np.linalg.norm(critics.gradients, axis=-1)
    return {
        "data": critics.dataset,
        "constraint": critics.label,
        "estimate / W1": mean_and_spread(critics.estimate / critics.true),
        "Lipschitz constant": mean_and_spread(norms.max(axis=(1, 2))),
        "bends per line": mean_and_spread(list(map(bends, critics.gradients))),
        "weights at ±c": mean_and_spread(
            [share_at_limits(each, critics.clip_bound) for each in critics.weights]
        ),
        "before training": mean_and_spread(
            [
                share_at_limits(each, critics.clip_bound)
                for each in critics.first_weights
            ]
        ),
    }
