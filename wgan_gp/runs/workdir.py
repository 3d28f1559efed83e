"""The folder of a run: made, read back, never overwritten unasked."""

import errno
import itertools
import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

import jax

from wgan_gp import configs, train
from wgan_gp.build import Experiment, assemble, build
from wgan_gp.configs import as_dict, experiment_file
from wgan_gp.configs.comparison import FREE, differences, listed
from wgan_gp.runs import checkpoint, dataset_file, restore, versions
from wgan_gp.system.failures import one_line
from wgan_gp.system.files import WriteError, write_bytes, write_json, writing

OURS = (
    "config.json",
    dataset_file.NAME,
    experiment_file.NAME,
    "metrics.jsonl",
    "tensorboard",
    "checkpoints",
    "damaged",
    "figures",
    versions.NAME,
)
_LOCK = "lock"


class Kind(NamedTuple):
    """What a folder can hold: a run, or something else that can go on."""

    noun: str
    ours: tuple[str, ...]  # what it leaves in the folder
    free: tuple[str, ...]  # beginnings of the fields that may differ
    read: Callable[[Path], Any]  # its config.json
    cure: str  # what to do where one with other settings is there


def unused(folder: Path) -> Path:
    """The folder, or with a number after its name if there is one already."""
    names = (folder.with_name(f"{folder.name}-{n}") for n in itertools.count(2))
    return next(each for each in itertools.chain([folder], names) if not each.exists())


def claim(workdir: Path, *, shared: bool = False) -> IO[str]:
    """Makes the folder, and holds it until the file that is returned is closed.

    Args:
      workdir: the folder.
      shared: whether processes that share it too may hold it at the same time.

    Raises:
      FileExistsError: it is a file, or another process holds it.
      WriteError: it cannot be written to.
    """
    _check_free(workdir, shared)
    with writing(workdir):
        workdir.mkdir(parents=True, exist_ok=True)
        lock = (workdir / _LOCK).open("a+")  # NFS asks shared locks for reading
    return _locked(lock, workdir, shared)


def _locked(lock: IO[str], workdir: Path, shared: bool) -> IO[str]:
    import fcntl  # not on Windows, which reads runs only

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise FileExistsError(
            f"another process is running in {workdir}: name another folder, or stop"
            " that process"
        ) from None
    return lock


def _check_free(workdir: Path, shared: bool) -> None:
    """Raises FileExistsError if `claim` would; makes nothing."""
    if workdir.exists() and not workdir.is_dir():
        raise FileExistsError(f"{workdir} is a file: name a folder")
    if (workdir / _LOCK).is_file():
        with writing(workdir):
            lock = (workdir / _LOCK).open("r+")
        _locked(lock, workdir, shared).close()


def check(
    workdir: Path,
    settings: Any,
    *,
    overwrite: bool = False,
    accept_changes: bool = False,
    shared: bool = False,
    kind: Kind | None = None,
    resumable: Callable[[list[str]], list[str]] = lambda _: [],
) -> None:
    """Refuses what `prepare` would refuse; writes nothing, and makes no folder.

    Args:
      workdir: the folder of a run; it need not exist.
      settings: of the run.
      overwrite: what an earlier run left in the folder would be removed.
      accept_changes: an earlier run would go on under another configuration.
      shared: as in `claim`.
      kind: of what is run; a single run by default.
      resumable: raises ValueError if the run in the folder cannot go on under the
        configuration. It is given what differs between the two, in words, and
        returns what else differs.

    Raises:
      FileExistsError: the folder is a file, another process runs in it, or it holds a
        run with other settings, each of which is named, or what is no run.
      ValueError: the run's configuration, or its versions, cannot be read.
      WriteError: what the folder holds cannot be written to.
    """
    _check_free(workdir, shared)
    _check(workdir, settings, overwrite, accept_changes, kind or RUN, resumable)


def _check(workdir, settings, overwrite, accept_changes, kind, resumable=lambda _: []):
    existing = _existing(workdir, kind)
    _check_writable(workdir, existing)
    if overwrite or not existing:
        return
    versions.read(workdir)
    changes = _changes(workdir, settings, existing[0], kind)
    changes += resumable(changes)
    if changes and not accept_changes:
        raise _other_settings(workdir, changes, kind)


def _existing(workdir: Path, kind: Kind) -> list[Path]:
    """What an earlier run has left in a folder."""
    return [workdir / name for name in kind.ours if (workdir / name).exists()]


