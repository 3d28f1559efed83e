"""The folder of a run: made, read back, never overwritten unasked."""

import errno
import fcntl
import itertools
import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

import jax
from ml_collections import ConfigDict, FrozenConfigDict

from wgan_gp import checkpoint, configs, restore, train
from wgan_gp.build import Experiment, build
from wgan_gp.writers import WriteError, write_json, writing

OURS = (
    "config.json",
    "metrics.jsonl",
    "tensorboard",
    "checkpoints",
    "damaged",
    "figures",
)
# Fields that may differ when a run goes on: they change nothing that is trained, but
# for rounding.
FREE = ("checkpoint.", "debug_nans", "mesh.")


class Kind(NamedTuple):
    """What a folder can hold: a run, or something else that can go on."""

    noun: str
    ours: tuple[str, ...]  # what it leaves in the folder
    free: tuple[str, ...]  # beginnings of the fields that may differ
    read: Callable[[Path], FrozenConfigDict]  # its config.json
    can_change: bool  # whether --accept_changes is for it


def unused(folder: Path) -> Path:
    """The folder, or with a number after its name if there is one already."""
    names = (folder.with_name(f"{folder.name}-{n}") for n in itertools.count(2))
    return next(each for each in itertools.chain([folder], names) if not each.exists())


def claim(workdir: Path) -> IO[str]:
    """Makes the folder, and holds it until the file that is returned is closed.

    Raises:
      FileExistsError: it is a file, or another process holds it.
      WriteError: it cannot be written to.
    """
    _make(workdir)
    with writing(workdir):
        lock = (workdir / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise FileExistsError(
            f"another process is running in {workdir}: name another folder, or stop"
            " that process"
        ) from None
    return lock


def _make(workdir: Path) -> None:
    if workdir.exists() and not workdir.is_dir():
        raise FileExistsError(f"{workdir} is a file: name a folder")
    with writing(workdir):
        workdir.mkdir(parents=True, exist_ok=True)


def prepare(
    workdir: Path,
    config: FrozenConfigDict,
    *,
    overwrite: bool = False,
    accept_changes: bool = False,
    kind: Kind | None = None,
) -> None:
    """Makes the folder of a run, or finds one that the run can go on in.

    Args:
      workdir: the folder; made with its parents if it does not exist.
      config: of the run; written to `config.json`.
      overwrite: removes what an earlier run left in the folder, and nothing else.
      accept_changes: goes on with an earlier run under another configuration.
      kind: of what is run; a single run by default.

    Raises:
      FileExistsError: the folder holds a run with other settings, each of which is
        named, or what is no run.
      WriteError: it, or what it holds, cannot be written to.
    """
    _make(workdir)
    kind = kind or _run()
    existing = [workdir / name for name in kind.ours if (workdir / name).exists()]
    if existing and not overwrite:
        _check_same(workdir, config, existing[0], accept_changes, kind)
        _check_writable(workdir, kind)
        existing = []
    for path in existing:
        with writing(path):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    write_json(workdir / "config.json", config.to_dict())


def _run() -> Kind:
    return Kind("run", OURS, FREE, read_config, can_change=True)


def _check_same(
    workdir: Path, config, found: Path, accept_changes: bool, kind: Kind
) -> None:
    path, noun = workdir / "config.json", kind.noun
    if not path.is_file():
        raise FileExistsError(
            f"{workdir} holds {found.name} but no config.json, so no {noun} that could"
            " go on: name another --workdir, or add --overwrite to replace it"
        )
    changes = differences(kind.read(path), config, kind.free)
    if changes and not accept_changes:
        cure = f", or add --overwrite to replace that {noun}"
        if kind.can_change:
            cure = (
                f", add --overwrite to replace that {noun}, or --accept_changes to go"
                " on with it like this"
            )
        raise FileExistsError(
            f"{workdir} holds a {noun} with other settings: {'; '.join(changes)}. Name"
            f" another --workdir{cure}"
        )


def _check_writable(workdir: Path, kind: Kind) -> None:
    """Training would find out later, and what it computed until then be lost."""
    for path in (workdir, *(workdir / name for name in kind.ours)):
        if path.exists() and not os.access(path, os.W_OK):
            raise WriteError(path, PermissionError(errno.EACCES, "Permission denied"))


def differences(
    before: FrozenConfigDict, now: FrozenConfigDict, free: tuple[str, ...] = FREE
) -> list[str]:
    """What differs between two configurations, but for `free` fields, in words."""
    old, new = (
        dict(configs.leaves(json.loads(each.to_json()))) for each in (before, now)
    )
    return [
        f"{path} was {old.get(path)!r}, is {new.get(path)!r}"
        for path in sorted({*old, *new})
        if old.get(path) != new.get(path) and not path.startswith(free)
    ]


def last_saved(workdir: Path) -> str:
    """What a run that was broken off can go on from, in words."""
    saved = restore.steps(workdir / "checkpoints")
    if not saved:
        return "nothing was saved yet"
    return (
        f"step {saved[0]} is the last saved: the same command with --workdir {workdir} goes"
        " on from there"
    )


def load_run(workdir: Path) -> tuple[Experiment, train.TrainState]:
    """The experiment and the newest state of a run.

    Args:
      workdir: the run's folder.

    Raises:
      FileNotFoundError: the folder holds no run, or one that has saved nothing yet.
      ValueError: its configuration cannot be read, or it has no generator.
    """
    path = workdir / "config.json"
    if not path.is_file():
        raise FileNotFoundError(f"{workdir} holds no run: it has no config.json")
    config = read_config(path)
    if config.task != "gan":
        raise ValueError(f"{workdir} holds a critic trained alone: it has no generator")
    experiment = build(config)
    start = partial(train.init, experiment.algorithm, experiment.hyperparameters)
    like = jax.eval_shape(start, jax.random.key(0))
    return experiment, checkpoint.load(workdir / "checkpoints", like)


def read_config(path: Path) -> FrozenConfigDict:
    """A run's `config.json`, checked again.

    Raises:
      ValueError: it is not JSON, or lacks or mistypes fields.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(stored, dict):
            raise ValueError(f"expected an object with its fields, got {stored!r:.60}")
        by_constraint = configs.base().by_constraint  # of a run it is applied, and gone
        return configs.resolve(ConfigDict({"by_constraint": by_constraint} | stored))
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        line = " ".join(str(error).split())
        raise ValueError(f"{path} is not the config of a run: {line}") from None
