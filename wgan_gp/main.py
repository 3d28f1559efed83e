"""Trains one experiment: `python -m wgan_gp.main --config FILE[:VARIANT]`."""

import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wgan_gp.configs.command_line import parse
from wgan_gp.runs import command
from wgan_gp.system import failures
from wgan_gp.system.failures import one_line
from wgan_gp.system.platforms import refuse_windows
from wgan_gp.system.signals import Listener

if TYPE_CHECKING:
    from wgan_gp.configs import CriticSettings

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
    with Listener() as listener:
        try:
            settings, experiment, folder, lock = _start(argv)
        except failures.EXPECTED as error:
            return _fail(failures.explain(error), 2)
        with lock:
            return _run(settings, experiment, folder, listener)


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
    listener: Listener,
) -> int:
    # Imported after the flags are checked, because these imports take seconds.
    from wgan_gp.devices import hosts
    from wgan_gp.runs import loop, solve, workdir
    from wgan_gp.runs.driver import Interrupted
    from wgan_gp.system import files

    listener.explain = partial(workdir.resume_hint, folder)
    run: Any = solve.run if settings.task == "critic" else loop.run
    try:
        run(settings, folder, experiment)
    except Interrupted as stop:
        print(one_line(stop), file=sys.stderr)
        return stop.status
    except failures.EXPECTED as error:
        exhausted, lost = failures.is_out_of_memory(error), hosts.is_host_lost(error)
        if lost and not exhausted:
            line = f"another host is gone or cannot be reached: {one_line(error)}"
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


def _start(argv: list[str]):
    """Reads the command line and checks everything before any compute is spent.

    Returns:
      The settings, the experiment, the run's folder, and the lock on it.
    """
    text = parse(argv)
    from wgan_gp import build, configs, devices
    from wgan_gp.devices import hosts
    from wgan_gp.evaluate import held_out

    settings = configs.resolve(command.CONFIG.value)
    if settings.task == "gan":
        held_out.check_weights(settings.features.weights)
    if (rank := command.host_rank()) is None:
        count = settings.mesh.data or _cpu_devices(settings)
        devices.provide_cpu_devices(count)
    elif settings.debug_nans:
        raise ValueError("debug_nans needs a run on one host: leave it out here")
    else:
        hosts.join(rank, command.HOST_TIMEOUT.value)
    devices.mesh_for(settings.batches, settings.mesh.data)
    make = build.build_critic if settings.task == "critic" else build.build
    experiment = hosts.first_then_others(partial(make, settings))
    folder, lock = _prepare_workdir(settings, experiment, text)
    return settings, experiment, folder, lock


def _cpu_devices(settings: "CriticSettings") -> int:
    from wgan_gp import devices

    widths = getattr(settings.critic, "hidden", None)
    return devices.cpu_device_count(settings.batch_size, widths and min(widths))


def _prepare_workdir(settings: "CriticSettings", experiment: Any, text: bytes):
    """Prepares the run's folder on the first host; returns it and the lock on it."""
    from wgan_gp.devices import hosts
    from wgan_gp.runs import resume, workdir

    accepted = command.ACCEPT.value
    options = {"overwrite": command.OVERWRITE.value, "accept_changes": accepted}
    locks = []

    def prepare() -> str:
        name = f"runs/{settings.name}-{settings.lipschitz}"
        folder = command.workdir_or_default(name)
        resumable = partial(
            resume.check, folder, settings, experiment, accepted=accepted
        )
        workdir.check(folder, settings, resumable=resumable, **options)
        locks.append(workdir.lock(folder))
        if lines := workdir.prepare(folder, settings, experiment=text, **options):
            print(lines)
        return str(folder)

    folder = Path(hosts.on_first_host(prepare))
    if not locks and not (folder / "config.json").is_file():
        raise ValueError(
            f"--workdir {folder} of host 0 is not there on this host: name one that all"
            " hosts share"
        )
    return folder, locks[0] if locks else nullcontext()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
