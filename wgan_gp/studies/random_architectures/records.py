"""The records of runs, and their summary."""

import json
from pathlib import Path
from typing import Any

import numpy as np


def read(path: Path) -> dict[str, Any]:
    """Reads the record of a run.

    Args:
      path: of the record.

    Raises:
      ValueError: the file is damaged.
    """
    try:
        record = json.loads(path.read_text())
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict) or not {"config", "result"} <= set(record):
        raise ValueError(
            f"{path} is not the record of a run: move it away, and its run is finished"
            " from its checkpoint"
        )
    return record


def summary(records: list[dict[str, Any]]) -> str:
    """A line for each run, and for each constraint the shares of runs by score.

    Args:
      records: of all finished runs.
    """
    lines = [
        f"{r['config']['name']} {r['config']['lipschitz']}: {_line(r)}" for r in records
    ]
    for lipschitz in dict.fromkeys(r["config"]["lipschitz"] for r in records):
        scores = [_score(r) for r in records if r["config"]["lipschitz"] == lipschitz]
        lines.append(f"{lipschitz}: {len(scores)} runs, score {_shares(scores)}")
    return "\n".join(lines)


def _score(record: dict[str, Any]) -> float | None:
    """The score of a run; 1, the lowest possible score, for a run that diverged."""
    return 1.0 if record["result"] is None else record["result"].get("score")


def _shares(scores: list[float | None]) -> str:
    if None in scores:
        return "not measured: set features.network"
    reached = np.array(scores, float)
    return ", ".join(
        f"{np.mean(reached >= least):.0%} >= {least}" for least in range(2, 10)
    )


def _line(record: dict[str, Any]) -> str:
    result = record["result"]
    if result is None:
        return record["failure"]
    names = ("score", "frechet", "sliced_w1")
    return ", ".join(f"{name} {result[name]:.3g}" for name in names if name in result)
