"""Trains random architectures: `python -m wgan_gp.random_architectures --out DIR ...`.

The study of Gulrajani et al. 2017, Table 1, with constraints beside each other. Each
run's numbers go to a file of their own when it ends; what has one is not run again, so
an interrupted study goes on where it stopped, and processes with other numbers may
write to the same folder.
"""

import argparse
import importlib.util
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import FrozenConfigDict

from wgan_gp import configs, loop, resume, workdir
from wgan_gp.build import build
from wgan_gp.driver import Interrupted
from wgan_gp.signals import Listener
from wgan_gp.writers import named, write_json

EXPERIMENT = Path("experiments/random_architectures.py")


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m wgan_gp.random_architectures")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--experiment", type=Path, default=EXPERIMENT)
    parser.add_argument("--numbers", type=int, nargs="*", default=list(range(200)))
    parser.add_argument(
        "--lipschitz", nargs="*", default=["two_sided"], choices=configs.PRESETS
    )
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="FIELD=JSON", help="e.g. steps=500"
    )
    args = parser.parse_args(argv[1:])
    with Listener() as listener:
        try:
            todo = _todo(args)
        except (ValueError, OSError, KeyError, AttributeError) as error:
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
            return 2
        try:
            for name, config in todo:
                listener.explain = partial(workdir.last_saved, args.out / name)
                _run(args.out, name, config)
            print(summary(args.out))
        except Interrupted as stop:
            print(stop, file=sys.stderr)
            return stop.status
        except (ValueError, OSError) as error:
            line = str(named(error, args.out))
            print(f"error: {' '.join(line.split())}", file=sys.stderr)
            return 1
    return 0


def _todo(args: argparse.Namespace) -> list[tuple[str, FrozenConfigDict]]:
    """Names and configurations of the runs that are not done; all can be run."""
    changes = dict(_field(each) for each in args.set)
    load = _loader(args.experiment)
    cells = [
        _cell(load, number, lipschitz, changes)
        for number in dict.fromkeys(args.numbers)
        for lipschitz in dict.fromkeys(args.lipschitz)
    ]
    _records(args.out)
    todo = [each for each in cells if not _is_done(args.out, *each)]
    for name, config in todo:
        folder = args.out / name
        resumable = partial(resume.check, folder, config, build(config))
        workdir.check(folder, config, resumable=resumable)
    return todo


def summary(out: Path) -> str:
    """A line for each finished run, and each constraint's shares of scores reached."""
    records = _records(out)
    lines = [
        f"{r['config']['name']} {r['config']['lipschitz']}: {_line(r)}" for r in records
    ]
    for lipschitz in dict.fromkeys(r["config"]["lipschitz"] for r in records):
        scores = [_score(r) for r in records if r["config"]["lipschitz"] == lipschitz]
        lines.append(f"{lipschitz}: {len(scores)} runs, score {_shares(scores)}")
    return "\n".join(lines)


def _records(out: Path) -> list[dict[str, Any]]:
    return [_record(path) for path in sorted(out.glob("*.json"))]


def _record(path: Path) -> dict[str, Any]:
    """What a run left.

    Raises:
      ValueError: the file is damaged.
    """
    try:
        record = json.loads(path.read_text())
    except ValueError:
        record = None
    if not isinstance(record, dict) or not {"config", "result"} <= set(record):
        raise ValueError(
            f"{path} is not the record of a run: move it away, and its run is finished"
            " from its checkpoint"
        )
    return record


def _score(record: dict[str, Any]) -> float | None:
    """Of class probabilities; 1, the least, for a run that diverged."""
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


def _field(text: str) -> tuple[str, Any]:
    path, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set takes FIELD=VALUE, got {text!r}")
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = value
    return path, tuple(parsed) if isinstance(parsed, list) else parsed


def _loader(path: Path):
    if not path.is_file():
        raise ValueError(f"--experiment {path}: there is no such file")
    spec = importlib.util.spec_from_file_location("experiment", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config


def _cell(load, number: int, lipschitz: str, changes: dict[str, Any]):
    config = load(str(number))
    config.lipschitz = lipschitz
    config.update_from_flattened_dict(changes)
    return f"{number:03d}-{lipschitz}", configs.resolve(config)


def _is_done(out: Path, name: str, config: FrozenConfigDict) -> bool:
    path = out / f"{name}.json"
    if not path.exists():
        return False
    stored = _record(path)["config"]
    try:
        changes = workdir.differences(configs.resolve_stored(stored), config)
    except ValueError as error:
        changes = [str(error)]
    if changes:
        raise ValueError(
            f"{path} was made with other settings ({workdir.listed(changes)}): move it"
            " away, or use another --out"
        )
    return True


def _run(out: Path, name: str, config: FrozenConfigDict) -> None:
    with workdir.claim(out / name):
        if not _is_done(out, name, config):  # by another process, meanwhile
            _train(out, name, config)


def _train(out: Path, name: str, config: FrozenConfigDict) -> None:
    if line := workdir.prepare(out / name, config):
        print(f"{name}: {line}")
    record: dict[str, Any] = {
        "config": json.loads(config.to_json()),
        "result": None,
        "failure": "",
    }
    try:
        record["result"] = loop.run(config, out / name)
    except FloatingPointError as error:
        record["failure"] = str(error)
    write_json(out / f"{name}.json", record)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
