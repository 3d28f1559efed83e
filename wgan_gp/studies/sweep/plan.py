"""From a sweep's configuration to points, and to the programs that train them."""

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
from ml_collections import ConfigDict, FrozenConfigDict

from wgan_gp import configs
from wgan_gp.build import Experiment, build, open_dataset
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data import Dataset
from wgan_gp.evaluate.held_out import check_weights
from wgan_gp.studies.sweep import grid
from wgan_gp.system.values import at_least, few, show, whole

MOST_RUNS = 100_000
_TRACED = {
    "critic_optimiser.learning_rate": "critic_learning_rate",
    "generator_optimiser.learning_rate": "generator_learning_rate",
    "ema_decay": "ema_decay",
    "n_critic": "n_critic",
}
_DEFAULTS: dict[str, Any] = {
    "seeds": 8,
    "runs_per_program": 64,
    "save_every": 500,
    "mesh": {"runs": 0},
}
# What `--help` says of a sweep's fields.
FIELDS = {
    "name": "Of the sweep; its folder is called after it.",
    "grid": "Studies, such as ('lipschitz=clip clip_bound=0.01,0.1',).",
    "seeds": f"Runs of each point. Default: {_DEFAULTS['seeds']}.",
    "runs_per_program": "Runs that are trained at the same time. Default:"
    f" {_DEFAULTS['runs_per_program']}.",
    "save_every": f"Steps between saves. Default: {_DEFAULTS['save_every']}.",
    "mesh.runs": "Devices that runs are split over; 0 is all. Default:"
    f" {_DEFAULTS['mesh']['runs']}.",
    "experiment.FIELD": "Fields of what is varied: python -m wgan_gp.main --help lists"
    " them.",
}


def traced(config: FrozenConfigDict) -> dict[str, str]:
    """The fields that a compiled program takes as arguments.

    Args:
      config: of a run. All runs of a program have its constraint.

    Returns:
      The name in `train.Hyperparameters` of each field, by its path.
    """
    return _TRACED | {CONSTRAINTS[config.lipschitz].strength: "strength"}


class Point(NamedTuple):
    """A point of a study, to be run with each seed."""

    study: str
    swept: dict[str, Any]  # its values of the study's fields
    config: configs.Settings  # of its first seed's run, resolved


class Run(NamedTuple):
    """One point with one seed."""

    point: int
    seed: int


class Program(NamedTuple):
    """Runs that one compiled program trains."""

    experiment: Experiment  # with the most critic steps of its runs
    config: configs.Settings  # of one of them
    chunks: list[list[Run]]  # which are trained at the same time


class Sweep(NamedTuple):
    """What a sweep's configuration describes."""

    config: FrozenConfigDict
    points: list[Point]
    runs: list[Run]
    programs: list[Program]
    devices: int


def configuration(
    name: str, experiment: ConfigDict, studies: tuple[str, ...], **fields: Any
) -> ConfigDict:
    """A sweep's configuration.

    Args:
      name: of the sweep.
      experiment: what is varied, from `configs.experiment`.
      studies: the grid; each string is a study, see `grid.parse`.
      **fields: other values than the defaults of `seeds` (runs of each point),
        `runs_per_program` (trained at the same time), `save_every` (steps) and `mesh`
        (`runs`: devices that they are split over, 0 is all).
    """
    rest = _DEFAULTS | fields
    return ConfigDict(
        {"name": name, "experiment": experiment, "grid": studies} | rest
    ).lock()


def resolve(config: Any) -> Sweep:
    """Checks a configuration and each of its runs'; compiles nothing.

    Args:
      config: from `configuration`, with the user's changes.

    Raises:
      ValueError: what cannot be run, in one line that names the field.
    """
    config = _complete(config)
    points = _points(config)
    seeds = range(config.experiment.seed, config.experiment.seed + config.seeds)
    runs = [Run(i, seed) for i in range(len(points)) for seed in seeds]
    devices = len(jax.devices())
    if config.mesh.runs > devices:
        raise ValueError(
            f"mesh.runs must be at most the {devices} devices that there are, got"
            f" {config.mesh.runs}: 0 is all"
        )
    programs = _programs(config, points, runs)
    return Sweep(config, points, runs, programs, config.mesh.runs or devices)


def run_config(sweep: Sweep, run: Run) -> configs.Settings:
    """The configuration that a single run of the same numbers would have."""
    return _with(sweep.points[run.point].config, seed=run.seed)


def completed(stored: dict[str, Any]) -> dict[str, Any]:
    """A stored sweep's configuration with the fields that sweeps have got since.

    Raises:
      ValueError: it is not one, or is one of a newer version.
    """
    known = {"name", "experiment", "grid", *_DEFAULTS}
    if unknown := sorted(set(stored) - known):
        raise ValueError(
            f"it has the fields {few(unknown)}, which this version does not"
            " know: use the version of wgan_gp that wrote it, or a newer one"
        )
    rest = {"experiment": configs.completed(stored.get("experiment"))}
    return _DEFAULTS | stored | rest


