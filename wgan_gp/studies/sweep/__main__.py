"""Trains a sweep: `python -m wgan_gp.studies.sweep --config FILE[:VARIANT]`."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from wgan_gp import devices
from wgan_gp.configs import command_help, experiment_file
from wgan_gp.configs.command_line import parse, with_flagfiles
from wgan_gp.configs.comparison import FREE
from wgan_gp.devices.hosts import HostRank
from wgan_gp.runs import command, versions, workdir
from wgan_gp.studies.running import Study, run_command
from wgan_gp.studies.running.locks import file_lock
from wgan_gp.studies.sweep import resolve
from wgan_gp.studies.sweep.grid import NO_EFFECT
from wgan_gp.studies.sweep.plan import Sweep
from wgan_gp.studies.sweep.settings import FIELDS, SweepSettings, settings_from_stored
from wgan_gp.studies.sweep.study import print_notes, study
from wgan_gp.system import failures
from wgan_gp.system.platforms import cores, refuse_windows

_START = 60.0  # seconds that another host may take to prepare the folder


def read_settings(path: Path) -> SweepSettings:
    """Reads the settings of a stored sweep; fields added since get their defaults.

    Args:
      path: of the sweep's `config.json`.

    Raises:
      ValueError: the file is not a sweep's, or comes from a newer version.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        stored = None
    if not isinstance(stored, dict) or "grid" not in stored:
        raise ValueError(f"{path} is not the config of a sweep: name another --workdir")
    try:
        return settings_from_stored(stored)
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{path} is not the config of a sweep: {failures.one_line(error)}"
        ) from None


SWEEP_SPEC = workdir.WorkdirSpec(
    noun="sweep",
    files=(
        "config.json",
        experiment_file.NAME,
        "chunks",
        "checkpoints",
        "table.csv",
        "summary.md",
        "summary.png",
        "ranking.md",
        "ranking.png",
        versions.NAME,
    ),
    free_fields=(
        *("save_every", "mesh."),
        *(f"experiment.{field}" for field in NO_EFFECT),
        *(f"experiment.{field}" for field in FREE),
    ),
    read_settings=read_settings,
    cure="Name another --workdir, or add --overwrite to replace that sweep",
    mark="grid",
)


def main(argv: list[str]) -> int:
    """Runs the command.

    Args:
      argv: the program's name, then its arguments.

    Returns:
      The exit status, as in `running.run_command`.
    """
    refuse_windows()
    if {"--help", "-h"} & set(argv):
        print(_help())
        return 0
    return run_command(partial(_start, argv))


def _help() -> str:
    fields = "\n".join(f"  --config.{name}\n      {FIELDS[name]}" for name in FIELDS)
    names = ("config", "workdir", "overwrite", "coordinator", "hosts", "host")
    return (
        f"{__doc__}\n\nFlags:\n"
        f"{command_help.flag_lines(*names)}\n\n"
        f"Fields of a sweep's configuration:\n{fields}\n"
    )


def _start(argv: list[str]) -> tuple[Study, HostRank | None]:
    """Reads the command line; returns the study and this host's rank."""
    devices.provide_cpu_devices(cores())
    text = parse(with_flagfiles(argv), sweep=True)
    _check_flags(rank := command.host_rank())
    sweep = resolve(command.CONFIG.value)
    folder = command.workdir_or_default(f"runs/{sweep.settings.name}")
    overwrites, several = command.OVERWRITE.value, rank is not None
    options = {"overwrite": overwrites, "spec": SWEEP_SPEC}
    workdir.check(folder, sweep.settings, shared=several, **options)
    found = study(sweep, folder, Console(), rank)
    prepare = partial(_prepare, sweep, folder, several, text, options)
    return found._replace(prepare=prepare, overwrites=overwrites), rank


def _check_flags(rank: HostRank | None) -> None:
    if command.ACCEPT.value:
        raise ValueError(
            "--accept_changes is not for sweeps, whose finished runs would stay as they"
            " are: name another --workdir"
        )
    if rank is not None and not command.WORKDIR.value:
        raise ValueError(
            "several hosts need --workdir FOLDER: name the same folder, which all hosts"
            " share, on each"
        )
    if rank is not None and command.OVERWRITE.value:
        raise ValueError(
            "--overwrite is not for several hosts, which would remove each other's"
            " chunks: name another --workdir"
        )


@contextmanager
def _prepare(
    sweep: Sweep, folder: Path, several: bool, text: bytes, options: dict[str, Any]
) -> Iterator[None]:
    """Prepares the folder and holds its lock, which several hosts share."""
    with workdir.lock(folder, shared=several):
        with file_lock(folder / "start.lock", _START) as mine:
            if not mine:
                raise FileExistsError(
                    f"another host has been starting in {folder} for {_START:.0f} s:"
                    " see what became of it"
                )
            prepare = partial(workdir.prepare, folder, sweep.settings, experiment=text)
            if lines := prepare(**options):
                print(lines)
        print_notes(sweep, Console())
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv))
