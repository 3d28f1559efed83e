"""`resolve`: from a configuration to settings."""

from collections.abc import Callable
from typing import Any

from ml_collections import ConfigDict

from wgan_gp.algorithm.optimisers import BETAS
from wgan_gp.configs.checks import check
from wgan_gp.configs.fields import base
from wgan_gp.configs.schema import (
    constraint_paths,
    constraint_section,
    flatten,
    freeze,
    get,
    schema,
)
from wgan_gp.configs.typed import as_type, fill
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data.kinds import KINDS
from wgan_gp.system.paths import expand, with_absolute_path
from wgan_gp.system.values import join_names, one_of, show


def resolve(config: ConfigDict) -> Any:
    """Completes a configuration, checks it, and freezes it to settings.

    Open fields are filled for the chosen constraint: first from the experiment's
    `by_constraint` table, then from the constraint's own presets, and last from
    Algorithm 1. The norm of a pair of known W1 comes before presets.

    Args:
      config: from an experiment's `get_config`, with the user's changes.

    Returns:
      `Settings`, or `CriticSettings` of task "critic". Fields that the constraint does
      not use are None.

    Raises:
      ValueError: a field is out of range, or is set but not used by the constraint.
        The message names the field, the value and the valid values.
    """
    config = _complete(config)
    one_of("lipschitz", config.lipschitz, CONSTRAINTS)
    tables = [config.by_constraint[config.lipschitz], _presets(config), ALGORITHM_1]
    if config.task == "critic" and config.data.norm >= 1:  # other values are refused
        tables.insert(1, {"penalty": {"norm": config.data.norm}})
    with config.unlocked():
        del config["by_constraint"]
    paths = set(constraint_paths())
    for table in tables:
        for path, value in flatten(table):
            if _applies(config, path, value, paths):
                _set_if_open(config, path, value)
    check(config, schema(config.task, **base_arguments(config)))
    _locate(config)
    return freeze(config.to_dict())


# Of fields that most constraints leave open: those of [WGAN-GP], Algorithm 1.
ALGORITHM_1 = {
    "objective": "wasserstein",
    "n_critic": 5,
    "critic": {"fourier": 0, "fourier_scale": 1.0},
}


def _presets(config: ConfigDict) -> dict[str, Any]:
    return CONSTRAINTS[config.lipschitz].presets


def _locate(config: ConfigDict) -> None:
    """Makes paths absolute, so that a run can resume in another working directory."""
    for path, in_full in _PATHS.items():
        section, _, name = path.partition(".")
        if section not in config or not config[section].get(name):
            continue
        try:
            config[section][name] = in_full(config[section][name])
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None


def _absolute(path: str) -> str:
    return str(expand(path).absolute())


def _absolute_or_home(path: str) -> str:
    return path if path.startswith("~") else _absolute(path)


_PATHS: dict[str, Callable[[str], str]] = {
    "data.name": with_absolute_path,
    "data.data_dir": _absolute,
    "data.cache": _absolute_or_home,  # whose default has no effect on other sets
    "features.weights": _absolute,
}


def _complete(config: ConfigDict) -> ConfigDict:
    """A copy with exactly the fields of `base`, each of its type."""
    if not isinstance(config, ConfigDict):
        raise ValueError(f"get_config must return a ConfigDict, got {show(config)}")
    try:
        config = config.copy_and_resolve_references()
        if "task" not in config:
            raise ValueError("the configuration lacks task: start from configs.base()")
        full = base(config.task, **base_arguments(config))
        _check_fields(config, full)
    except RecursionError:
        raise ValueError("the configuration is nested too deeply to be read") from None
    fill(full, config)
    return full


def _check_fields(config: ConfigDict, full: ConfigDict) -> None:
    ours, theirs = ({path for path, _ in flatten(c)} for c in (full, config))
    # Fields under by_constraint are free; they are checked when they are applied.
    ours, theirs = (
        {path for path in paths if path.split(".")[0] != "by_constraint"}
        for paths in (ours, theirs)
    )
    if "by_constraint" not in config:
        ours.add("by_constraint")
    if missing := sorted(ours - theirs):
        raise ValueError(
            f"the configuration lacks {join_names(missing)}: start from"
            f" configs.base({_chosen(config)})"
        )
    if unknown := sorted(theirs - ours):
        raise ValueError(f"the configuration has unknown fields {join_names(unknown)}")


def _chosen(config: ConfigDict) -> str:
    """The arguments of `base` for a configuration, as text."""
    named = [f"{name}={show(value)}" for name, value in base_arguments(config).items()]
    return ", ".join([show(config.task), *named])


def base_arguments(config: Any) -> dict[str, Any]:
    """The arguments of `base` and `schema`, beside the task, for a configuration.

    Args:
      config: a configuration, or a nested dict of one.
    """
    found = {
        argument: config[section][field]
        for argument, (section, field) in _ARGUMENTS.items()
        if isinstance(config.get(section), dict | ConfigDict)
        and field in config[section]
    }
    kind = KINDS.get(found.get("data", ""))
    if kind and kind.task != config["task"]:
        del found["data"]  # `_check_fields` reports the fields that its section lacks
    return found


_ARGUMENTS = {
    "critic": ("critic", "network"),
    "generator": ("generator", "network"),
    "data": ("data", "kind"),
}


def _set_if_open(config: ConfigDict, path: str, value: Any) -> None:
    if get(config, path) is None:
        section, _, name = path.rpartition(".")
        parent = get(config, section) if section else config
        parent[name] = as_type(path, value, parent.get_type(name))


def _applies(
    config: ConfigDict, path: str, value: Any, of_constraints: set[str]
) -> bool:
    """Whether a preset fits the other fields of the configuration."""
    section, _, field = path.rpartition(".")
    if path.split(".")[0] not in config:
        return False  # a critic alone has no generator
    if section == "critic" and field not in config.critic:
        return False  # of another network
    if path == "critic.fourier_scale" and not config.critic.fourier:
        return value == 1  # other scales are those of features
    if field in ("beta1", "beta2"):
        return field in BETAS.get(config[section].name or "adam", ())
    if path in of_constraints:
        return path in CONSTRAINTS[config.lipschitz].used(constraint_section(config))
    return True
