"""Claims 1 and 2: clipping learns too simple a function, its weights at the limits.

Figure 1a and the right half of Figure 1b of Gulrajani et al. 2017: critics trained
alone, the generator held fixed at real samples plus unit Gaussian noise.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from wgan_gp import configs, losses
from wgan_gp.build import Experiment, build
from wgan_gp.critics import kernels, make_critic_train, noisy
from wgan_gp.evaluate import exact_wasserstein
from wgan_gp.figures import FAKE, REAL, THIRD
from wgan_gp.networks import bind

DATASETS = ("8gaussians", "25gaussians", "swissroll")
EDGE = 3.0  # contours are drawn on [-EDGE, EDGE]^2, as the reference does
GRID = 64


class Critics(NamedTuple):
    """Critics of several seeds under one constraint, and what they were trained on."""

    lipschitz: str
    dataset: str
    clip_bound: float | None
    values: np.ndarray  # [S, GRID, GRID] on the square
    slopes: np.ndarray  # [S, GRID, GRID] gradient norms there
    weights: np.ndarray  # [S, W] all entries of the weight matrices
    estimate: np.ndarray  # [S] held-out Wasserstein estimates
    true: float  # exact W1 of the held-out samples
    reals: np.ndarray  # [n, 2]
    fakes: np.ndarray  # [n, 2]


def train_critics(
    lipschitz: str, dataset: str, *, seeds: int, steps: int, width: int, samples: int
) -> Critics:
    """Trains one critic per seed, all in one program, and measures them.

    Args:
      lipschitz: the constraint.
      dataset: a name in `data.DATASETS`.
      seeds: how many critics.
      steps: critic updates.
      width: of each of the three hidden layers.
      samples: held-out samples, for the estimate and the exact W1.

    Returns:
      The critics' values and slopes on a grid, weights and estimates.
    """
    config = _config(lipschitz, dataset, steps, width)
    experiment = build(config)
    fake = noisy(experiment.dataset.sample)
    train = make_critic_train(experiment.algorithm, fake, steps)
    keys = jax.random.split(jax.random.key(0), seeds)
    run = jax.jit(jax.vmap(lambda each: train(each, experiment.hyperparameters)))
    params = run(keys)[0].params
    real_key, fake_key = jax.random.split(jax.random.key(1))
    reals = experiment.dataset.sample(real_key, samples)
    fakes = fake(fake_key, samples)
    measure = jax.jit(jax.vmap(partial(_measure, experiment, reals, fakes)))
    values, slopes, weights, estimate = jax.tree.map(np.asarray, measure(params))
    true = exact_wasserstein(np.asarray(reals), np.asarray(fakes))
    return Critics(
        lipschitz,
        dataset,
        config.clip_bound,
        values,
        slopes,
        weights,
        estimate,
        true,
        np.asarray(reals),
        np.asarray(fakes),
    )


def _config(lipschitz: str, dataset: str, steps: int, width: int):
    config = configs.base()
    config.lipschitz, config.data.name = lipschitz, dataset
    config.n_critic, config.steps = 1, steps
    config.critic.hidden = config.generator.hidden = (width,) * 3
    if lipschitz != "clip":
        config.critic_optimiser.learning_rate = 1e-3
        config.critic_optimiser.schedule = "linear"
    return configs.resolve(config)


def _measure(experiment: Experiment, reals, fakes, params):
    critic = bind(experiment.algorithm.critic, params)
    axis = jnp.linspace(-EDGE, EDGE, GRID)
    plane = jnp.stack(jnp.meshgrid(axis, axis), axis=-1)
    slope = partial(losses.gradient_norm, critic)
    weights = jnp.concatenate([jnp.ravel(kernel) for kernel in kernels(params)])
    estimate = losses.wasserstein_estimate(critic, reals, fakes)
    over_plane = lambda f: jax.vmap(jax.vmap(f))(plane)  # noqa: E731
    return over_plane(critic), over_plane(slope), weights, estimate


def affine_fit(values: np.ndarray) -> float:
    """R^2 of the best affine function of the plane: 1 for a critic that is one.

    Args:
      values: on the square's grid, `[GRID, GRID]`.
    """
    axis = np.linspace(-EDGE, EDGE, len(values))
    x, y = (each.ravel() for each in np.meshgrid(axis, axis))
    design = np.stack([np.ones_like(x), x, y], axis=1)
    flat = values.ravel().astype(np.float64)
    residual = flat - design @ np.linalg.lstsq(design, flat, rcond=None)[0]
    spread = np.sum((flat - flat.mean()) ** 2)
    return float(1 - np.sum(residual**2) / spread)


def share_at_limits(weights: np.ndarray, bound: float | None) -> float:
    """Share of weights within 1 % of the two limits.

    Args:
      weights: of one critic, `[W]`.
      bound: c; without one the largest absolute weight takes its place.
    """
    limit = np.abs(weights).max() if bound is None else bound
    return float(np.mean(np.abs(weights) >= 0.99 * limit))


def numbers(critics: Critics) -> dict[str, Any]:
    """The row of the results table: each number as mean and spread over seeds."""
    each = {
        "estimate / W1": critics.estimate / critics.true,
        "Lipschitz constant": critics.slopes.max(axis=(1, 2)),
        "R² of affine fit": np.array([affine_fit(v) for v in critics.values]),
        "weights at ±c": np.array(
            [share_at_limits(w, critics.clip_bound) for w in critics.weights]
        ),
    }
    row = {name: (float(v.mean()), float(v.std())) for name, v in each.items()}
    return {"data": critics.dataset, "lipschitz": critics.lipschitz} | row


def contour_figure(all_critics: list[Critics]) -> Figure:
    """Level lines of each constraint's first critic: rows constraints, columns data."""
    rows = list(dict.fromkeys(c.lipschitz for c in all_critics))
    columns = list(dict.fromkeys(c.dataset for c in all_critics))
    figure = Figure(figsize=(2.5 * len(columns), 2.5 * len(rows)), layout="constrained")
    shape = {"sharex": True, "sharey": True, "squeeze": False}
    grid = figure.subplots(len(rows), len(columns), **shape)
    axis = np.linspace(-EDGE, EDGE, GRID)
    for critics in all_critics:
        row, column = rows.index(critics.lipschitz), columns.index(critics.dataset)
        axes = grid[row, column]
        axes.contour(axis, axis, critics.values[0], levels=16, linewidths=0.8)
        axes.plot(*critics.fakes[:150].T, ".", color=FAKE, ms=2, label="generated")
        axes.plot(*critics.reals[:300].T, "+", color=REAL, ms=4, label="real")
        axes.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), aspect="equal")
        if row == 0:
            axes.set_title(critics.dataset)
        if column == 0:
            axes.set_ylabel(critics.lipschitz)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, markerscale=2)
    return figure


def weight_figure(all_critics: list[Critics]) -> Figure:
    """Histograms of the critics' weights, one panel per constraint."""
    figure = Figure(figsize=(2.6 * len(all_critics), 2.6), layout="constrained")
    for axes, critics in zip(figure.subplots(1, len(all_critics)), all_critics):
        pooled = critics.weights.ravel()
        axes.hist(pooled, bins=81, color=THIRD, density=True)
        axes.set(title=critics.lipschitz, xlabel="weight", yscale="log")
    figure.axes[0].set_ylabel("density (log)")
    return figure
