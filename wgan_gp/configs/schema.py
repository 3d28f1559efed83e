"""The fields of a configuration, as settings, networks and constraints declare them."""

import dataclasses
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, cast

from ml_collections import ConfigDict

from wgan_gp.configs.settings import PLAYERS, CriticSettings, Settings
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data.kinds import KINDS
from wgan_gp.system.fields import (
    Declaration,
    among,
    declarations,
    whole,
)
from wgan_gp.system.values import WIDEST

# Attributes of networks that `build` sets from the data.
_BUILT = ("parent", "name", "shape", "outputs", "classes", "categories")


# The sections of a configuration that have fields of constraints.
SECTIONS = ("penalty", "construction")
CLASSES = {"gan": Settings, "critic": CriticSettings}


# A section's fields and their declarations, or one field's declaration.
Schema = dict[str, "Declaration | dict[str, Declaration]"]


def schema(
    task: str = "gan", *, data: str, critic: str = "mlp", generator: str = "mlp"
) -> Schema:
    """The declarations of all fields of a configuration.

    Args:
      task: a key of `CLASSES`.
      data: its kind, a key of `data.kinds.KINDS`.
      critic: a key of `networks.CRITICS`.
      generator: a key of `networks.GENERATORS`; not used for a critic alone.

    Returns:
      The declarations by field, nested by section.
    """
    found: Schema = {}
    networks = {"critic": critic, "generator": generator}
    declared = dict(declarations(CLASSES[task]))
    for field in dataclasses.fields(CLASSES[task]):
        name = field.name
        if name in PLAYERS:
            found[name] = _network(name, networks[name])
        elif name == "data":
            found[name] = _data(data)
        elif name in SECTIONS:
            found[name] = constraint_fields(name)
        elif dataclasses.is_dataclass(field.type):
            found[name] = dict(declarations(field.type))
        else:
            found[name] = declared.get(name) or constraint_fields("")[name]
    return found


def constraint_fields(section: str) -> dict[str, Declaration]:
    """The fields of all constraints in a section of a configuration, by name.

    Args:
      section: a constraint's `Choice.section`.

    Raises:
      ValueError: two constraints declare a field of one name with different types.
    """
    found: dict[str, Declaration] = {}
    for name, choice in CONSTRAINTS.items():
        if choice.section != section:
            continue
        for field, declaration in declarations(choice.settings):
            first = found.setdefault(field, declaration)
            if first.type is not declaration.type:
                raise ValueError(
                    f"the constraint {name} declares {section}.{field} as"
                    f" {declaration.type.__name__}, and another as"
                    f" {first.type.__name__}: give its field another name"
                )
    return found


def constraint_paths() -> list[str]:
    """The dotted paths of the fields of all constraints."""
    nested = [
        f"{section}.{name}"
        for section in SECTIONS
        for name in constraint_fields(section)
    ]
    return [*nested, *constraint_fields("")]


def constraint_section(settings: Any) -> Any:
    """The section with the fields of the chosen constraint.

    Args:
      settings: settings or a configuration.
    """
    section = CONSTRAINTS[settings.lipschitz].section
    return get(settings, section) if section else settings


def _data(kind: str) -> dict[str, Declaration]:
    sentence = "Kind of data, which chooses the fields of this section."
    chosen = Declaration(str, kind, sentence, among((kind,)))
    return {"kind": chosen} | dict(declarations(KINDS[kind].settings))


def _network(player: str, name: str) -> dict[str, Declaration]:
    sentence = f"Family of the {player}'s network."
    found = {"network": Declaration(str, name, sentence, among(PLAYERS[player]))}
    found |= declarations(PLAYERS[player][name], without=_BUILT)
    if player == "generator":
        found["latent"] = Declaration(
            int, 2, "Dimension of the noise z ~ N(0, I).", whole(1, WIDEST)
        )
    return found


def freeze(tree: dict[str, Any]) -> CriticSettings:
    """Makes settings from a complete, checked configuration.

    Args:
      tree: the configuration as a nested dict.
    """
    given = {}
    for field in dataclasses.fields(CLASSES[tree["task"]]):
        value = tree[field.name]
        if field.name == "data":
            value = KINDS[value["kind"]].settings(**value)
        elif dataclasses.is_dataclass(section := field.type):
            value = cast("Callable[..., Any]", section)(**value)
        elif isinstance(value, dict):
            value = _section(field.name, tuple(value))(**value)
        given[field.name] = value
    return CLASSES[tree["task"]](**given)


@lru_cache
def _section(name: str, fields: tuple[str, ...]) -> type:
    """A dataclass for a section whose fields depend on networks or constraints."""
    return dataclasses.make_dataclass(name, fields, frozen=True, kw_only=True)


def as_dict(settings: Any) -> dict[str, Any]:
    """Settings as nested dicts, the form of `config.json`."""
    return dataclasses.asdict(settings)


def get(settings: Any, path: str) -> Any:
    """The value of a field.

    Args:
      settings: settings or a configuration.
      path: of the field, dotted, such as "penalty.weight".

    Raises:
      ValueError: there is no such field.
    """
    value = settings
    for part in path.split("."):
        is_config = isinstance(value, ConfigDict)
        known = value if is_config else getattr(value, "__dataclass_fields__", ())
        if part not in known:
            raise ValueError(f"there is no field config.{path}")
        value = value[part] if is_config else getattr(value, part)
    return value


def flatten(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The fields of settings, of a configuration or of a nested dict.

    Args:
      tree: any of them.
      prefix: put before each path.

    Yields:
      The dotted path and the value of each field.
    """
    tree = as_dict(tree) if dataclasses.is_dataclass(tree) else dict(tree)
    for key, value in tree.items():
        if isinstance(value, dict | ConfigDict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
