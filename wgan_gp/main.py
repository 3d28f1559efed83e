"""Trains one experiment: `python -m wgan_gp.main --config FILE[:VARIANT]`."""

import sys
import time
from pathlib import Path

from absl import flags
from ml_collections import config_flags

CONFIG = config_flags.DEFINE_config_file(
    "config", None, "An experiment's file, with its variant after a colon."
)
WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the run; runs/NAME-LIPSCHITZ-TIME by default."
)
OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Replace the run that the workdir holds."
)
ACCEPT = flags.DEFINE_bool(
    "accept_changes", False, "Go on with the workdir's run under other settings."
)


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    if {"--help", "-h"} & set(argv):
        print(__doc__ + flags.FLAGS.module_help(sys.modules[__name__]))
        return 0
    try:
        config, experiment, folder, lock = _start(argv)
    except (ValueError, OSError, MemoryError) as error:
        print(f"error: {_one_line(error)}", file=sys.stderr)
        return 2
    with lock:
        return _run(config, experiment, folder)


def _run(config, experiment, folder: Path) -> int:
    import jax  # after the flags: importing JAX takes a second

    from wgan_gp import loop, solve
    from wgan_gp.driver import Interrupted

    run = solve.run if config.task == "critic" else loop.run
    try:
        with jax.debug_nans(config.debug_nans):
            run(config, folder, experiment=experiment)
    except Interrupted as stop:
        print(_one_line(stop), file=sys.stderr)
        return stop.status
    except (FloatingPointError, ValueError, OSError) as error:
        print(f"error: {_one_line(error)}", file=sys.stderr)
        return 1
    return 0


def _start(argv: list[str]):
    """Everything that can be refused, before any compute is spent."""
    _parse(argv)
    from wgan_gp import build, configs, workdir

    config = configs.resolve(CONFIG.value)
    make = build.build_critic if config.task == "critic" else build.build
    experiment = make(config)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    name = f"runs/{config.name}-{config.lipschitz}-{stamp}"
    folder = Path(WORKDIR.value or name)
    lock = workdir.claim(folder)
    workdir.prepare(
        folder, config, overwrite=OVERWRITE.value, accept_changes=ACCEPT.value
    )
    return config, experiment, folder, lock


def _parse(argv: list[str]) -> None:
    """Reads the flags; loading the config file runs it, so anything can be raised."""
    path = _config_path(argv)
    if path and not Path(path).is_file():
        raise ValueError(f"--config {path}: there is no such file")
    try:
        rest = flags.FLAGS(argv)
        config = CONFIG.value
    except Exception as error:
        raise ValueError(_explain(error)) from error
    if len(rest) > 1:
        raise ValueError(f"unexpected argument {rest[1]!r}: flags start with --")
    if config is None:
        raise ValueError("no experiment: add --config experiments/toy8gauss.py")


def _explain(error: Exception) -> str:
    """What the flag parser's exception comes down to."""
    if isinstance(error, AttributeError | KeyError) and "module" not in str(error):
        field = str(error).strip("\"'")
        return (
            f"there is no field config.{field}: wgan_gp/configs/fields.py has them all"
        )
    # A config file's own error arrives as its whole traceback, the reason last.
    return str(error).strip().splitlines()[-1] if str(error).strip() else repr(error)


def _config_path(argv: list[str]) -> str | None:
    """The file that --config names, without the variant."""
    for flag, following in zip(argv, [*argv[1:], ""]):
        name, equals, value = flag.lstrip("-").partition("=")
        if flag.startswith("-") and name == "config":
            return (value if equals else following).split(":")[0]
    return None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


if __name__ == "__main__":
    sys.exit(main(sys.argv))
