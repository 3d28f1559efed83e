"""Reads a command line of `main` or `sweep`: its flags, and the config file.

Loading an experiment file executes it, so it can raise any error. Every mistake becomes
a ValueError with one line; `flag_errors` explains mistakes in flags.
"""

import itertools
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from absl import flags, logging
from ml_collections import ConfigDict

from wgan_gp.configs import experiment_file, flag_errors
from wgan_gp.configs.flag_errors import shorten
from wgan_gp.system import shipped
from wgan_gp.system.paths import expand
from wgan_gp.system.values import nearest

_LARGEST = 2**20  # bytes of a config file
_EXPERIMENTS = {  # that learn a file of data
    **{"csv": "vectors", "parquet": "vectors", "npy": "vectors"},
    "npz": "vectors (or series, or digits for pictures)",
    "text": "language",
}
_SIBLINGS = 1000  # the most files whose names are compared with a misspelt one


@contextmanager
def program_arguments(argv: list[str]) -> Iterator[None]:
    """Makes `sys.argv` this within: ml_collections looks there for what is set."""
    before, sys.argv = sys.argv, argv
    try:
        yield
    finally:
        sys.argv = before


def with_flagfiles(argv: list[str]) -> list[str]:
    """A command line with the lines of its flagfiles in the place of `--flagfile`.

    Args:
      argv: the program's name, then its arguments.

    Raises:
      ValueError: a flagfile is not named, or cannot be read.
    """
    try:
        return [argv[0], *flags.FLAGS.read_flags_from_files(argv[1:])]
    except (flags.Error, UnicodeDecodeError) as error:
        text = flag_errors.error_text(error).removeprefix("ERROR:: ")
        raise ValueError(
            f"--flagfile needs a text file with a flag on each line: {shorten(text)}"
        ) from None


def parse(argv: list[str], *, sweep: bool = False) -> bytes:
    """Sets the flags from a command line, and loads the file of `--config`.

    Args:
      argv: the program's name, then its arguments, from `with_flagfiles`.
      sweep: whether the file must define a sweep rather than an experiment.

    Returns:
      What the file holds, for the run to keep a copy.

    Raises:
      ValueError: a flag, the file or its configuration is not valid, or the file
        replaces what the package's tables hold.
    """
    argv = [argv[0], *_expanded(argv[1:])]
    flag_errors.check_form(argv[1:])
    paths = _config_paths(argv[1:])
    for path in paths:
        _check_file(path)
    path, text = (paths[-1], _read(paths[-1])) if paths else ("", b"")
    with experiment_file.accepting(path, text), program_arguments(argv):
        _load(argv, paths, sweep)
    experiment_file.check_stands_alone(path, text)
    return text


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # the flags' parser meets it again, and it is explained there
        return b""


def _load(argv: list[str], paths: list[str], sweep: bool) -> None:
    """Parses the flags, which executes the file, and checks what comes of it."""
    logging.set_verbosity(logging.ERROR)  # the ValueError below reports errors
    try:
        rest = flags.FLAGS(argv)
        config = flags.FLAGS["config"].value
        if not isinstance(config, ConfigDict):
            getattr(config, "lock", None)  # raises the error of loading the file
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the file may call sys.exit, too
        raise ValueError(_explain(error, argv[1:], paths, sweep)) from error
    flag_errors.check_values_are_no_flags(argv[1:])
    flag_errors.check_sections(argv[1:], config)
    if len(rest) > 1:
        raise ValueError(flag_errors.explain_unexpected(rest[1], argv[1:], config))
    if config is None and paths:
        raise ValueError(f"--config {shorten(paths[-1])}: get_config returned None")
    if config is None:
        example = "sweep_toy" if sweep else "toy8gauss"
        raise ValueError(f"no experiment: add --config {example}")
    _check_kind(config, paths, sweep)


def _expanded(arguments: list[str]) -> list[str]:
    """The arguments with the path of `--config` in full.

    `~` and variables are replaced, and so is the name of a shipped experiment.
    """
    found = list(arguments)
    for i, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name not in ("--config", "-config"):
            continue
        if equals and value:
            found[i] = f"{name}={_experiment(value)}"
        elif not equals and i + 1 < len(found) and found[i + 1]:
            found[i + 1] = _experiment(found[i + 1])
    return found


def _experiment(text: str) -> str:
    path, colon, variant = str(expand(text)).partition(":")
    if not path:  # a variant of no file
        return text
    return f"{shipped.find_experiment(path)}{colon}{variant}"