def _complete(config: Any) -> FrozenConfigDict:
    if not isinstance(config, ConfigDict):
        raise ValueError(f"get_config must return a ConfigDict, got {show(config)}")
    expected = {"name", "experiment", "grid", *_DEFAULTS}
    if wrong := sorted(expected ^ set(config)):
        raise ValueError(
            f"a sweep has the fields {', '.join(sorted(expected))}; this one lacks, or"
            f" has besides, {', '.join(map(str, wrong))}: start from"
            " sweep.configuration()"
        )
    config = config.copy_and_resolve_references()
    for name in ("runs_per_program", "save_every"):
        at_least(name, config[name], 1)
    whole("seeds", config.seeds, 1, MOST_RUNS + 1)
    if not isinstance(config.mesh, ConfigDict) or set(config.mesh) != {"runs"}:
        raise ValueError(f"mesh must have the field runs, got {show(config.mesh)}")
    at_least("mesh.runs", config.mesh.runs, 0)
    if not isinstance(config.grid, tuple | list) or not config.grid:
        raise ValueError(f"grid must be a tuple of studies, got {show(config.grid)}")
    if not isinstance(config.experiment, ConfigDict):
        raise ValueError(
            f"experiment must be an experiment's config, got {show(config.experiment)}"
        )
    if config.experiment.get("task") == "critic":
        raise ValueError("experiment.task must be 'gan': a sweep trains generators")
    if config.experiment.get("debug_nans"):
        raise ValueError(
            "experiment.debug_nans has no effect on a sweep: run the point alone with"
            " wgan_gp.main"
        )
    first = _resolved(config.experiment, {"name": config.name})  # checks name, and seed
    whole("experiment.seed + seeds - 1", first.seed + config.seeds - 1, 0, 2**32)
    return FrozenConfigDict(config)


def _points(config: FrozenConfigDict) -> list[Point]:
    known = [
        path
        for path, _ in configs.leaves(config.experiment)
        if not path.startswith("by_constraint.") and path != "by_constraint"
    ]
    studies = [grid.parse(text, known) for text in config.grid]
    count = sum(study.size for study in studies) * config.seeds
    if count > MOST_RUNS:
        raise ValueError(f"grid has {count} runs, at most {MOST_RUNS} are possible")
    points: list[Point] = []
    seen: dict[str, str] = {}
    for study in studies:
        for values in study.points():
            point = _point(config, study, values)
            identity = _identity(point.config)
            if identity in seen:
                raise ValueError(
                    f"grid: the point {label(values)} of {show(study.text)} is one of"
                    f" {show(seen[identity])} already: leave one out"
                )
            seen[identity] = study.text
            points.append(point)
    return points


def _point(config: FrozenConfigDict, study: grid.Study, values: dict[str, Any]):
    try:
        resolved = _resolved(config.experiment, values)
    except ValueError as error:
        raise ValueError(f"grid: at {label(values)}: {error}") from None
    flat = dict(configs.leaves(resolved))
    return Point(study.text, {path: flat[path] for path in values}, resolved)


def _resolved(experiment: Any, changes: Mapping[str, Any]) -> FrozenConfigDict:
    config = ConfigDict(experiment).copy_and_resolve_references()
    with config.ignore_type():  # `resolve` says what is wrong with a type
        config.update_from_flattened_dict(changes)
    return configs.resolve(config)


def label(values: Mapping[str, Any]) -> str:
    """`field=value field=value`, values without quotes."""
    return " ".join(f"{path}={value}" for path, value in values.items())


def _programs(config, points: list[Point], runs: list[Run]) -> list[Program]:
    """A program for all points that differ in nothing but `traced` fields."""
    groups: dict[str, list[Run]] = {}
    names = [_identity(point.config, "seed", *traced(point.config)) for point in points]
    for run in runs:
        groups.setdefault(names[run.point], []).append(run)
    datasets: dict[str, Dataset] = {}
    return [
        _program(points, members, config.runs_per_program, datasets)
        for members in groups.values()
    ]


def _program(points: list[Point], runs: list[Run], most: int, datasets) -> Program:
    members = [points[run.point].config for run in runs]
    config = _with(members[0], n_critic=max(each.n_critic for each in members))
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


def _shared_dataset(config: configs.Settings, datasets: dict[str, Dataset]) -> Dataset:
    """The data set of a program: opened for the first one of those that have it.

    Its arrays are on the device once, however many programs train on them.
    """
    key = str((config.data, config.conditional, config.features))
    if key not in datasets:
        datasets[key] = open_dataset(config)
    return datasets[key]


def _with(config: configs.Settings, **fields: Any) -> configs.Settings:
    return dataclasses.replace(config, **fields)


def _identity(config: configs.Settings, *left_out: str) -> str:
    """The same for configurations that differ in nothing but some fields."""
    fields = configs.leaves(json.loads(json.dumps(configs.as_dict(config))))
    kept = {path: value for path, value in fields if path not in left_out}
    return json.dumps(kept, sort_keys=True)
