"""Claim 13: does a truer critic make a better generator?

Each constraint is asked twice. Its critic is trained alone against fixed generated
samples, and its gradient there is compared with the direction of optimal transport,
which is what a generator should follow. And a generator is trained with it, by as many
critic updates with the same optimiser, and its samples are compared with held-out ones.

On the toys the fixed samples are real ones with noise. Directions are those of the
exact assignment to the same real ones without noise, so that no mode has too many or
too few of them. In 16 dimensions the sets are a pair of the W1 benchmark, whose
directions are known; there generators are compared by sliced W1, since exact W1 says
little in many dimensions.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from wgan_gp import configs, data, train
from wgan_gp.build import Experiment, build
from wgan_gp.constraints import (
    COMPARED,
    CONSTRAINTS,
    cones,
    directional,
    orthogonal,
    spectral,
    zero_centred,
)
from wgan_gp.data.arrays import noisy
from wgan_gp.data.pairs import PairData, make_pair
from wgan_gp.evaluate import (
    exact_wasserstein,
    optimal_coupling,
    sliced_wasserstein,
)
from wgan_gp.evaluate.critic import cosine_similarity
from wgan_gp.runs.axes import label_decades, legend_below, reference_line
from wgan_gp.runs.style import PAGE, styled
from wgan_gp.studies.evidence.common import (
    Arrays,
    Evidence,
    Rows,
    constraint_line,
    mean_and_spread,
)
from wgan_gp.studies.names import constraint_name

FUNNELS = "funnels, D = 16"
SETS = ("8gaussians", "25gaussians", "swissroll", FUNNELS)
# Constraints of every kind: on weights, by penalties, by construction.
NAMES = (
    *COMPARED,
    *map(
        constraint_name,
        (
            each.CHOICE
            for each in (directional, zero_centred, spectral, orthogonal, cones)
        ),
    ),
)
SCALES = {
    "smoke": {
        "sets": SETS[:1],
        "constraints": NAMES[:2],
        "seeds": 2,
        "steps": 3,
        "critic_steps": 4,
        "width": 8,
        "samples": 60,
    },
    "default": {
        "sets": SETS,
        "constraints": NAMES,
        "seeds": 3,
        "steps": 2000,
        "critic_steps": 4000,
        "width": 64,
        "samples": 1000,
    },
    "paper": {
        "sets": SETS,
        "constraints": NAMES,
        "seeds": 8,
        "steps": 20_000,
        "critic_steps": 40_000,
        "width": 128,
        "samples": 2000,
    },
}
_MARKERS = "osD^v<>PX"  # of as many constraints
_QUALITY = "W1 / floor of the generator"
_NOISE = 0.3  # of the fixed samples around real ones; the toys are about 2 wide
_PAIR = {"dimension": 16, "funnels": 16}
_FLOORS = 4  # pairs of real sets that the floor is a mean of


class Problem(NamedTuple):
    """What a critic and a generator are trained on, and what they are compared with."""

    dataset: data.Dataset
    sample_fake: data.Sampler  # the fixed generated samples
    reals: np.ndarray  # [n, D] held out
    fakes: jax.Array  # [n, D] held out
    directions: jax.Array  # [n, D] of optimal transport from the fakes, unit vectors
    distance: Callable[[np.ndarray, np.ndarray], float]  # between two sets
    floor: float  # the distance of sets of n real samples


class Outcome(NamedTuple):
    """S seeds of one constraint on one problem."""

    problem: str
    lipschitz: str
    cosine: np.ndarray  # [S] of the critic's gradient with the direction of transport
    quality: np.ndarray  # [S] W1 of the generator's samples, over the floor


def evidence(
    *, sets: tuple[str, ...], constraints: tuple[str, ...], **sizes: int
) -> Evidence:
    """Measures the claim.

    Args:
      sets: of `SETS`.
      constraints: of `NAMES`.
      **sizes: as in `measure`.
    """
    rows, arrays = [], {}
    for name in sets:
        problem = make_problem(name, sizes["samples"])
        outcomes = [measure(each, name, problem, **sizes) for each in constraints]
        rows += map(table_row, outcomes)
        cosines, qualities = zip(*((each.cosine, each.quality) for each in outcomes))
        arrays[name] = np.array([cosines, qualities])  # [2, constraints, S]
    return Evidence(rows, arrays)


def make_problem(name: str, samples: int) -> Problem:
    """Makes the problem of a set.

    Args:
      name: one of `SETS`.
      samples: n, held out on each side.
    """
    real_key, noise_key, floor_key = jax.random.split(jax.random.key(2), 3)
    if name == FUNNELS:
        pair = make_pair(PairData(kind="funnels", **_PAIR))
        dataset = data.Dataset(name, pair.shape, pair.sample_real)
        sample_fake, distance = pair.sample_fake, sliced_wasserstein
        fakes = sample_fake(noise_key, samples)
        directions = jax.vmap(pair.optimal_gradient)(fakes)[0]
    else:
        dataset = data.load(name)
        sample_fake, distance = noisy(dataset.sample, _NOISE), exact_wasserstein
        reals = dataset.sample(real_key, samples)
        fakes = reals + _NOISE * jax.random.normal(noise_key, reals.shape)
        directions = _assigned(fakes, reals)
    draws = [
        np.asarray(dataset.sample(key, samples))
        for key in jax.random.split(floor_key, 2 * _FLOORS)
    ]
    floors = map(distance, draws[::2], draws[1::2])
    return Problem(
        dataset,
        sample_fake,
        reals=draws[0],
        fakes=fakes,
        directions=directions,
        distance=distance,
        floor=float(np.mean(list(floors))),
    )


def _assigned(fakes: jax.Array, reals: jax.Array) -> jax.Array:
    """Unit vectors `[n, D]` from fakes to their real partners by exact assignment."""
    partners = reals[optimal_coupling(np.asarray(fakes), np.asarray(reals))]
    moved = partners - fakes
    length = jnp.linalg.norm(moved, axis=1, keepdims=True)
    return moved / jnp.maximum(length, jnp.finfo(moved.dtype).tiny)


def measure(
    lipschitz: str,
    name: str,
    problem: Problem,
    *,
    seeds: int,
    steps: int,
    critic_steps: int,
    width: int,
    samples: int,
) -> Outcome:
    """Trains critics alone and generators, of several seeds in a program each.

    Args:
      lipschitz: a name of `NAMES`.
      name: of the problem.
      problem: from `make_problem`.
      seeds: how many of each.
      steps: generator updates.
      critic_steps: updates of critics alone.
      width: of each of the three hidden layers.
      samples: n, held out on each side.
    """
    keys = jax.random.split(jax.random.key(0), seeds)

    def over_seeds(run: Callable[[jax.Array], jax.Array]) -> np.ndarray:
        return np.asarray(jax.jit(jax.vmap(run))(keys))

    experiment = _experiment(lipschitz, problem, critic_steps, width, n_critic=1)
    cosine = over_seeds(partial(_critic_cosine, experiment, problem, critic_steps))
    experiment = _experiment(lipschitz, problem, steps, width, n_critic=2)
    made = over_seeds(partial(_generated, experiment, steps, samples))
    quality = [problem.distance(problem.reals, each) / problem.floor for each in made]
    return Outcome(name, lipschitz, cosine, np.array(quality))


def _experiment(
    lipschitz: str, problem: Problem, steps: int, width: int, *, n_critic: int
) -> Experiment:
    config = configs.base()
    config.lipschitz, config.steps, config.n_critic = lipschitz, steps, n_critic
    config.critic.hidden = config.generator.hidden = (width,) * 3
    (dimension,) = problem.dataset.shape
    config.generator.latent = dimension
    config.ema_decay = 0.99
    optimiser = {"name": "adam", "beta1": 0.0, "beta2": 0.9, "schedule": "linear"}
    config.generator_optimiser.update(optimiser | {"learning_rate": 2e-3})
    if CONSTRAINTS[lipschitz].section == "penalty":
        config.critic_optimiser.update(optimiser | {"learning_rate": 2e-3})
    return build(configs.resolve(config), problem.dataset)


def _critic_cosine(
    experiment: Experiment, problem: Problem, steps: int, key: jax.Array
) -> jax.Array:
    """The mean cosine of a critic that is trained against fixed samples."""
    algorithm = experiment.algorithm.critic
    one = train.make_critic_train(algorithm, problem.sample_fake, steps)
    critic = train.bind_critic(algorithm, one(key, experiment.hyperparameters)[0])
    gradients = jax.vmap(jax.grad(critic))(problem.fakes)
    return jnp.mean(jax.vmap(cosine_similarity)(gradients, problem.directions))


def _generated(
    experiment: Experiment, steps: int, samples: int, key: jax.Array
) -> jax.Array:
    """Samples of a generator at the end of its training."""
    train_key, sample_key = jax.random.split(key)
    one = train.make_train(experiment.algorithm, steps)
    state, _ = one(train_key, experiment.hyperparameters)
    params = state.average
    return train.generate(experiment.algorithm, params, sample_key, samples)


def table_row(outcome: Outcome) -> dict[str, Any]:
    """The row of the results table: means and spreads over seeds."""
    return {
        "data": outcome.problem,
        "constraint": outcome.lipschitz,
        "cosine of the critic": mean_and_spread(outcome.cosine),
        _QUALITY: mean_and_spread(outcome.quality),
    }


def rank_correlation(values: np.ndarray) -> tuple[float, float]:
    """Spearman's, between a critic's cosine and its generator's W1 / floor.

    Args:
      values: of one set, `[2, constraints, S]`: cosines, and W1 / floor.

    Returns:
      The mean over seeds and its deviation. -1 if truer critics always have better
      generators, 0 if neither says anything of the other. Of 9 constraints, one below
      -0.7 is unlikely by chance (1 in 20).
    """
    found = [
        float(stats.spearmanr(*each).statistic) for each in np.moveaxis(values, 2, 0)
    ]
    return mean_and_spread(found)


def figures(rows: Rows, arrays: Arrays) -> dict[str, Figure]:
    """Draws `generators`, from what `evidence` has measured."""
    return {"generators.png": _generators_figure(rows, arrays)}


@styled
def _generators_figure(rows: Rows, arrays: Arrays) -> Figure:
    """Draws W1 / floor over the critic's cosine, a panel a set, a mark a constraint."""
    sets = list(dict.fromkeys(row["data"] for row in rows))
    figure = Figure(figsize=(PAGE, 6.8))
    panels = figure.subplots(2, 2, squeeze=False)
    for axes, name in zip(panels.flat, sets):
        for i, row in enumerate(row for row in rows if row["data"] == name):
            cosine, quality = row["cosine of the critic"], row[_QUALITY]
            style = constraint_line(row["constraint"], i)
            style |= {"linestyle": "none", "marker": _MARKERS[i]}
            spreads = {"xerr": cosine[1], "yerr": quality[1], "capsize": 2}
            axes.errorbar(cosine[0], quality[0], **spreads, **style)
        correlation = "{:.2f} ± {:.2f}".format(*rank_correlation(arrays[name]))
        axes.set(title=f"{name}\nrank correlation {correlation}", yscale="log")
        reference_line(axes, 1, "real samples")
        label_decades(axes.yaxis)
    for axes in panels.flat[len(sets) :]:
        axes.set_visible(False)
    for axes in panels[1]:
        axes.set_xlabel("cosine of the critic alone")
    for axes in panels[:, 0]:
        axes.set_ylabel(_QUALITY)
    legend_below(figure, panels.flat[: len(sets)], columns=5)
    return figure
