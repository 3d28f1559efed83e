"""The text of `--help`: a command's flags, the configuration's fields, the presets."""

import itertools
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

from absl import flags

from wgan_gp.configs.schema import flatten, schema
from wgan_gp.configs.settings import PLAYERS
from wgan_gp.configs.typed import NOUNS
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data.kinds import KINDS, kinds_of
from wgan_gp.networks import CRITICS, GENERATORS
from wgan_gp.system.fields import Declaration

_WIDTH = 88
_VALUES = {
    "config": "FILE[:VARIANT]",
    "workdir": "FOLDER",
    "coordinator": "HOST:PORT",
    "hosts": "N",
    "host": "I",
    "host_timeout": "SECONDS",
}
# Fields that the experiment file sets and the command line cannot change.
_OF_FILE = ("task", "critic.network", "generator.network", "data.kind")


class FieldHelp(NamedTuple):
    """The help of a field, collected from all configurations that have it."""

    declared: Declaration  # in the first configuration that has it
    sentences: tuple[str, ...]  # its meanings, several if networks or data differ
    valid: tuple  # the valid names in any of the configurations; empty for numbers
    defaults: dict[Any, list[str]]  # the kinds of runs that have each default


def flag_lines(*names: str) -> str:
    """The help of a command's flags.

    Args:
      names: of the flags, without dashes.
    """
    entries = []
    for name in names:
        flag = flags.FLAGS[name]
        default = "" if flag.default is None else f" Default: {flag.default}."
        value = "" if flag.boolean else f"={_VALUES[name]}"
        entries.append(_entry(f"--{name}{value}", f"{flag.help}{default}"))
    return "\n".join(entries)


def field_lines() -> str:
    """The help of every field of a configuration: meaning, type or values, default."""
    return "\n".join(
        _entry(f"--config.{path}", _describe(path, field))
        for path, field in field_help().items()
    )


def preset_lines() -> str:
    """The help of each constraint: its sentence, its source, and its presets."""
    return "\n".join(
        _entry(
            name,
            f"{constraint.sentence} ({constraint.source}) Sets "
            + ", ".join(f"{path}={v}" for path, v in flatten(constraint.presets)),
        )
        for name, constraint in CONSTRAINTS.items()
    )


def base_variants() -> Iterator[tuple[str, dict[str, Any]]]:
    """All combinations of task, data and networks.

    Yields:
      A name for the combination, and its arguments of `configs.base` and of `schema`.
    """
    yield "a critic alone", {"task": "critic", "data": "funnels"}
    for critic, generator in itertools.product(CRITICS, GENERATORS):
        modules = CRITICS[critic], GENERATORS[generator]
        for kind in kinds_of("gan", *modules):
            yield kind, {"data": kind, "critic": critic, "generator": generator}


def field_help() -> dict[str, FieldHelp]:
    """The help of every field that a configuration can have, by dotted path."""
    found: dict[str, FieldHelp] = {}
    for sort, given in base_variants():
        for path, declared in flatten(schema(**given)):
            section = path.partition(".")[0]
            where = given.get(section, sort) if section in PLAYERS else sort
            field = found.setdefault(path, FieldHelp(declared, (), (), {}))
            runs = field.defaults.setdefault(declared.default, [])
            if where not in runs:
                runs.append(where)
            known = declared.rule.valid() if declared.rule else ()
            valid = tuple(dict.fromkeys((*field.valid, *known)))
            sentences = dict.fromkeys((*field.sentences, declared.sentence))
            found[path] = field._replace(valid=valid, sentences=tuple(sentences))
    return found


def _describe(path: str, field: FieldHelp) -> str:
    """A field's meaning, type or values, and defaults, as text."""
    declared = field.declared
    noun = f"one of {', '.join(map(str, field.valid))}"
    if not field.valid:
        words = declared.rule.words if declared.rule else ""
        noun = f"{NOUNS[declared.type]} {words}"
    shown = [_default(path, each, runs) for each, runs in field.defaults.items()]
    if path in _OF_FILE:
        shown = ["chosen in the config file"]
    noun = noun[0].upper() + noun[1:].rstrip()
    return f"{' '.join(field.sentences)} {noun}. Default: {', '.join(shown)}."


def _of_presets() -> set[str]:
    """The fields that a constraint sets."""
    presets = (each.presets for each in CONSTRAINTS.values())
    return {path for each in presets for path, _ in flatten(each)}


def _default(path: str, value: Any, runs: list[str]) -> str:
    """A default, followed by the runs that have it unless all runs do."""
    every = {*KINDS, "a critic alone"} - {"funnels"}
    whole = set(runs) in (set(CRITICS), set(GENERATORS), every)
    where = "" if whole else f" ({', '.join(runs)})"
    if value is None:
        return ("set by lipschitz" if path in _of_presets() else "open") + where
    return f"{value}{where}"


def _entry(name: str, text: str) -> str:
    lines = textwrap.wrap(text, _WIDTH - 6, break_long_words=False)
    return "\n      ".join([f"  {name}", *lines])