def prepare(
    workdir: Path,
    settings: Any,
    *,
    overwrite: bool = False,
    accept_changes: bool = False,
    kind: Kind | None = None,
    experiment: bytes | None = None,
) -> str | None:
    """Makes the folder of a run, or finds one that the run can go on in.

    The configuration is written to `config.json`, the versions in use are added to
    `versions.json`, and the experiment's file is copied to `experiment.py`. What is not
    of an earlier run is left alone.

    Args:
      workdir: the folder; made with its parents if it does not exist.
      settings: of the run.
      overwrite: as in `check`.
      accept_changes: as in `check`.
      kind: as in `check`.
      experiment: what the experiment's file holds. None, for a run that was made in
        Python, leaves an earlier copy as it is.

    Returns:
      Lines on what differs from the run's last start, versions and the experiment's
      file; None if nothing does.

    Raises:
      FileExistsError: as `check`, but for the processes: `claim` holds them off.
      ValueError: as `check`.
      WriteError: the folder, or what it holds, cannot be written to.
    """
    kind = kind or RUN
    _check(workdir, settings, overwrite, accept_changes, kind)
    with writing(workdir):
        workdir.mkdir(parents=True, exist_ok=True)
    if overwrite:
        _remove(_existing(workdir, kind))
    lines = versions.changes(workdir), experiment_file.differs(workdir, experiment)
    write_json(workdir / "config.json", as_dict(settings))
    if experiment is not None:
        write_bytes(workdir / experiment_file.NAME, experiment)
    versions.record(workdir, next(iter(restore.steps(workdir / "checkpoints")), 0))
    return "\n".join(filter(None, lines)) or None


def _remove(paths: list[Path]) -> None:
    for path in paths:
        with writing(path):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _changes(workdir: Path, settings, found: Path, kind: Kind) -> list[str]:
    """What differs between a folder's run and a configuration, in words."""
    path, noun = workdir / "config.json", kind.noun
    if not path.is_file():
        raise FileExistsError(
            f"{workdir} holds {found.name} but no config.json, so no {noun} that could"
            f" go on. {kind.cure}"
        )
    return differences(kind.read(path), settings, kind.free)


def _other_settings(workdir: Path, changes: list[str], kind: Kind) -> FileExistsError:
    return FileExistsError(
        f"{workdir} holds a {kind.noun} with other settings: {listed(changes)}."
        f" {kind.cure}"
    )


def _check_writable(workdir: Path, existing: list[Path]) -> None:
    """Training would find out later, and what it computed until then be lost."""
    for path in (workdir, *existing):
        if path.exists() and not os.access(path, os.W_OK):
            raise WriteError(path, PermissionError(errno.EACCES, "Permission denied"))


def last_saved(workdir: Path) -> str:
    """What a run that was broken off can go on from, in words."""
    saved = restore.steps(workdir / "checkpoints")
    if not saved:
        return "nothing was saved yet"
    return (
        f"step {saved[0]} is the last saved: the same command with --workdir {workdir}"
        " goes on from there"
    )


def load_run(workdir: Path) -> tuple[Experiment, train.TrainState]:
    """The experiment and the newest state of a run.

    The data set is not opened: the run keeps what sampling needs to know of it.

    Args:
      workdir: the run's folder.

    Raises:
      FileNotFoundError: the folder holds no run, or one that has saved nothing yet.
      ValueError: as `open_settings`, or it has no generator.
    """
    settings = open_settings(workdir)
    if settings.task != "gan":
        raise ValueError(f"{workdir} holds a critic trained alone: it has no generator")
    dataset = dataset_file.read(workdir)
    experiment = assemble(settings, dataset) if dataset else build(settings)
    start = partial(train.init, experiment.algorithm, experiment.hyperparameters)
    like = jax.eval_shape(start, jax.random.key(0))
    return experiment, checkpoint.load(workdir / "checkpoints", like)


def open_settings(workdir: Path) -> Any:
    """The settings of a stored run, once its copy of the experiment's file is executed.

    The copy is executed once in a process. It brings the data sets, constraints,
    networks and metrics that the run uses and this package does not have.

    Args:
      workdir: the run's folder. Runs made in Python, and older ones, have no copy.

    Raises:
      FileNotFoundError: the folder holds no run.
      ValueError: the copy fails, or the configuration cannot be read.
    """
    path, copy = workdir / "config.json", workdir / experiment_file.NAME
    if not path.is_file():
        raise FileNotFoundError(f"{workdir} holds no run: it has no config.json")
    if copy.exists():
        experiment_file.load(copy)
    return read_config(path)


def read_config(path: Path) -> Any:
    """A run's `config.json`, checked again, with the fields that were added since.

    Raises:
      ValueError: it is not JSON, lacks or mistypes fields, or is of a newer version.
    """
    try:
        return configs.resolve_stored(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} is not the config of a run: {one_line(error)}"
        ) from None


RUN = Kind(
    "run",
    OURS,
    FREE,
    read_config,
    "Name another --workdir, add --overwrite to replace that run, or --accept_changes"
    " to go on with it like this",
)
