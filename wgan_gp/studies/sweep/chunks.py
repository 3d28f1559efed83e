"""The chunks of a sweep: runs that are trained together, and the records of chunks."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from wgan_gp.studies.sweep.grouping import RunGroup
from wgan_gp.studies.sweep.plan import Sweep
from wgan_gp.studies.sweep.points import RunId


class Result(NamedTuple):
    """The result of a run."""

    run: RunId
    metrics: dict[str, float]  # of the last evaluation; empty if it diverged

    @property
    def diverged(self) -> bool:
        """Whether a number of the run was not finite."""
        return not self.metrics


class Chunk(NamedTuple):
    """Runs of one group that are trained at the same time."""

    number: int
    group: RunGroup
    runs: list[RunId]

    @property
    def name(self) -> str:
        """The name of its record and of the folder of its checkpoints."""
        return f"{self.number:04d}"

    @property
    def steps(self) -> int:
        """The number of generator updates of all its runs together."""
        return len(self.runs) * self.group.settings.steps


def chunks(sweep: Sweep) -> list[Chunk]:
    """The chunks of all groups of a sweep, numbered from 0."""
    found = [(each, runs) for each in sweep.groups for runs in each.chunks]
    return [Chunk(number, *each) for number, each in enumerate(found)]


def to_record(results: list[Result]) -> list[dict[str, Any]]:
    """The JSON record of a chunk's results."""
    return [each.run._asdict() | {"metrics": each.metrics} for each in results]


def read_record(path: Path, runs: list[RunId]) -> list[Result]:
    """Reads the results of a finished chunk.

    Args:
      path: of its record.
      runs: of the chunk.

    Raises:
      ValueError: the file is damaged or has other runs.
    """
    try:
        results = [
            Result(RunId(each["point"], each["seed"]), each["metrics"])
            for each in json.loads(path.read_text())
        ]
        if [each.run for each in results] != runs:
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError(
            f"{path} is not the record of this sweep's runs: remove it, and they are"
            " trained again"
        ) from None
    return results
