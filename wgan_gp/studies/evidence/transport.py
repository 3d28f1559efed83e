"""Claims 4 and 5: slopes along the optimal coupling, and the meaning of the estimate.

Claim 4 is Proposition 1 of Gulrajani et al. 2017: the optimal critic has gradient norm
1 almost everywhere on the lines between optimally coupled pairs, and its gradient
points along them. Claim 5: between two points at distance d a penalised critic has
slope 1 + d / (2 lambda), so its estimate exceeds the distance by that factor.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wgan_gp import losses
from wgan_gp.build import Experiment, build
from wgan_gp.constraints import COMPARED, CONSTRAINTS
from wgan_gp.data import Sampler
from wgan_gp.data.arrays import noisy
from wgan_gp.evaluate import exact_wasserstein, optimal_coupling
from wgan_gp.evaluate.critic import cosine_similarity
from wgan_gp.losses import Critic
from wgan_gp.runs.figures import FAKE, REAL
from wgan_gp.studies.evidence.common import (
    COLOURS,
    SCALE_COLOURS,
    Evidence,
    critic_settings,
    mean_and_spread,
    over_strengths_and_seeds,
)
from wgan_gp.train import Hyperparameters, bind_critic, make_critic_train

SCALES = {
    "smoke": {"seeds": 2, "steps": 20, "width": 8, "samples": 50},
    "default": {"seeds": 3, "steps": 3000, "width": 64, "samples": 2000},
    "paper": {"seeds": 3, "steps": 10_000, "width": 512, "samples": 2000},
}
SETS = ("8 Gaussians + noise", "two clusters")
CLUSTER_STD = 0.05
SHIFT = 1.0  # distance of the two clusters
CURVE_POINTS = 60  # the most points of a learning curve


class Transport(NamedTuple):
    """Critics of one constraint, V strengths and S seeds, measured on held-out data."""

    lipschitz: str
    problem: str
    curve: np.ndarray  # [V, S, CURVE_POINTS] the estimate during training
    estimate: np.ndarray  # [V, S]
    coupled: np.ndarray  # [V, S, n] gradient norms between optimally coupled pairs
    unrelated: np.ndarray  # [V, S, n] the same between pairs at random
    cosine: np.ndarray  # [V, S, n] of the gradient with the transport direction
    true: float  # exact W1 of the held-out samples
    steps: int


def evidence(**sizes: int) -> Evidence:
    """Measures both claims: figures `coupling`, `estimate`, `bias`, and the table."""
    everything = [
        measure(lipschitz, problem, **sizes)
        for problem in SETS
        for lipschitz in COMPARED
    ]
    gaussians = [each for each in everything if each.problem == SETS[0]]
    figures = {
        "coupling.png": coupling_figure(gaussians),
        "estimate.png": estimate_figure(gaussians),
        "bias.png": bias_figure(everything),
    }
    rows = [row for each in everything for row in table_rows(each)]
    return Evidence(figures, rows)


def measure(
    lipschitz: str, problem: str, *, seeds: int, steps: int, width: int, samples: int
) -> Transport:
    """Trains critics of every strength and seed, and measures them.

    Args:
      lipschitz: the constraint.
      problem: a name in `SETS`, of a pair of distributions.
      seeds: critics of each strength.
      steps: critic updates.
      width: of each of the three hidden layers.
      samples: held-out samples on each side.
    """
    settings = critic_settings(lipschitz, "8gaussians", steps=steps, width=width)
    experiment = build(settings)
    real, fake = _sides(problem, experiment)
    algorithm = experiment.algorithm.critic._replace(sample_real=real)
    train = make_critic_train(algorithm, fake, steps)
    real_key, fake_key, point_key = jax.random.split(jax.random.key(1), 3)
    reals, fakes = real(real_key, samples), fake(fake_key, samples)
    partners = fakes[optimal_coupling(np.asarray(reals), np.asarray(fakes))]

    def run(key: jax.Array, hyperparameters: Hyperparameters):
        critic, metrics = train(key, hyperparameters)
        bound = bind_critic(algorithm, critic)
        curve = jnp.array_split(metrics["wasserstein"], min(CURVE_POINTS, steps))
        return (
            jnp.stack([jnp.mean(part) for part in curve]),
            losses.wasserstein_estimate(bound, reals, fakes),
            *_slopes(bound, reals, fakes, partners, point_key),
        )

    measured = over_strengths_and_seeds(
        run, experiment.hyperparameters, lipschitz, seeds
    )
    return Transport(
        lipschitz,
        problem,
        *map(np.asarray, measured),
        true=exact_wasserstein(np.asarray(reals), np.asarray(partners)),
        steps=steps,
    )


def _sides(problem: str, experiment: Experiment) -> tuple[Sampler, Sampler]:
    if problem == SETS[0]:
        return experiment.dataset.sample, noisy(experiment.dataset.sample)

    def cluster(centre: tuple[float, float], key: jax.Array, n: int):
        noise = jax.random.normal(key, (n, 2))
        return jnp.asarray(centre)[None] + CLUSTER_STD * noise

    return partial(cluster, (0.0, 0.0)), partial(cluster, (SHIFT, 0.0))


def _slopes(
    critic: Critic,
    reals: jax.Array,
    fakes: jax.Array,
    partners: jax.Array,
    key: jax.Array,
):
    """Norms on coupled and on random segments, and cosines on the coupled ones."""
    coupled_key, random_key = jax.random.split(key)
    (between,) = losses.interpolates(reals, partners, coupled_key)
    (anywhere,) = losses.interpolates(reals, fakes, random_key)
    norm = jax.vmap(partial(losses.gradient_norm, critic))
    gradients = jax.vmap(jax.grad(critic))(between)
    cosine = jax.vmap(cosine_similarity)(gradients, reals - partners)
    return norm(between), norm(anywhere), cosine


def table_rows(transport: Transport) -> list[dict[str, Any]]:
    """A row of the results table for each strength: means and spreads over seeds."""
    symbol = CONSTRAINTS[transport.lipschitz].symbol
    rows = []
    for i, value in enumerate(CONSTRAINTS[transport.lipschitz].strengths):
        norms, others = transport.coupled[i], transport.unrelated[i]
        rows.append(
            {
                "sets": transport.problem,
                "constraint": f"{transport.lipschitz}, {symbol} = {value:g}",
                "norm, coupled": mean_and_spread(norms.mean(axis=1)),
                "its deviation": mean_and_spread(norms.std(axis=1)),
                "norm, random": mean_and_spread(others.mean(axis=1)),
                "cosine": mean_and_spread(transport.cosine[i].mean(axis=1)),
                "estimate / W1": mean_and_spread(
                    transport.estimate[i] / transport.true
                ),
                "1 + d / 2λ": closed_form(transport, value),
            }
        )
    return rows


def closed_form(transport: Transport, weight: float) -> float | str:
    """Estimate / W1 of the optimal penalised critic between two points.

    Args:
      transport: whose exact W1 is the distance of the points.
      weight: lambda.

    Returns:
      1 + d / (2 lambda); "" under constraints without a penalty.
    """
    if not CONSTRAINTS[transport.lipschitz].has_scale:
        return ""
    return 1 + transport.true / (2 * weight)


def _strength_axis(axes: Axes, lipschitz: str) -> None:
    axes.set(xscale="log", xlabel=CONSTRAINTS[lipschitz].symbol)


def coupling_figure(results: list[Transport]) -> Figure:
    """Draws norms and cosines by strength: medians, and 5 to 95 % of the points."""
    figure = Figure(figsize=(2.4 * len(results), 5), layout="constrained")
    grid = figure.subplots(2, len(results), sharex="col", squeeze=False)
    for (norm_axes, cosine_axes), result in zip(grid.T, results):
        values = np.asarray(CONSTRAINTS[result.lipschitz].strengths)
        _bars(norm_axes, values * 0.85, result.coupled, REAL, "o", "optimally coupled")
        _bars(norm_axes, values * 1.18, result.unrelated, FAKE, "s", "random pairs")
        _bars(cosine_axes, values, result.cosine, REAL, "o", "optimally coupled")
        norm_axes.axhline(1, color="0.4", linestyle=":", linewidth=1)
        norm_axes.set(title=result.lipschitz, yscale="log")
        if CONSTRAINTS[result.lipschitz].has_scale:  # others need an axis of their own
            norm_axes.set(ylim=(0.5, 40))
        cosine_axes.set(ylim=(-1.05, 1.05))
        _strength_axis(cosine_axes, result.lipschitz)
        for axes in (norm_axes, cosine_axes):
            axes.grid(alpha=0.3)
    grid[0, 0].set_ylabel("‖∇D‖ between the pair")
    grid[1, 0].set_ylabel("cosine(∇D, x − y)")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _bars(
    axes: Axes, at: np.ndarray, values: np.ndarray, colour: str, marker: str, label: str
):
    pooled = values.reshape(len(values), -1)
    low, middle, high = np.quantile(pooled, (0.05, 0.5, 0.95), axis=1)
    error = (middle - low, high - middle)
    style = {"color": colour, "marker": marker, "ms": 4, "capsize": 2, "label": label}
    axes.errorbar(at, middle, yerr=error, linestyle="none", **style)


def estimate_figure(results: list[Transport]) -> Figure:
    """Draws estimate / exact W1 during training: a line for each strength."""
    figure = Figure(figsize=(2.6 * len(results), 3.1), layout="constrained")
    panels = figure.subplots(1, len(results), sharey=True, squeeze=False)[0]
    for axes, result in zip(panels, results):
        symbol = CONSTRAINTS[result.lipschitz].symbol
        values = CONSTRAINTS[result.lipschitz].strengths
        at = np.linspace(0, result.steps, result.curve.shape[-1])
        for value, curve, colour in zip(values, result.curve, SCALE_COLOURS):
            ratio = curve / result.true
            label = f"{symbol} = {value:g}"
            axes.plot(at, ratio.mean(axis=0), color=colour, linewidth=1.2, label=label)
            low, high = ratio.min(axis=0), ratio.max(axis=0)
            axes.fill_between(at, low, high, color=colour, alpha=0.25, linewidth=0)
        axes.axhline(1, color="0.4", linestyle=":", linewidth=1)
        axes.set(title=result.lipschitz, xlabel="critic updates")
        axes.set_yscale("symlog", linthresh=0.1)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    panels[0].set_ylabel("estimate / exact W1")
    return figure


def bias_figure(results: list[Transport]) -> Figure:
    """Draws the final estimate / W1 by lambda, with the closed form as a line."""
    problems = list(dict.fromkeys(each.problem for each in results))
    figure = Figure(figsize=(3.6 * len(problems), 3.4), layout="constrained")
    panels = figure.subplots(1, len(problems), sharey=True, squeeze=False)[0]
    for axes, problem in zip(panels, problems):
        penalised = [
            each
            for each in results
            if each.problem == problem and CONSTRAINTS[each.lipschitz].has_scale
        ]
        true = penalised[0].true
        line = np.geomspace(0.07, 140, 100)
        axes.plot(line, 1 + true / (2 * line), color="0.4", label="1 + W1 / (2λ)")
        for shift, result in zip(np.linspace(0.9, 1.1, len(penalised)), penalised):
            values = shift * np.asarray(CONSTRAINTS[result.lipschitz].strengths)
            ratio = result.estimate / result.true
            centre, error = ratio.mean(axis=1), ratio.std(axis=1)
            style = {"color": COLOURS[result.lipschitz], "marker": "o", "ms": 4}
            axes.errorbar(
                values, centre, error, linestyle="none", label=result.lipschitz, **style
            )
        axes.axhline(1, color="0.4", linestyle=":", linewidth=1)
        axes.set(title=f"{problem}, W1 = {true:.2f}", xscale="log", xlabel="λ")
        axes.set_yscale("symlog", linthresh=0.5)
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("estimate / exact W1")
    panels[0].legend(fontsize=8)
    return figure
