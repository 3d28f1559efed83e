"""A sweep's configuration: its fields, their defaults, and what they must be."""

from typing import Any

from ml_collections import ConfigDict, FrozenConfigDict

from wgan_gp import configs
from wgan_gp.studies.sweep.points import MOST_RUNS, with_changes
from wgan_gp.system.values import at_least, show, whole

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


def completed(stored: dict[str, Any]) -> dict[str, Any]:
    """A stored sweep's configuration with the fields that sweeps have got since.

    Raises:
      ValueError: it is not one, or is one of a newer version.
    """
    known = {"name", "experiment", "grid", *_DEFAULTS}
    if unknown := sorted(set(stored) - known):
        raise ValueError(
            f"it has the fields {configs.few(unknown)}, which this version does not"
            " know: use the version of wgan_gp that wrote it, or a newer one"
        )
    rest = {"experiment": configs.completed(stored.get("experiment"))}
    return _DEFAULTS | stored | rest


def checked(config: Any) -> FrozenConfigDict:
    """A sweep's configuration with the user's changes, its own fields checked.

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
    # Checks the name, and the seed.
    first = with_changes(config.experiment, {"name": config.name})
    whole("experiment.seed + seeds - 1", first.seed + config.seeds - 1, 0, 2**32)
    return FrozenConfigDict(config)


def _check_own_fields(config: ConfigDict) -> None:
    for name in ("runs_per_program", "save_every"):
        at_least(name, config[name], 1)
    whole("seeds", config.seeds, 1, MOST_RUNS + 1)
    if not isinstance(config.mesh, ConfigDict) or set(config.mesh) != {"runs"}:
        raise ValueError(f"mesh must have the field runs, got {show(config.mesh)}")
    at_least("mesh.runs", config.mesh.runs, 0)
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
