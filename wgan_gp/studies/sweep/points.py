"""The points of a sweep's grid, each with the settings of its runs."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from wgan_gp import configs
from wgan_gp.studies.sweep import grid
from wgan_gp.system.values import show

MOST_RUNS = 100_000


class Point(NamedTuple):
    """A point of the grid; it is run with each seed."""

    study: str
    swept: dict[str, Any]  # the values of the study's fields, by path
    settings: configs.Settings  # of the run with the first seed


class RunId(NamedTuple):
    """A run of a sweep: the index of its point, and its seed."""

    point: int
    seed: int


def points(
    experiment: dict[str, Any], studies: tuple[str, ...], seeds: int
) -> list[Point]:
    """All points of the grid, in its order.

    Args:
      experiment: the configuration that the grid varies, not resolved.
      studies: the grid; each string is a study, see `grid.parse`.
      seeds: the number of runs of each point.

    Raises:
      ValueError: a study cannot be read, a point cannot be run, or it occurs twice.
    """
    known = [
        path
        for path, _ in configs.flatten(experiment)
        if not path.startswith("by_constraint.") and path != "by_constraint"
    ]
    parsed = [grid.parse(text, known) for text in studies]
    count = sum(study.size for study in parsed) * seeds
    if count > MOST_RUNS:
        raise ValueError(f"grid has {count} runs, at most {MOST_RUNS} are possible")
    found: list[Point] = []
    seen: dict[str, str] = {}
    for study in parsed:
        for values in study.points():
            point = _point(experiment, study, values)
            name = fingerprint(point.settings)
            if name in seen:
                raise ValueError(
                    f"grid: the point {label(values)} of {show(study.text)} is one of"
                    f" {show(seen[name])} already: leave one out"
                )
            seen[name] = study.text
            found.append(point)
    return found


def _point(
    experiment: dict[str, Any], study: grid.GridStudy, values: dict[str, Any]
) -> Point:
    try:
        resolved = with_changes(experiment, values)
    except ValueError as error:
        raise ValueError(f"grid: at {label(values)}: {error}") from None
    flat = dict(configs.flatten(resolved))
    return Point(study.text, {path: flat[path] for path in values}, resolved)


def with_changes(experiment: Any, changes: Mapping[str, Any]) -> configs.Settings:
    """The settings of an experiment with some fields changed.

    Args:
      experiment: its configuration, not resolved.
      changes: new values by dotted path.

    Raises:
      ValueError: a changed field is not valid.
    """
    config = ConfigDict(experiment).copy_and_resolve_references()
    with config.ignore_type():  # `resolve` says what is wrong with a type
        config.update_from_flattened_dict(changes)
    return configs.resolve(config)


def label(values: Mapping[str, Any]) -> str:
    """The values of a point as text: `field=value field=value`."""
    return " ".join(f"{path}={value}" for path, value in values.items())


def fingerprint(settings: configs.Settings, *left_out: str) -> str:
    """A text that is equal for settings that differ only in some fields.

    Args:
      settings: of a run.
      left_out: dotted paths of the fields that may differ.
    """
    fields = configs.flatten(json.loads(json.dumps(configs.as_dict(settings))))
    kept = {path: value for path, value in fields if path not in left_out}
    return json.dumps(kept, sort_keys=True)