def _config_paths(arguments: list[str]) -> list[str]:
    """The files that --config names, without their variants."""
    given = flag_errors.given_flags(arguments)
    return [(flag.text or "").split(":")[0] for flag in given if flag.name == "config"]


def _check_file(path: str) -> None:
    if not path:
        raise ValueError("--config names no file: add --config NAME or FILE.py")
    try:
        file = Path(path).is_file()
    except OSError as error:
        raise ValueError(f"--config {shorten(path)}: {error.strerror}") from error
    if not file:
        raise ValueError(
            f"--config {shorten(path)}: there is no such file{_meant(Path(path))}"
        )
    if Path(path).suffix != ".py":
        raise ValueError(f"--config {shorten(path)} is no .py file{_as_data(path)}")
    size = Path(path).stat().st_size
    if size > _LARGEST:
        raise ValueError(
            f"--config {shorten(path)}: {size} bytes are no experiment's file,"
            f" which has at most {_LARGEST}"
        )


def _as_data(path: str) -> str:
    """How to train on a file of data that was given as an experiment."""
    kind = Path(path).suffix.removeprefix(".").replace("txt", "text")
    if kind not in _EXPERIMENTS:
        return ": expected an experiment's name, or its file"
    name = f"--config.data.name={kind}:{path}"
    return f": to learn it, write --config {_EXPERIMENTS[kind]} {name} in its place"


def _meant(path: Path) -> str:
    """Asks for the config file with the nearest name, if there is one."""
    try:
        found = itertools.chain(
            path.parent.glob("*.py"), shipped.experiments().values()
        )
        files = {each.stem: each for each in itertools.islice(found, _SIBLINGS)}
        here = Path.cwd()
    except (OSError, ValueError):
        return ""
    near = nearest(path.stem, files)
    if not near:
        return ""
    file = files[near[0]]
    is_name = path == Path(path.stem)
    if is_name and shipped.experiments().get(file.stem) == file:
        return f": did you mean {file.stem}?"
    short = file.relative_to(here) if file.is_relative_to(here) else file
    return f": did you mean {short}?"


def _check_kind(config: Any, paths: list[str], sweep: bool) -> None:
    """Raises ValueError for a sweep's file given to `main`, and the reverse."""
    if not isinstance(config, ConfigDict):
        return
    if sweep and "grid" not in config and "task" in config:
        is_, command = "one experiment, not a sweep", "main"
    elif not sweep and "grid" in config:
        is_, command = "a sweep", "studies.sweep"
    else:
        return
    raise ValueError(
        f"--config {shorten(paths[-1])} is {is_}: train it with"
        f" python -m wgan_gp.{command} --config {shorten(paths[-1])}"
    )


def _explain(
    error: BaseException, arguments: list[str], paths: list[str], sweep: bool
) -> str:
    """The message for an exception of the flag parser or of the config file."""
    inner = error.__context__
    if isinstance(error, flags.IllegalFlagValueError) and inner and _in_file(inner):
        error = inner
    if not (_in_file(error) or _not_loaded(error)):
        return _explain_flags(error, arguments, paths, sweep)
    # ml_collections raises these again, with the traceback for a message.
    if isinstance(error, TypeError | ValueError | OSError) and error.__context__:
        error = error.__context__
    where = f"--config {shorten(paths[-1])}"
    if isinstance(error, AttributeError) and error.name == "get_config":
        return f"{where}: it has no function get_config"
    text = shorten(flag_errors.error_text(error) or "no message")
    return f"{where}: {type(error).__name__}: {text}"


def _explain_flags(
    error: BaseException, arguments: list[str], paths: list[str], sweep: bool
) -> str:
    config = None
    if paths:  # the parser does not keep the configuration after an error
        found = flag_errors.given_flags(arguments)
        files = [each.text or "" for each in found if each.name == "config"]
        config = flags.FLAGS["config"].parser.parse(files[-1])
    try:
        _check_kind(config, paths, sweep)
        flag_errors.check_sections(arguments, config)
        flag_errors.check_names(arguments, config)
        flag_errors.check_values_are_no_flags(arguments)
        flag_errors.check_values(arguments)
    except ValueError as mistake:
        return str(mistake)
    return shorten(flag_errors.error_text(error) or type(error).__name__)


def _in_file(error: BaseException) -> bool:
    """Whether the error was raised while the config file was executed."""
    code = type(flags.FLAGS["config"].parser).parse.__code__
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code is code for frame, _ in frames)


def _not_loaded(error: BaseException) -> bool:
    """Whether the error is a deferred OSError of loading the config file."""
    return isinstance(error, OSError) and isinstance(error.__cause__, OSError)
