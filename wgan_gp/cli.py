"""The command `wgan-gp`: every command of the project under one name.

wgan-gp train toy8gauss                 the same as
python -m wgan_gp.main --config experiments/toy8gauss.py
"""

import importlib
import sys
from typing import NamedTuple

import wgan_gp
from wgan_gp.system import failures, shipped
from wgan_gp.system.platforms import refuse_windows
from wgan_gp.system.values import did_you_mean


class Command(NamedTuple):
    """A command.

    Attributes:
      module: that `python -m` runs; its `main` takes the argument vector.
      what: it does, in a line.
      takes_experiment: whether its first argument may be an experiment, as `--config`.
    """

    module: str
    what: str
    takes_experiment: bool = False


COMMANDS = {
    "train": Command("wgan_gp.main", "train an experiment", takes_experiment=True),
    "sample": Command("wgan_gp.sample", "draw samples from a finished run"),
    "score": Command("wgan_gp.score", "score a finished run on images"),
    "distance": Command("wgan_gp.distance", "estimate W1 between two sets of samples"),
    "animate": Command("wgan_gp.animate", "animate runs in the plane, side by side"),
    "sweep": Command(
        "wgan_gp.studies.sweep.__main__",
        "train a grid of settings and seeds in one program",
        takes_experiment=True,
    ),
    "prepare": Command("wgan_gp.data.prepare", "prepare an image set on disk"),
    "w1-benchmark": Command(
        "wgan_gp.studies.w1_benchmark.__main__", "train critics on pairs of known W1"
    ),
}


def main(argv: list[str]) -> int:
    """Runs the command.

    Args:
      argv: the program's name, then its arguments.

    Returns:
      The exit status of the command that was named; 2 if there is none of this name.
    """
    refuse_windows()
    name, rest = (argv[1], argv[2:]) if len(argv) > 1 else ("--help", [])
    if name in ("--help", "-h", "help"):
        print(_help())
        return 0
    if name == "--version":
        print(f"wgan-gp {wgan_gp.__version__}")
        return 0
    if name not in COMMANDS:
        near = did_you_mean(name, COMMANDS) or f": there are {', '.join(COMMANDS)}"
        return failures.report(ValueError(f"there is no command {name!r}{near}"), 2)
    command = COMMANDS[name]
    if command.takes_experiment and rest and not rest[0].startswith("-"):
        rest = ["--config", *rest]
    sys.argv = [f"wgan-gp {name}", *rest]
    return importlib.import_module(command.module).main(sys.argv)


def _help() -> str:
    commands = [(name, each.what) for name, each in COMMANDS.items()]
    files = shipped.experiments().items()
    experiments = [(name, shipped.first_line(path)) for name, path in files]
    parts = [("Commands", commands), ("Experiments, for train and sweep", experiments)]
    lines = ["usage: wgan-gp COMMAND ..., or wgan-gp COMMAND --help"]
    for title, entries in parts:
        width = max(len(name) for name, _ in entries)
        lines += ["", f"{title}:", *(f"  {a:{width}}  {b}" for a, b in entries)]
    return "\n".join(
        [
            *lines,
            "",
            "An experiment may also be a file of your own, FILE.py, and have a variant,"
            " NAME:VARIANT.",
        ]
    )


def run() -> None:
    """The entry point of the installed command."""
    sys.exit(main(sys.argv))


if __name__ == "__main__":
    run()
