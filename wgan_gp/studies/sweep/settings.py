"""The settings of a sweep: its fields, their defaults and their checks."""

import dataclasses
import re
from typing import Any

from ml_collections import ConfigDict

from wgan_gp import configs
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.studies.sweep.points import MOST_RUNS, with_changes
from wgan_gp.system.fields import at_least, declarations, setting, whole
from wgan_gp.system.values import join_names, show
from wgan_gp.system.values import whole as check_whole


@dataclasses.dataclass(frozen=True, kw_only=True)
class SweepMesh:
    """The devices of a sweep."""

    runs: int = setting(0, "Devices that runs are split over; 0 is all.", at_least(0))


@dataclasses.dataclass(frozen=True, kw_only=True)
class SweepSettings:
    """The settings of a sweep."""

    name: str
    experiment: dict[str, Any]  # the configuration that is varied, not resolved
    grid: tuple[str, ...]  # each string is a study, see `grid.parse`
    seeds: int = setting(8, "Runs of each point.", whole(1, MOST_RUNS + 1))
    runs_per_program: int = setting(
        64, "Runs that are trained at the same time.", at_least(1)
    )
    save_every: int = setting(500, "Steps between saves.", at_least(1))
    mesh: SweepMesh = SweepMesh()


_DECLARED = dict(declarations(SweepSettings, without=("mesh",)))
_MESH = dict(declarations(SweepMesh))
_DEFAULTS: dict[str, Any] = {name: each.default for name, each in _DECLARED.items()}
_DEFAULTS["mesh"] = {name: each.default for name, each in _MESH.items()}
_PATHS = _DECLARED | {f"mesh.{name}": each for name, each in _MESH.items()}
# The descriptions of a sweep's fields in `--help`.
FIELDS = {
    "name": "Of the sweep; its folder is called after it.",
    "grid": "Studies, such as ('lipschitz=clip clip_bound=0.01,0.1',).",
    **{
        path: f"{each.sentence} Default: {each.default}."
        for path, each in _PATHS.items()
    },
    "experiment.FIELD": "Fields of what is varied: python -m wgan_gp.main --help lists"
    " them.",
}


def configuration(
    name: str, experiment: ConfigDict, studies: tuple[str, ...], **fields: Any
) -> ConfigDict:
    """The configuration of a sweep, for the `get_config` of an experiment file.

    Args:
      name: of the sweep.
      experiment: the configuration that is varied, from `configs.experiment`.
      studies: the grid; each string is a study, see `grid.parse`.
      **fields: values that differ from the defaults of `SweepSettings`.

    Returns:
      A locked configuration.
    """
    rest = _DEFAULTS | fields
    return ConfigDict(
        {"name": name, "experiment": experiment, "grid": studies} | rest
    ).lock()


def settings_from_stored(stored: dict[str, Any]) -> SweepSettings:
    """The settings of a stored sweep; fields added since get their defaults.

    Args:
      stored: the content of its `config.json`.

    Raises:
      ValueError: a field is missing, or the sweep comes from a newer version.
    """
    known = {"name", "experiment", "grid", *_DEFAULTS}
    if unknown := sorted(set(stored) - known):
        raise ValueError(
            f"it has the fields {join_names(unknown)}, which this version does not"
            " know: use the version of wgan_gp that wrote it, or a newer one"
        )
    rest = {"experiment": configs.complete_stored(stored.get("experiment"))}
    return _frozen(_DEFAULTS | stored | rest)


def settings_from_config(config: Any) -> SweepSettings:
    """Checks a sweep's configuration and freezes it.

    The settings of its runs are checked by `plan.resolve`.

    Args:
      config: from `configuration`, with the user's changes.

    Raises:
      ValueError: a field is missing, unknown or out of range.
    """
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
    _check_own_fields(config)
    _check_experiment(config.experiment)
    # Resolving the experiment checks the name and the seed.
    first = with_changes(config.experiment, {"name": config.name})
    check_whole("experiment.seed + seeds - 1", first.seed + config.seeds - 1, 0, 2**32)
    return _frozen(config.to_dict())


def _frozen(tree: dict[str, Any]) -> SweepSettings:
    given = tree | {"mesh": SweepMesh(**tree["mesh"]), "grid": tuple(tree["grid"])}
    given["experiment"] = _as_stored(tree["experiment"], given["grid"])
    return SweepSettings(**given)


def _as_stored(experiment: dict[str, Any], grid: tuple[str, ...]) -> dict[str, Any]:
    """The form in which an experiment is compared with that of a stored sweep.

    Constraints that no run has may be newer than the stored sweep. Their tables
    `by_constraint` are left out, and fields that they alone could set are no longer
    open: they were not before.
    """
    words = {experiment["lipschitz"], *re.findall(r"\w+", " ".join(map(str, grid)))}
    tables = experiment["by_constraint"].items()
    used = {name: table for name, table in tables if name in words}
    presets = [CONSTRAINTS[name].presets for name in words & set(CONSTRAINTS)]
    filled = {
        path for t in (*used.values(), *presets) for path, _ in configs.flatten(t)
    }
    stored = experiment | {"by_constraint": used, "critic": dict(experiment["critic"])}
    for path, value in configs.flatten(configs.ALGORITHM_1):
        section, _, name = path.rpartition(".")
        fields = stored[section] if section else stored
        if path not in filled and fields.get(name, value) is None:
            fields[name] = value
    return stored


def _check_own_fields(config: ConfigDict) -> None:
    if not isinstance(config.mesh, ConfigDict) or set(config.mesh) != {"runs"}:
        raise ValueError(f"mesh must have the field runs, got {show(config.mesh)}")
    for path, declared in _PATHS.items():
        assert declared.rule is not None
        declared.rule.check(path, configs.get(config, path))
    if not isinstance(config.grid, tuple | list) or not config.grid:
        raise ValueError(f"grid must be a tuple of studies, got {show(config.grid)}")


def _check_experiment(experiment: Any) -> None:
    if not isinstance(experiment, ConfigDict):
        raise ValueError(
            f"experiment must be an experiment's config, got {show(experiment)}"
        )
    if experiment.get("task") == "critic":
        raise ValueError("experiment.task must be 'gan': a sweep trains generators")
    if experiment.get("debug_nans"):
        raise ValueError(
            "experiment.debug_nans has no effect on a sweep: run the point alone with"
            " wgan_gp.main"
        )
    if isinstance(mesh := experiment.get("mesh"), ConfigDict) and mesh.get("data"):
        raise ValueError(
            "experiment.mesh.data has no effect on a sweep: mesh.runs is the number of"
            " devices that its runs are split over"
        )
