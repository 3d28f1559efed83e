"""Options of commands without a config file, and their errors in one line each."""

import argparse
import re
import sys
from pathlib import Path
from typing import NoReturn

from wgan_gp.configs.ranges import did_you_mean
from wgan_gp.paths import expand


def make_parser(command: str, description: str | None) -> argparse.ArgumentParser:
    """A parser whose errors are one line on stderr, with the nearest valid name.

    Args:
      command: what follows `python -m`.
      description: the command's docstring, for `--help`.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m {command}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.error = _refuse  # pyrefly: ignore
    return parser


def parse(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    """The options' values; exits with status 2 for options that cannot be read.

    Args:
      parser: from `make_parser`.
      arguments: without the program's name.
    """
    known = [*re.findall(r"--(\w+)", parser.format_usage()), "help"]
    for argument in arguments:
        name = argument.partition("=")[0].removeprefix("--").replace("-", "_")
        if argument.startswith("--") and not any(o.startswith(name) for o in known):
            hint = did_you_mean(name, known, "--") or ": see --help"
            _refuse(f"there is no option {argument.partition('=')[0]}{hint}")
    return parser.parse_args(arguments)


def path(text: str) -> Path:
    """The type of an option that holds a path."""
    try:
        return expand(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _refuse(message: str) -> NoReturn:
    text = re.sub(r"^argument ", "", " ".join(message.split()))
    if found := re.search(r"invalid choice: (.+) \(choose from (.*)\)", text):
        names = re.findall(r"[\w-]+", found[2])
        text = text.partition(":")[0] + f" must be one of {', '.join(names)}; got"
        text += f" {found[1]}{did_you_mean(found[1], names)}"
    for kind, noun in (("int", "a whole number"), ("float", "a number")):
        text = text.replace(f": invalid {kind} value:", f" must be {noun}, got")
    print(f"error: {text}", file=sys.stderr)
    sys.exit(2)
