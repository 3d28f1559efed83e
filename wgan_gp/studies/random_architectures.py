"""Trains random architectures: `python -m wgan_gp.studies.random_architectures`.

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
from ml_collections import ConfigDict

from wgan_gp import configs
from wgan_gp.build import build
from wgan_gp.configs.comparison import differences, listed
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.runs import loop, resume, workdir
from wgan_gp.runs.driver import Interrupted
from wgan_gp.system import arguments, failures
from wgan_gp.system.failures import one_line
from wgan_gp.system.files import named, write_json
from wgan_gp.system.platforms import refuse_windows
from wgan_gp.system.signals import Listener
from wgan_gp.system.values import did_you_mean

EXPERIMENT = Path("experiments/random_architectures.py")
_CURE = "Use another --out, or move that folder away"
_KIND = workdir.RUN._replace(cure=_CURE)


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    refuse_windows()
    with Listener() as listener:
        try:
            args = arguments.parse(_parser(), argv[1:])
            todo = _todo(args)
        except failures.EXPECTED as error:
            return failures.report(error, 2)
        try:
            for name, config in todo:
                listener.explain = partial(workdir.last_saved, args.out / name)
                _run(args.out, name, config)
            print(summary(args.out))
        except Interrupted as stop:
            print(stop, file=sys.stderr)
            return stop.status
        except failures.EXPECTED as error:
            return failures.report(named(error, args.out), 1)
    return 0


def _parser():
    parser = arguments.make_parser("wgan_gp.studies.random_architectures", __doc__)
    add = parser.add_argument
    add(
        "--out",
        type=arguments.path,
        required=True,
        help="folder of the runs and of their records",
    )
    add(
        "--experiment",
        type=arguments.path,
        default=EXPERIMENT,
        metavar="FILE",
        help=f"config file whose variants are the numbers (default: {EXPERIMENT})",
    )
    add(
        "--numbers",
        type=int,
        nargs="*",
        default=list(range(200)),
        metavar="N",
        help="architectures to train (default: 0 to 199)",
    )
    arguments.add_lipschitz(parser, CONSTRAINTS, default="two_sided")
    add(
        "--set",
        nargs="*",
        default=[],
        metavar="FIELD=VALUE",
        help="fields to change in all runs, such as steps=500; python -m wgan_gp.main"
        " --help lists them",
    )
    return parser


def _todo(args: argparse.Namespace) -> list[tuple[str, Any]]:
    """Names and configurations of the runs that are not done; all can be run."""
    changes = _changes(args.set)
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
        resumable = partial(resume.check, folder, config, build(config), cure=_CURE)
        workdir.check(folder, config, kind=_KIND, resumable=resumable)
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


def _changes(texts: list[str]) -> dict[str, Any]:
    """The fields of `--set`, each named once; not those that name a run."""
    changes: dict[str, Any] = {}
    for path, value in map(_field, texts):
        if path in ("lipschitz", "name"):
            raise ValueError(
                f"--set cannot change {path}, which tells the runs of a study apart:"
                " choose constraints by --lipschitz"
            )
        if path in changes:
            raise ValueError(f"--set names {path} twice: name it once")
        changes[path] = value
    return changes


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
    if spec is None or spec.loader is None:
        raise ValueError(f"--experiment {path}: its name does not end in .py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the file can raise anything
        raise ValueError(_of_file(path, error)) from error
    if not callable(getattr(module, "get_config", None)):
        raise ValueError(f"--experiment {path}: it has no function get_config")
    return partial(_load, path, module.get_config)


def _load(path: Path, get_config, number: int) -> ConfigDict:
    try:
        config = get_config(str(number))
    except Exception as error:
        raise ValueError(_of_file(path, error)) from error
    if not isinstance(config, ConfigDict) or "task" not in config:
        raise ValueError(f"--experiment {path} does not hold an experiment")
    return config


def _of_file(path: Path, error: Exception) -> str:
    return f"--experiment {path}: {type(error).__name__}: {one_line(error)}"


def _cell(load, number: int, lipschitz: str, changes: dict[str, Any]):
    config = load(number).copy_and_resolve_references()
    fields = [path for path, _ in configs.leaves(config)]
    for path in changes:
        if path not in fields:
            raise ValueError(
                f"--set: there is no field {path}{did_you_mean(path, fields)}"
            )
    with config.ignore_type():  # `resolve` says what is wrong with a type
        config.update_from_flattened_dict({"lipschitz": lipschitz} | changes)
    return f"{number:03d}-{lipschitz}", configs.resolve(config)


def _is_done(out: Path, name: str, config: Any) -> bool:
    path = out / f"{name}.json"
    if not path.exists():
        return False
    stored = _record(path)["config"]
    try:
        changes = differences(configs.resolve_stored(stored), config)
    except ValueError as error:
        changes = [str(error)]
    if changes:
        raise ValueError(
            f"{path} was made with other settings ({listed(changes)}): move it"
            " away, or use another --out"
        )
    return True


def _run(out: Path, name: str, config: Any) -> None:
    with workdir.claim(out / name):
        if not _is_done(out, name, config):  # by another process, meanwhile
            _train(out, name, config)


def _train(out: Path, name: str, config: Any) -> None:
    if line := workdir.prepare(out / name, config, kind=_KIND):
        print(f"{name}: {line}")
    record: dict[str, Any] = {
        "config": json.loads(json.dumps(configs.as_dict(config))),
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
