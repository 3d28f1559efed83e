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

from wgan_gp import losses
from wgan_gp.build import Experiment, build
from wgan_gp.constraints import COMPARED, CONSTRAINTS
from wgan_gp.data import Sampler
from wgan_gp.data.arrays import noisy
from wgan_gp.evaluate import exact_wasserstein, optimal_coupling
from wgan_gp.evaluate.critic import cosine_similarity
from wgan_gp.losses import Critic
from wgan_gp.studies.evidence.common import (
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


def evidence(**sizes: int) -> Evidence:
    """Measures both claims."""
    everything = [
        measure(lipschitz, problem, **sizes)
        for problem in SETS
        for lipschitz in COMPARED
    ]
    gaussians = [each for each in everything if each.problem == SETS[0]]
    rows = [row for each in everything for row in table_rows(each)]
    arrays = {"points": np.linspace(0, sizes["steps"], gaussians[0].curve.shape[-1])}
    for each in gaussians:
        arrays |= _drawn(each)
    return Evidence(rows, arrays)


def _drawn(transport: Transport) -> dict[str, np.ndarray]:
    """What figures show of a constraint's critics, by `array_name`.

    "estimate" `[V, 3, points]` is over W1: the mean, least and greatest over seeds. The
    others are `[V, 3]`, the 5, 50 and 95 % quantiles over points and seeds.
    """
    ratio = transport.curve / transport.true
    found = {
        "estimate": np.stack([f(ratio, axis=1) for f in (np.mean, np.min, np.max)], 1)
    }
    for name in ("coupled", "unrelated", "cosine"):
        pooled = getattr(transport, name).reshape(len(ratio), -1)
        found[name] = np.quantile(pooled, (0.05, 0.5, 0.95), axis=1).T
    return {array_name(transport.lipschitz, name): each for name, each in found.items()}


def array_name(lipschitz: str, quantity: str) -> str:
    """The name of an array of `evidence`, of a constraint's critics."""
    return f"{lipschitz}: {quantity}"


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
