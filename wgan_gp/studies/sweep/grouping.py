"""Groups the runs of a sweep: by compiled program, and into chunks trained together."""

import dataclasses
import math
from typing import NamedTuple

from wgan_gp.build import Experiment, build, shared_dataset
from wgan_gp.configs import Settings
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data import Dataset
from wgan_gp.studies.sweep.points import Point, RunId, fingerprint

# Fields that are arguments of the compiled program, so that they may differ without
# recompiling, and their names in `train.Hyperparameters`.
_TRACED = {
    "critic_optimiser.learning_rate": "critic_learning_rate",
    "generator_optimiser.learning_rate": "generator_learning_rate",
    "ema_decay": "ema_decay",
    "n_critic": "n_critic",
}


def traced_fields(settings: Settings) -> dict[str, str]:
    """The fields that may differ between the runs of one compiled program.

    Args:
      settings: of a run. Its constraint has one more such field, its strength.

    Returns:
      The name in `train.Hyperparameters` by the path of each field.
    """
    strength = CONSTRAINTS[settings.lipschitz].strength
    return _TRACED | ({strength: "strength"} if strength else {})


class RunGroup(NamedTuple):
    """Runs that one compiled program trains."""

    experiment: Experiment  # with the largest `n_critic` of its runs
    settings: Settings  # of one of its runs
    chunks: list[list[RunId]]  # the runs of a chunk are trained at the same time


def group_runs(
    points: list[Point], runs: list[RunId], runs_per_program: int
) -> list[RunGroup]:
    """Groups the runs that one compiled program can train.

    The points of a group differ in nothing but the fields of `traced_fields`.

    Args:
      points: of the sweep's grid.
      runs: of the sweep.
      runs_per_program: the most runs of a chunk, which is trained at one time.

    Raises:
      ValueError: an experiment cannot be built, or its data set is streamed.
    """
    groups: dict[str, list[RunId]] = {}
    names = [
        fingerprint(point.settings, "seed", *traced_fields(point.settings))
        for point in points
    ]
    for run in runs:
        groups.setdefault(names[run.point], []).append(run)
    datasets: dict[str, Dataset] = {}
    return [
        _group(points, members, runs_per_program, datasets)
        for members in groups.values()
    ]


def _group(
    points: list[Point], runs: list[RunId], most: int, datasets: dict[str, Dataset]
) -> RunGroup:
    members = [points[run.point].settings for run in runs]
    settings = dataclasses.replace(
        members[0], n_critic=max(each.n_critic for each in members)
    )
    experiment = build(settings, shared_dataset(settings, datasets))
    if experiment.dataset.stream is not None:
        raise ValueError(
            f"data.name = {settings.data.name!r} is streamed, and a sweep needs its"
            " data on the device: raise data.resident_bytes, or choose a smaller set"
        )
    size = math.ceil(len(runs) / math.ceil(len(runs) / most))
    chunks = [runs[at : at + size] for at in range(0, len(runs), size)]
    return RunGroup(experiment, settings, chunks)
