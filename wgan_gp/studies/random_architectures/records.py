"""The records of runs, their summary, and a table of all of them."""

import csv
import io
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.evaluate.metrics import QUALITY

# Scores that runs reach or do not; 1 is the lowest that there is.
LEAST_SCORES = range(2, 10)


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


def architecture_and_method(name: str, record: dict[str, Any]) -> tuple[str, str]:
    """The two by which runs are told apart: the constraint is the method.

    A variant's name may have a method too, as "gated-lsgan".

    Args:
      name: of the run.
      record: of the run.

    Example:
      >>> architecture_and_method("gated-lsgan-any", {"config": {"lipschitz": "any"}})
      ('gated', 'any lsgan')
    """
    lipschitz = record["config"]["lipschitz"]
    architecture, _, method = name.removesuffix(f"-{lipschitz}").partition("-")
    return architecture, f"{lipschitz} {method}".strip()


def csv_table(records: dict[str, dict[str, Any]]) -> str:
    """A CSV table with a row for each run.

    Its columns are the architecture, the method, the scalars of the last evaluation,
    and how the run failed, if it diverged.

    Args:
      records: by the names of the runs.
    """
    results = [each["result"] or {} for each in records.values()]
    scalars = list(dict.fromkeys(name for each in results for name in each))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["architecture", "method", *scalars, "failure"])
    for (name, record), result in zip(records.items(), results):
        numbers = [result.get(each) for each in scalars]
        failure = record.get("failure", "")
        row = [*architecture_and_method(name, record), *numbers, failure]
        writer.writerow(row)
    return file.getvalue()


def summary(records: dict[str, dict[str, Any]]) -> str:
    """A line for each run, and for each method the shares of runs by score.

    Args:
      records: by the names of the runs.
    """
    lines, scores = [], dict[str, dict[str, float | None]]()
    for name, record in records.items():
        architecture, method = architecture_and_method(name, record)
        lines.append(f"{architecture} {method}: {_line(record)}")
        scores.setdefault(method, {})[architecture] = _score(record)
    for method, of_one in scores.items():
        shares = _shares([*of_one.values()])
        lines.append(f"{method}: {len(of_one)} runs, score {shares}")
    for first, second in combinations(scores, 2):  # as [WGAN-GP], Table 1
        lines += _comparison(first, second, scores[first], scores[second])
    return "\n".join(lines)


def _comparison(
    first: str,
    second: str,
    of_first: dict[str, float | None],
    of_second: dict[str, float | None],
) -> list[str]:
    """How many architectures reach each score under one, both or neither of two."""
    common = sorted(of_first.keys() & of_second.keys())
    pairs = [(of_first[name], of_second[name]) for name in common]
    if not pairs or None in {score for pair in pairs for score in pair}:
        return []
    reached = np.array(pairs, float)[None] >= np.array(LEAST_SCORES)[:, None, None]
    counts = np.stack(
        [
            reached[..., 0] & ~reached[..., 1],
            reached[..., 1] & ~reached[..., 0],
            reached.all(-1),
            ~reached.any(-1),
        ]
    ).sum(-1)
    heads = "score >=", f"only {first}", f"only {second}", "both", "neither"
    rows = [heads, *zip(map(str, LEAST_SCORES), *counts.astype(str))]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(map(str.rjust, row, widths)) for row in rows]
    return [f"{first} and {second}, {len(common)} architectures:", *lines]


def _score(record: dict[str, Any]) -> float | None:
    """The score of a run; 1, the lowest possible score, for a run that diverged."""
    return 1.0 if record["result"] is None else record["result"].get("score")


def _shares(scores: list[float | None]) -> str:
    if None in scores:
        return "not measured: set features.network"
    reached = np.array(scores, float)
    return ", ".join(
        f"{np.mean(reached >= least):.0%} >= {least}" for least in LEAST_SCORES
    )


def _line(record: dict[str, Any]) -> str:
    result = record["result"]
    if result is None:
        return record["failure"]
    names = ("score", *QUALITY)
    return ", ".join(f"{name} {result[name]:.3g}" for name in names if name in result)
