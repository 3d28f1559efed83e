"""Which runs of a sweep share a compiled program, and which are trained together."""

import dataclasses
import math
from typing import NamedTuple

from wgan_gp.build import Experiment, build, open_dataset
from wgan_gp.configs import Settings
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data import Dataset
from wgan_gp.evaluate.held_out import check_weights
from wgan_gp.studies.sweep.points import Point, Run, identity

# A run's fields that a compiled program takes as arguments, and their names there.
_TRACED = {
    "critic_optimiser.learning_rate": "critic_learning_rate",
    "generator_optimiser.learning_rate": "generator_learning_rate",
    "ema_decay": "ema_decay",
    "n_critic": "n_critic",
}


def traced(settings: Settings) -> dict[str, str]:
    """The fields that a compiled program takes as arguments.

    Args:
      settings: of a run. All runs of a program have its constraint.

    Returns:
      The name in `train.Hyperparameters` of each field, by its path.
    """
    return _TRACED | {CONSTRAINTS[settings.lipschitz].strength: "strength"}


class Program(NamedTuple):
    """Runs that one compiled program trains."""

    experiment: Experiment  # with the most critic steps of its runs
    config: Settings  # of one of them
    chunks: list[list[Run]]  # which are trained at the same time


def programs(config, points: list[Point], runs: list[Run]) -> list[Program]:
    """A program for all points that differ in nothing but `traced` fields."""
    groups: dict[str, list[Run]] = {}
    names = [identity(point.config, "seed", *traced(point.config)) for point in points]
    for run in runs:
        groups.setdefault(names[run.point], []).append(run)
    datasets: dict[str, Dataset] = {}
    return [
        _program(points, members, config.runs_per_program, datasets)
        for members in groups.values()
    ]


def _program(points: list[Point], runs: list[Run], most: int, datasets) -> Program:
    members = [points[run.point].config for run in runs]
    config = dataclasses.replace(
        members[0], n_critic=max(each.n_critic for each in members)
    )
    check_weights(config.features.weights)
    experiment = build(config, _shared_dataset(config, datasets))
    if experiment.dataset.stream is not None:
        raise ValueError(
            f"data.name = {config.data.name!r} is streamed, and a sweep needs its data"
            " on the device: raise data.resident_bytes, or choose a smaller set"
        )
    size = math.ceil(len(runs) / math.ceil(len(runs) / most))
    chunks = [runs[at : at + size] for at in range(0, len(runs), size)]
    return Program(experiment, config, chunks)


def _shared_dataset(config: Settings, datasets: dict[str, Dataset]) -> Dataset:
    """The data set of a program: opened for the first one of those that have it.

    Its arrays are on the device once, however many programs train on them.
    """
    key = str((config.data, config.conditional, config.features))
    if key not in datasets:
        datasets[key] = open_dataset(config)
    return datasets[key]
