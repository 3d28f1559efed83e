"""Trains whole studies: `python -m wgan_gp.studies.sweep --config FILE[:VARIANT]`."""

import json
import sys
from functools import partial
from pathlib import Path

from ml_collections import ConfigDict, FrozenConfigDict
from rich.console import Console

from wgan_gp import devices
from wgan_gp.configs import command_help
from wgan_gp.configs.command_line import parse
from wgan_gp.runs import command, versions, workdir
from wgan_gp.runs.driver import Interrupted
from wgan_gp.studies.sweep import report, resolve, runner
from wgan_gp.studies.sweep.plan import FIELDS, completed
from wgan_gp.system import failures
from wgan_gp.system.files import named
from wgan_gp.system.platforms import cores, refuse_windows
from wgan_gp.system.signals import Listener


def read_config(path: Path) -> FrozenConfigDict:
    """A sweep's `config.json`, with the fields that were added since.

    Raises:
      ValueError: it is not one, or is one of a newer version.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        stored = None
    if not isinstance(stored, dict) or "grid" not in stored:
        raise ValueError(f"{path} is not the config of a sweep: name another --workdir")
    try:
        return FrozenConfigDict(ConfigDict(completed(stored)))
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{path} is not the config of a sweep: {failures.one_line(error)}"
        ) from None


KIND = workdir.Kind(
    noun="sweep",
    ours=(
        "config.json",
        "chunks",
        "checkpoints",
        "table.csv",
        "summary.md",
        "summary.png",
        versions.NAME,
    ),
    free=(
        *("save_every", "mesh."),
        *("experiment.checkpoint.", "experiment.mesh.", "experiment.eval_default"),
    ),
    read=read_config,
    cure="Name another --workdir, or add --overwrite to replace that sweep",
)


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    refuse_windows()
    if {"--help", "-h"} & set(argv):
        print(_help())
        return 0
    with Listener() as listener:
        try:
            sweep, folder, lock = _start(argv)
        except failures.EXPECTED as error:
            return failures.report(error, 2)
        with lock:
            listener.explain = partial(_explain, folder)
            return _run(sweep, folder)


def _help() -> str:
    fields = "\n".join(f"  --config.{name}\n      {FIELDS[name]}" for name in FIELDS)
    return (
        f"{__doc__}\n\nFlags:\n"
        f"{command_help.flag_lines('config', 'workdir', 'overwrite')}\n\n"
        f"Fields of a sweep's configuration:\n{fields}\n"
    )


def _start(argv: list[str]):
    """Everything that can be refused, before any compute is spent."""
    devices.provide_cpu_devices(cores())
    parse(argv, sweep=True)
    if command.place() is not None:
        raise ValueError(
            "a sweep runs on one host: start one for each part of the grid, with a"
            " --workdir of its own"
        )
    if command.ACCEPT.value:
        raise ValueError(
            "--accept_changes is not for sweeps, whose finished runs would stay as they"
            " are: name another --workdir"
        )
    sweep = resolve(command.CONFIG.value)
    folder = command.workdir_or(f"runs/{sweep.config.name}")
    options = {"overwrite": command.OVERWRITE.value, "kind": KIND}
    workdir.check(folder, sweep.config, **options)
    lock = workdir.claim(folder)
    if line := workdir.prepare(folder, sweep.config, **options):
        print(line)
    return sweep, folder, lock


def _run(sweep, folder: Path) -> int:
    try:
        report.run(sweep, folder, Console())
    except Interrupted as stop:
        print(failures.one_line(stop), file=sys.stderr)
        return stop.status
    except failures.EXPECTED as error:
        return failures.report(named(error, folder), 1)
    return 0


def _explain(folder: Path) -> str:
    return (
        f"{runner.finished(folder)} chunks are finished: the same command with"
        f" --workdir {folder} goes on from there"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv))
