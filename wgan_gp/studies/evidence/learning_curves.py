"""Learning curves of GAN runs with several seeds and lambdas."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp import configs, losses, train
from wgan_gp.build import Experiment, build
from wgan_gp.configs import Settings
from wgan_gp.data import Dataset
from wgan_gp.evaluate import exact_wasserstein
from wgan_gp.evaluate.samples import sampling_floor
from wgan_gp.studies.evidence.common import over_grid

# Sizes that the claims measured on whole runs share.
SMOKE = {"seeds": 2, "steps": 6, "width": 8, "evaluations": 3, "samples": 50}
DEFAULT = {"seeds": 3, "steps": 2000, "width": 64, "evaluations": 12, "samples": 1000}
PAPER = {"seeds": 3, "steps": 100_000, "width": 512, "evaluations": 20, "samples": 2000}


class LearningCurves(NamedTuple):
    """T evaluations of runs with V values of lambda and S seeds each."""

    label: str
    weights: tuple[float, ...]  # [V] lambdas
    floor: float  # exact W1 between two sets of real samples
    steps: np.ndarray  # [T] generator updates
    seconds: np.ndarray  # [T] of training, all V * S runs together
    estimate: np.ndarray  # [T, V, S] critic's, held out
    w1: np.ndarray  # [T, V, S] exact, of the generator
    quality: np.ndarray  # [T, V, S] exact, of the averaged generator


def gan_settings(*, steps: int, width: int, **fields) -> Settings:
    """Settings for the 8 Gaussians, smaller and shorter than the experiment.

    The learning rate suits penalties, not clipping.

    Args:
      steps: generator updates.
      width: of each of the three hidden layers of both networks.
      **fields: other fields, by dotted path.
    """
    config = configs.base()
    config.data.name, config.steps = "8gaussians", steps
    config.critic.hidden = config.generator.hidden = (width,) * 3
    config.ema_decay = 0.99
    for player in ("critic_optimiser", "generator_optimiser"):
        config[player].update({"learning_rate": 2e-3, "schedule": "linear"})
    config.update_from_flattened_dict(fields)
    return configs.resolve(config)


def measure_curves(
    label: str,
    settings: Settings,
    weights: tuple[float, ...],
    *,
    seeds: int,
    evaluations: int,
    samples: int,
) -> LearningCurves:
    """Trains every lambda and seed in one program.

    Args:
      label: of the curves.
      settings: of the runs.
      weights: as in `measure_side_by_side`.
      seeds: as in `measure_side_by_side`.
      evaluations: as in `measure_side_by_side`.
      samples: as in `measure_side_by_side`.
    """
    (curve,) = measure_side_by_side(
        {label: settings},
        weights,
        seeds=seeds,
        evaluations=evaluations,
        samples=samples,
    )
    return curve


def measure_side_by_side(
    settings: dict[str, Settings],
    weights: tuple[float, ...],
    *,
    seeds: int,
    evaluations: int,
    samples: int,
) -> list[LearningCurves]:
    """Trains several settings in turn, so that their times can be compared.

    They alternate from one evaluation to the next. A change in the load of the machine
    therefore affects all of them.

    Args:
      settings: by label, all with the same number of steps.
      weights: values of lambda.
      seeds: the number of runs of each setting and lambda.
      evaluations: the number of evaluations, spread evenly over the run.
      samples: on each side of an exact W1.

    Returns:
      The curves of each label.
    """
    sizes = {"seeds": seeds, "evaluations": evaluations, "samples": samples}
    experiments = {label: build(each) for label, each in settings.items()}
    running = [
        _evaluations(experiment, settings[label].steps, weights, **sizes)
        for label, experiment in experiments.items()
    ]
    taken = [[] for _ in running]
    for _ in range(evaluations):
        for measured, curve in zip(taken, running):
            measured.append(next(curve))
    datasets = {each.dataset.name: each.dataset for each in experiments.values()}
    floors = {name: _floor(each, samples) for name, each in datasets.items()}
    return [
        LearningCurves(
            label,
            weights,
            floors[experiment.dataset.name],
            *map(np.stack, zip(*measured)),
        )
        for (label, experiment), measured in zip(experiments.items(), taken)
    ]


def _evaluations(
    experiment: Experiment,
    steps: int,
    weights: tuple[float, ...],
    *,
    seeds: int,
    evaluations: int,
    samples: int,
) -> Iterator[tuple]:
    algorithm = experiment.algorithm
    keys = jax.random.split(jax.random.key(0), seeds)

    def hyper(weight: jax.Array):
        return experiment.hyperparameters._replace(strength=weight)

    # Initialising and evaluating are not compiled: they are cheap, compiling is not.
    start = over_grid(lambda w, key: train.init(algorithm, hyper(w), key))
    state = start(jnp.asarray(weights), keys)
    advance = jax.jit(
        jax.vmap(
            lambda w, state, count: jax.vmap(
                lambda each: train.train_steps(algorithm, hyper(w), each, count)[0]
            )(state),
            in_axes=(0, 0, None),
        ),
        donate_argnums=1,
    )
    advance = advance.lower(jnp.asarray(weights), state, 0).compile()
    reals = experiment.dataset.sample(jax.random.key(1), samples)
    observe = jax.vmap(jax.vmap(partial(_observe, algorithm, reals)))
    done, seconds = 0, 0.0
    for until in np.linspace(0, steps, evaluations + 1, dtype=int)[1:]:
        started = time.perf_counter()
        state = advance(jnp.asarray(weights), state, int(until) - done)
        jax.block_until_ready(state)
        seconds += time.perf_counter() - started
        done = int(until)
        estimate, fakes, averaged = map(np.asarray, observe(state))
        distance = partial(exact_wasserstein, np.asarray(reals))
        yield (
            done,
            seconds,
            estimate,
            _each(distance, fakes),
            _each(distance, averaged),
        )


def _observe(algorithm: train.Algorithm, reals: jax.Array, state: train.TrainState):
    key = jax.random.fold_in(jax.random.key(2), state.step)
    draw = partial(train.generate, algorithm, key=key, n=len(reals))
    fakes = draw(state.generator.params)
    critic = train.bind_critic(algorithm.critic, state.critic)
    estimate = losses.wasserstein_estimate(critic, reals, fakes)
    return estimate, fakes, draw(state.average)


def _each(distance: Callable[[np.ndarray], float], sets: np.ndarray) -> np.ndarray:
    """The distance `[V, S]` of each set of samples `[V, S, n, D]`."""
    return np.array([[distance(samples) for samples in row] for row in sets])


def _floor(dataset: Dataset, samples: int) -> float:
    first, second = (
        np.asarray(dataset.sample(jax.random.key(seed), 8 * samples)) for seed in (3, 4)
    )
    return sampling_floor(*(x.reshape(8, samples, -1) for x in (first, second)))
