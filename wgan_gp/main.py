"""Trains one experiment: `python -m wgan_gp.main --config FILE[:VARIANT]`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wgan_gp.configs.command_line import with_flagfiles
from wgan_gp.runs.start import prepare_run
from wgan_gp.runs.started import started_by
from wgan_gp.system import failures
from wgan_gp.system.failures import one_line
from wgan_gp.system.platforms import refuse_windows
from wgan_gp.system.signals import Listener

if TYPE_CHECKING:
    from wgan_gp.configs import CriticSettings
    from wgan_gp.runs.started import Start

_OF_HOSTS = ("coordinator", "hosts", "host", "host_timeout")


def main(argv: list[str]) -> int:
    """Runs the command.

    Args:
      argv: the program's name, then its arguments.

    Returns:
      The exit status: 0 when the run is finished, 2 for an error before training, 1 for
      an error during training, 128 plus its number after a signal.
    """
    refuse_windows()
    if {"--help", "-h"} & set(argv):
        print(_help())
        return 0
    with Listener():
        try:
            argv = with_flagfiles(argv)
            settings, experiment, folder, lock = prepare_run(argv)
        except failures.EXPECTED as error:
            return _fail(failures.explain(error), 2)
        with lock:
            return _run(settings, experiment, folder, started_by(argv))


def _help() -> str:
    from wgan_gp.configs import command_help

    flags_ = ("config", "workdir", "overwrite", "accept_changes", *_OF_HOSTS)
    return (
        f"{__doc__}\n\nFlags:\n{command_help.flag_lines(*flags_)}\n\n"
        "Fields of the configuration, and their defaults in `configs.base()`; an"
        " experiment's file\nsets its own:\n"
        f"{command_help.field_lines()}\n\n"
        "What lipschitz sets where a field is left open:\n"
        f"{command_help.preset_lines()}"
    )


def _run(
    settings: "CriticSettings",
    experiment: Any,
    folder: Path,
    start: "Start | None" = None,
) -> int:
    # Imported after the flags are checked, because these imports take seconds.
    from wgan_gp.devices import hosts
    from wgan_gp.runs import loop, solve, workdir
    from wgan_gp.runs.driver import Interrupted
    from wgan_gp.system import files

    run: Any = solve.run if settings.task == "critic" else loop.run
    try:
        run(settings, folder, experiment, start=start)
    except Interrupted as stop:
        print(one_line(stop), file=sys.stderr)
        return stop.status
    except failures.EXPECTED as error:
        exhausted, lost = failures.is_out_of_memory(error), hosts.is_host_lost(error)
        if lost and not exhausted:
            line = f"another host may be gone, or this one failed: {one_line(error)}"
        else:
            line = failures.explain(files.as_write_error(error, folder))
        if exhausted or lost or isinstance(error, OSError):
            line += f" ({workdir.resume_hint(folder)})"
        return _fail(line, 1)
    return 0


def _fail(line: str, status: int) -> int:
    print(f"error: {line}", file=sys.stderr)
    from wgan_gp.devices import hosts

    hosts.exit_at_once(status)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv))
