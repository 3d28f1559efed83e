"""What `--help` says: a command's flags, the fields of a configuration, the presets."""

import itertools
import textwrap
from collections.abc import Iterator
from typing import Any

from absl import flags
from ml_collections import ConfigDict

from wgan_gp import configs
from wgan_gp.configs.descriptions import DESCRIPTIONS, Description
from wgan_gp.configs.fields import PRESETS, base
from wgan_gp.configs.typed import NOUNS
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.networks import CRITICS, GENERATORS

_WIDTH = 88
_VALUES = {
    "config": "FILE[:VARIANT]",
    "workdir": "FOLDER",
    "coordinator": "HOST:PORT",
    "hosts": "N",
    "host": "I",
    "host_timeout": "SECONDS",
}
_OF_FILE = ("task", "critic.network", "generator.network")
PLAYERS = ("critic", "generator")
_ALL = ["vectors", "a critic alone", "images"]  # the kinds of runs
_OF_PRESETS = {
    path for preset in PRESETS.values() for path, _ in configs.leaves(preset)
}


def flag_lines(*names: str) -> str:
    """The flags of a command with their defaults."""
    entries = []
    for name in names:
        flag = flags.FLAGS[name]
        default = "" if flag.default is None else f" Default: {flag.default}."
        value = "" if flag.boolean else f"={_VALUES[name]}"
        entries.append(_entry(f"--{name}{value}", f"{flag.help}{default}"))
    return "\n".join(entries)


def field_lines() -> str:
    """Every field that a configuration can have: type, values, default, meaning."""
    found = _fields()
    return "\n".join(
        _entry(f"--config.{path}", _describe(path, DESCRIPTIONS[path], found[path]))
        for path in DESCRIPTIONS
    )


def preset_lines() -> str:
    """Each constraint, and what it sets where a configuration leaves fields open."""
    return "\n".join(
        _entry(
            name,
            f"{constraint.sentence} ({constraint.source}) Sets "
            + ", ".join(
                f"{path}={v}" for path, v in configs.leaves(constraint.presets)
            ),
        )
        for name, constraint in CONSTRAINTS.items()
    )


def configurations() -> Iterator[tuple[str, ConfigDict]]:
    """A configuration of every kind there is, with words for the kind."""
    yield "vectors", base()
    yield "a critic alone", base("critic")
    images = (
        [name for name in each if name != "mlp"] for each in (CRITICS, GENERATORS)
    )
    for critic, generator in itertools.product(*images):
        yield "images", base(critic=critic, generator=generator)


def _fields() -> dict[str, dict[tuple[type, Any], list[str]]]:
    """By field: its types and defaults, and for each the runs that have it."""
    found: dict[str, dict[tuple[type, Any], list[str]]] = {}
    for kind, config in configurations():
        for path, value in configs.leaves(config):
            section, _, name = path.rpartition(".")
            place = config[section] if section else config
            where = place.network if "network" in place and section in PLAYERS else kind
            runs = found.setdefault(path, {})
            runs = runs.setdefault((place.get_type(name), value), [])
            if where not in runs:
                runs.append(where)
    return found


def _describe(path: str, description: Description, defaults) -> str:
    """A field's meaning, type or values, and defaults, as text."""
    ((type_, first), *_) = defaults
    values = f"one of {', '.join(map(str, description.valid))}"
    noun = values if description.valid else f"{NOUNS[type_]} {description.range}"
    shown = [_default(path, value, runs) for (_, value), runs in defaults.items()]
    if path in _OF_FILE:
        shown = [f"{first}, chosen in the config file"]
    noun = noun[0].upper() + noun[1:].rstrip()
    return f"{description.sentence} {noun}. Default: {', '.join(shown)}."


def _default(path: str, value: Any, runs: list[str]) -> str:
    """A default, and the runs that have it unless all do."""
    whole = set(runs) in (set(CRITICS), set(GENERATORS), set(_ALL))
    where = "" if whole else f" ({', '.join(runs)})"
    if value is None:
        return ("set by lipschitz" if path in _OF_PRESETS else "open") + where
    return f"{value}{where}"


def _entry(name: str, text: str) -> str:
    lines = textwrap.wrap(text, _WIDTH - 6, break_long_words=False)
    return "\n      ".join([f"  {name}", *lines])
