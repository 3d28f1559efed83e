"""Options of commands without a config file, whose mistakes are said in one line."""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from wgan_gp.system import failures
from wgan_gp.system.paths import expand
from wgan_gp.system.platforms import refuse_windows
from wgan_gp.system.signals import Listener, Stopped
from wgan_gp.system.values import did_you_mean, show


class Parser(argparse.ArgumentParser):
    """A parser that raises ValueError where argparse prints its usage and exits."""

    def error(self, message: str) -> NoReturn:
        """Raises ValueError with the message, and the nearest valid value."""
        raise ValueError(_reworded(message))


def make_parser(command: str, description: str | None) -> Parser:
    """A parser without options.

    Args:
      command: what follows `python -m`.
      description: the command's docstring, for `--help`.
    """
    return Parser(
        prog=f"python -m {command}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _reworded(message: str) -> str:
    """What argparse says, as the other commands say it."""
    text = re.sub(r"^argument ", "", " ".join(message.split()))[:400]
    if found := re.search(r"invalid choice: (.+) \(choose from (.*)\)", text):
        names = re.findall(r"[\w-]+", found[2])
        text = text.partition(":")[0] + f" must be one of {', '.join(names)}; got"
        text += f" {found[1]}{did_you_mean(found[1], names)}"
    for kind, noun in (("int", "a whole number"), ("float", "a number")):
        text = text.replace(f": invalid {kind} value:", f" must be {noun}, got")
    return text


def run_command(command: Callable[[], str], undone: str) -> int:
    """Runs a command; what goes wrong is one line on stderr.

    Args:
      command: returns what is printed at its end.
      undone: what a signal leaves, in words.

    Returns:
      The exit status: 2 after an error, 128 plus the number of a signal.
    """
    refuse_windows()
    with Listener() as listener:
        listener.explain = lambda: undone
        try:
            print(command())
        except Stopped as stop:
            print(f"{stop}: {undone}", file=sys.stderr)
            return stop.status
        except failures.EXPECTED as error:
            return failures.report(error, 2)
    return 0


def parse(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """Reads a command line.

    Args:
      parser: with all options added.
      arguments: without the program's name.

    Raises:
      ValueError: an option is unknown, missing or has another type of value.
      SystemExit: `--help` was asked for, and printed.
    """
    known = [each for each in parser._option_string_actions if each.startswith("--")]
    for argument in arguments:
        name = argument.partition("=")[0]
        # Looked at first: argparse would rather say that the option meant is missing.
        if name.startswith("--") and not any(each.startswith(name) for each in known):
            near = did_you_mean(name, known) or f": there are {', '.join(known)}"
            raise ValueError(f"there is no flag {show(name)[1:-1]}{near}")
    return parser.parse_args(arguments)


def add_lipschitz(parser: Parser, names: Iterable[str], *, default: str) -> None:
    """Adds `--lipschitz`, which takes the names of one or more constraints."""
    parser.add_argument(
        "--lipschitz",
        nargs="*",
        default=[default],
        choices=names,
        metavar="NAME",
        help=f"constraints: {', '.join(names)} (default: {default})",
    )


def path(text: str) -> Path:
    """The value of an option as a path, with `~` and variables replaced.

    Raises:
      argparse.ArgumentTypeError: its `~user` is nobody.
    """
    try:
        return expand(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
