"""Filling in what a configuration leaves open."""

from collections.abc import Iterator
from typing import Any

from ml_collections import ConfigDict, FrozenConfigDict

from wgan_gp.configs.checks import check, get
from wgan_gp.configs.fields import PRESETS, base
from wgan_gp.configs.ranges import one_of
from wgan_gp.optimisers import BETAS


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
    _check_fields(config)
    config = config.copy_and_resolve_references()
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
    return FrozenConfigDict(config)


def _check_fields(config: ConfigDict) -> None:
    if not isinstance(config, ConfigDict):
        raise ValueError(f"get_config must return a ConfigDict, got {config!r}")
    full = base(config.get("task") or "gan", **chosen_networks(config))
    ours, theirs = ({path for path, _ in leaves(c)} for c in (full, config))
    # by_constraint is free-form: what it names is checked when it is applied.
    theirs = {path for path in theirs if not path.startswith("by_constraint")}
    if missing := sorted(ours - theirs):
        raise ValueError(
            f"the configuration lacks {', '.join(missing)}: start from configs.base()"
        )
    if unknown := sorted(theirs - ours):
        raise ValueError(f"the configuration has unknown fields {', '.join(unknown)}")


def chosen_networks(config: Any) -> dict[str, str]:
    """The networks that a configuration, or a dict of one, is for: `base`'s choices."""
    players = {name: config.get(name) or {} for name in ("critic", "generator")}
    return {
        name: section["network"]
        for name, section in players.items()
        if "network" in section
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
        config.update_from_flattened_dict({path: value})


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
