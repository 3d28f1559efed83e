"""The start of a training command: from its arguments to an experiment and a folder."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wgan_gp.configs.command_line import parse
from wgan_gp.configs.comparison import join_changes
from wgan_gp.runs import command
from wgan_gp.system.signals import Listener

if TYPE_CHECKING:
    from wgan_gp.configs import CriticSettings


def prepare_run(argv: list[str]) -> tuple[Any, Any, Path, Any]:
    """Reads the command line and checks everything before any compute is spent.

    Args:
      argv: the program's name, then its arguments.

    Returns:
      The settings, the experiment, the run's folder, and the lock on it.

    Raises:
      ValueError: a flag, a field of the configuration or the data is not as it should
        be, or the folder holds something else. OSError and FileExistsError likewise.
    """
    text = parse(argv)
    from wgan_gp import build, configs, devices
    from wgan_gp.devices import hosts

    settings = configs.resolve(command.CONFIG.value)
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
    return devices.cpu_device_count(settings.batch_size, widths)


def explain_by(folder: Path) -> None:
    """Has a signal that ends the command say what a run's folder has by then."""
    from wgan_gp.runs import workdir

    if Listener.current:
        Listener.current.explain = partial(workdir.resume_hint, folder)


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
        explain_by(folder)
        resumable = partial(
            resume.check, folder, settings, experiment, accepted=accepted
        )
        changes = workdir.check(folder, settings, resumable=resumable, **options)
        if changes:
            print(f"accepted: {join_changes(changes)}")
        locks.append(workdir.lock(folder))
        if lines := workdir.prepare(folder, settings, experiment=text, **options):
            print(lines)
        return str(folder)

    folder = Path(hosts.on_first_host(prepare))
    explain_by(folder)

    if not locks and not (folder / "config.json").is_file():
        raise ValueError(
            f"--workdir {folder} of host 0 is not there on this host: name one that all"
            " hosts share"
        )
    return folder, locks[0] if locks else nullcontext()
