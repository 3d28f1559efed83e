"""Command lines of the smaller commands, whose mistakes are said in one line."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from wgan_gp import memory
from wgan_gp.configs.ranges import did_you_mean, show
from wgan_gp.paths import expand
from wgan_gp.platforms import refuse_windows
from wgan_gp.signals import Listener, Stopped


class Parser(argparse.ArgumentParser):
    """A parser that raises ValueError where argparse prints its usage and exits."""

    def error(self, message: str) -> NoReturn:
        """Raises ValueError with the message."""
        raise ValueError(message)


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
        except (ValueError, OSError, MemoryError, RuntimeError) as error:
            line = " ".join(str(error).split()) or type(error).__name__
            if memory.is_exhausted(error):
                line = memory.said_of(error)
            elif isinstance(error, RuntimeError):
                raise
            print(f"error: {line}", file=sys.stderr)
            return 2
    return 0


def parse(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """Reads a command line.

    Args:
      parser: with all flags added.
      arguments: without the program's name.

    Raises:
      ValueError: a flag is unknown, missing or has another type of value.
      SystemExit: `--help` was asked for, and printed.
    """
    known = [each for each in parser._option_string_actions if each.startswith("--")]
    for argument in arguments:
        name = argument.partition("=")[0]
        # Looked at first: argparse would rather say that the flag meant is missing.
        if name.startswith("--") and not any(each.startswith(name) for each in known):
            raise ValueError(f"there is no flag {show(name)[1:-1]}{_near(name, known)}")
    return parser.parse_args(arguments)


def _near(name: str, known: list[str]) -> str:
    return did_you_mean(name, known) or f": there are {', '.join(known)}"


def path(text: str) -> Path:
    """The value of a flag as a path, with `~` and variables replaced.

    Raises:
      argparse.ArgumentTypeError: its `~user` is nobody.
    """
    try:
        return expand(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def whole_number(text: str) -> int:
    """The value of a flag as a whole number.

    Raises:
      argparse.ArgumentTypeError: it is none.
    """
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a whole number, got {show(text)}"
        ) from None
