"""The command that started a run, so that its report can say how to go on."""

from pathlib import Path
from typing import Any, NamedTuple

from absl import flags

from wgan_gp.configs.flag_errors import given_flags

# A command that goes on with a run names the folder anew, and never overwrites it.
_OF_FOLDER = ("workdir", "overwrite", "nooverwrite", "accept_changes")
_OF_FOLDER += ("noaccept_changes",)


class Argument(NamedTuple):
    """A flag of the command, with its value.

    Attributes:
      words: as they were written: `("--config.seed=1",)` or `("--hosts", "2")`.
      field: the path of the configuration's field that it sets; empty for others.
    """

    words: tuple[str, ...]
    field: str = ""

    @property
    def value(self) -> str:
        """What was written for the flag."""
        *_, last = self.words
        return last if len(self.words) > 1 else last.partition("=")[2]


class Start(NamedTuple):
    """The command that started a run.

    Attributes:
      experiment: what `--config` named, as it was written.
      arguments: the other flags, without those on the folder.
      defaults: the experiment's own value of each field that the command set, by path;
        None for a field that the experiment leaves open.
      folder: in which the command was given; relative paths begin there.
    """

    experiment: str
    arguments: tuple[Argument, ...]
    defaults: dict[str, Any]
    folder: Path


def started_by(argv: list[str]) -> Start:
    """The start of a run, from a command line that `configs.command_line` has parsed.

    Args:
      argv: the program's name, then its arguments.
    """
    experiment, arguments, defaults = "", [], {}
    for flag, name, text, following in given_flags(argv[1:]):
        if name == "config":
            experiment = text or ""
            continue
        if name in _OF_FOLDER:
            continue
        words = (flag, text or "") if following else (f"{flag}={text}",)
        field = name.removeprefix("no").removeprefix("config.")
        is_field = name.startswith(("config.", "noconfig."))
        arguments.append(
            Argument(words if text is not None else (flag,), field if is_field else "")
        )
        if is_field:
            default = flags.FLAGS[f"config.{field}"].default
            # A flag that takes a tuple has its default as a list.
            defaults[field] = tuple(default) if isinstance(default, list) else default
    return Start(experiment, tuple(arguments), defaults, Path.cwd())
