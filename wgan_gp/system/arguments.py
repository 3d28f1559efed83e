"""Command lines of the commands that take no config file.

They are argparse parsers whose errors are one line on stderr.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from wgan_gp.system import failures
from wgan_gp.system.paths import expand
from wgan_gp.system.platforms import refuse_windows
from wgan_gp.system.signals import Listener, Stopped
from wgan_gp.system.values import did_you_mean, show


class _Together(argparse._StoreAction):
    """Values of a list that is given in several parts: `--only depth --only kinks`."""

    def __call__(self, parser, namespace, values, option_string=None):
        before = getattr(namespace, self.dest)
        if isinstance(values, list) and before is not self.default:
            values = before + values
        super().__call__(parser, namespace, values, option_string)


class Parser(argparse.ArgumentParser):
    """A parser that raises ValueError where argparse prints its usage and exits.

    Flags are written in full. A list whose flag is repeated has all the values.
    """

    def __init__(self, **options: Any):
        super().__init__(**options, allow_abbrev=False)
        self.register("action", None, _Together)

    def error(self, message: str) -> NoReturn:
        """Raises ValueError with the message, and the nearest valid value."""
        raise ValueError(_reworded(message))


def make_parser(command: str, description: str | None) -> Parser:
    """A parser without options.

    Args:
      command: the module that `python -m` runs, such as "wgan_gp.sample".
      description: the command's docstring, for `--help`.

    Returns:
      A parser to which the caller adds the options.
    """
    return Parser(
        prog=sys.argv[0]
        if sys.argv[0].startswith("wgan-gp ")
        else f"python -m {command}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _reworded(message: str) -> str:
    """An error of argparse in the words of the other commands' errors."""
    text = re.sub(r"^argument ", "", " ".join(message.split()))[:400]
    if found := re.search(r"invalid choice: (.+) \(choose from (.*)\)", text):
        names = re.findall(r"[\w-]+", found[2])
        text = text.partition(":")[0] + f" must be one of {', '.join(names)}; got"
        text += f" {found[1]}{did_you_mean(found[1], names)}"
    for kind, noun in (("int", "a whole number"), ("float", "a number")):
        text = text.replace(f": invalid {kind} value:", f" must be {noun}, got")
    return text


def run_command(command: Callable[[], str], undone: str) -> int:
    """Runs a command, prints its result, and prints an error as one line on stderr.

    Args:
      command: does the work; returns the text to print.
      undone: describes the state after SIGINT or SIGTERM, such as "no file was
        written".

    Returns:
      The exit status: 0 on success, 2 after an error, 128 plus the number of the
      signal after a signal.
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
      parser: from `make_parser`, with all options added.
      arguments: the command line without the program's name.

    Returns:
      The value of each option.

    Raises:
      ValueError: an option is unknown, missing, or has a value of the wrong type.
      SystemExit: `--help` was given; the help has been printed.
    """
    known = [each for each in parser._option_string_actions if each.startswith("--")]
    for argument in arguments:
        name = argument.partition("=")[0]
        # Checked before argparse parses: for a misspelt required option it would
        # report the missing option, not the misspelt one.
        if name.startswith("--") and name not in (*known, "--"):
            near = did_you_mean(name, known) or f": there are {', '.join(known)}"
            raise ValueError(f"there is no flag {show(name)[1:-1]}{near}")
    return parser.parse_args(arguments)


def add_lipschitz(parser: Parser, names: Iterable[str], *, default: str) -> None:
    """Adds `--lipschitz`, which takes the names of one or more constraints.

    Args:
      parser: to which the option is added.
      names: of all constraints.
      default: the constraint where the option is not given.
    """
    parser.add_argument(
        "--lipschitz",
        nargs="*",
        default=[default],
        choices=names,
        metavar="NAME",
        help=f"constraints: {', '.join(names)} (default: {default})",
    )


def path(text: str) -> Path:
    """The value of an option as a path, with `~` and environment variables expanded.

    For `add_argument(type=path)`.

    Raises:
      argparse.ArgumentTypeError: it is empty, `~user` names no user, or a variable is
        not set.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty: write one")
    try:
        return expand(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
