"""Filling in what a configuration leaves open."""

from collections.abc import Callable, Iterator
from typing import Any

from ml_collections import ConfigDict, FrozenConfigDict

from wgan_gp.algorithm.optimisers import BETAS
from wgan_gp.configs.checks import check, get
from wgan_gp.configs.fields import PRESETS, base
from wgan_gp.configs.typed import as_type, fill
from wgan_gp.system.paths import expand, locate
from wgan_gp.system.values import one_of, show


def resolve(config: ConfigDict) -> FrozenConfigDict:
    """A complete, checked copy: open fields filled in for the chosen constraint.

    Args:
      config: from an experiment's `get_config`, with the user's changes.

    Returns:
      A frozen configuration without `by_constraint`; fields that the constraint does
      not use are None.

    Raises:
      ValueError: a field is out of range, or was set though the constraint does not
        use it. The message names the field, the value and what is valid.
    """
    config = _complete(config)
    constraint = config.lipschitz
    one_of("lipschitz", constraint, PRESETS)
    mine = config.by_constraint[constraint]
    with config.unlocked():
        del config["by_constraint"]
    for path, value in [*leaves(mine), *leaves(PRESETS[constraint])]:
        if _applies(config, path):
            _set_if_open(config, path, value)
    if config.penalty.shape == "one_sided" and config.penalty.power is None:
        config.penalty.power = 2
    check(config)
    _locate(config)
    return FrozenConfigDict(config)


def _locate(config: ConfigDict) -> None:
    """Writes paths in full: the run may be resumed from another working directory."""
    if "features" not in config:  # only images have any
        return

    def write(field: str, name: str, in_full: Callable[[str], str]) -> None:
        section = config[field]
        try:
            section[name] = section[name] and in_full(section[name])
        except ValueError as error:
            raise ValueError(f"{field}.{name}: {error}") from None

    write("data", "name", locate)
    write("data", "data_dir", lambda path: str(expand(path).absolute()))
    write("features", "weights", lambda path: str(expand(path).absolute()))


def _complete(config: ConfigDict) -> ConfigDict:
    """A copy that has all fields, no others, and each of its type."""
    if not isinstance(config, ConfigDict):
        raise ValueError(f"get_config must return a ConfigDict, got {show(config)}")
    try:
        config = config.copy_and_resolve_references()
        if "task" not in config:
            raise ValueError("the configuration lacks task: start from configs.base()")
        full = base(config.task, **chosen_networks(config))
        _check_fields(config, full)
    except RecursionError:
        raise ValueError("the configuration is nested too deeply to be read") from None
    fill(full, config)
    return full


def _check_fields(config: ConfigDict, full: ConfigDict) -> None:
    ours, theirs = ({path for path, _ in leaves(c)} for c in (full, config))
    # by_constraint is free-form: what it names is checked when it is applied.
    ours, theirs = (
        {path for path in paths if path.split(".")[0] != "by_constraint"}
        for paths in (ours, theirs)
    )
    if "by_constraint" not in config:
        ours.add("by_constraint")
    if missing := sorted(ours - theirs):
        raise ValueError(
            f"the configuration lacks {few(missing)}: start from"
            f" configs.base({_chosen(config)})"
        )
    if unknown := sorted(theirs - ours):
        raise ValueError(f"the configuration has unknown fields {few(unknown)}")


def _chosen(config: ConfigDict) -> str:
    """The arguments of `base` that a configuration asks for."""
    networks = chosen_networks(config).items()
    named = [f"{player}={show(network)}" for player, network in networks]
    return ", ".join([show(config.task), *named])


def few(paths: list[str]) -> str:
    """At most nine of the names of fields."""
    more = f" and {len(paths) - 9} more" if len(paths) > 9 else ""
    # An unknown field's name can be any text.
    return ", ".join(show(path)[1:-1] for path in paths[:9]) + more


def chosen_networks(config: Any) -> dict[str, str]:
    """The networks that a configuration, or a dict of one, is for: `base`'s choices."""
    players = {name: config.get(name) for name in ("critic", "generator")}
    return {
        name: section["network"]
        for name, section in players.items()
        if isinstance(section, dict | ConfigDict) and "network" in section
    }


def leaves(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The fields of a configuration, or of a dict of one, by dotted path."""
    for key, value in dict(tree).items():
        if isinstance(value, dict | ConfigDict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _set_if_open(config: ConfigDict, path: str, value: Any) -> None:
    if get(config, path) is None:
        section, _, name = path.rpartition(".")
        place = get(config, section) if section else config
        place[name] = as_type(path, value, place.get_type(name))


def _applies(config: ConfigDict, path: str) -> bool:
    """Whether a preset belongs beside what has been set already."""
    section, _, field = path.rpartition(".")
    if section and section not in config:
        return False  # a critic alone has no generator
    if field in ("beta1", "beta2"):
        return field in BETAS.get(config[section].name or "adam", ())
    if path == "penalty.points":
        return config.penalty.pairing in (None, "independent")
    return True
