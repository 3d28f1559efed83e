"""The chunks of a sweep, runs that are trained at the same time, and their records."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from wgan_gp.studies.sweep.grouping import RunGroup
from wgan_gp.studies.sweep.plan import Sweep
from wgan_gp.studies.sweep.points import RunId


class Result(NamedTuple):
    """What became of a run."""

    run: RunId
    metrics: dict[str, float]  # of the last evaluation; empty if it diverged

    @property
    def diverged(self) -> bool:
        """Whether one of its numbers was not finite."""
        return not self.metrics


class Chunk(NamedTuple):
    """Runs that are trained at the same time."""

    number: int
    group: RunGroup
    runs: list[RunId]

    @property
    def name(self) -> str:
        """Of its record, and of the folder of its checkpoints."""
        return f"{self.number:04d}"

    @property
    def steps(self) -> int:
        """Generator updates of all its runs together."""
        return len(self.runs) * self.group.settings.steps


def chunks(sweep: Sweep) -> list[Chunk]:
    """All chunks of all programs, numbered from 0."""
    found = [(each, runs) for each in sweep.groups for runs in each.chunks]
    return [Chunk(number, *each) for number, each in enumerate(found)]


def to_record(results: list[Result]) -> list[dict[str, Any]]:
    """What is stored of a chunk's results."""
    return [each.run._asdict() | {"metrics": each.metrics} for each in results]


def read_record(path: Path, runs: list[RunId]) -> list[Result]:
    """The results of a chunk that is done.

    Args:
      path: of its record.
      runs: of the chunk.

    Raises:
      ValueError: the file is not what was written.
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
