"""The folder of a run: made, read back, never overwritten unasked."""

import errno
import itertools
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

from wgan_gp import configs
from wgan_gp.configs import as_dict, experiment_file
from wgan_gp.configs.comparison import FREE, differences, join_changes
from wgan_gp.runs import dataset_file, restore, versions
from wgan_gp.system import locks
from wgan_gp.system.failures import one_line
from wgan_gp.system.files import WriteError, write_bytes, write_json, writing

FIGURES = "figures"
FRAMES = "frames"  # of the animation
REPORT = "report.html"
RUN_FILES = (
    "config.json",
    dataset_file.NAME,
    dataset_file.CONDITIONS,
    experiment_file.NAME,
    "metrics.jsonl",
    "tensorboard",
    "checkpoints",
    "damaged",
    FIGURES,
    FRAMES,
    REPORT,
    versions.NAME,
)
_LOCK = "lock"


class WorkdirSpec(NamedTuple):
    """What a workdir holds: a run, or a sweep.

    Attributes:
      noun: "run" or "sweep", for messages.
      files: names of all files and folders that it writes into the workdir. They mark
        a workdir as used, and `overwrite` removes them.
      free_fields: prefixes of settings that may differ when it is resumed.
      read_settings: `path -> settings`. Reads the stored `config.json`; called by
        `check` and `prepare` if the workdir is used. Raises ValueError.
      cure: ends the message for a workdir with other settings: what to do.
      mark: a field of `config.json` that what is no `noun` does not have.
    """

    noun: str
    files: tuple[str, ...]
    free_fields: tuple[str, ...]
    read_settings: Callable[[Path], Any]
    cure: str
    mark: str


def unused_folder(folder: Path) -> Path:
    """The folder, or with a number after its name if there is one already."""
    names = (folder.with_name(f"{folder.name}-{n}") for n in itertools.count(2))
    return next(each for each in itertools.chain([folder], names) if not each.exists())


def lock(workdir: Path, *, shared: bool = False) -> IO[str]:
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
    with writing(workdir):
        free = locks.take(lock, shared=shared)
    if not free:
        lock.close()
        raise FileExistsError(
            f"another process is running in {workdir}: name another folder, or stop"
            " that process"
        )
    return lock


def _check_free(workdir: Path, shared: bool) -> None:
    """Raises FileExistsError if `lock` would; makes nothing."""
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
    spec: WorkdirSpec | None = None,
    resumable: Callable[[list[str]], list[str]] = lambda _: [],
) -> list[str]:
    """Refuses what `prepare` would refuse; writes nothing, and makes no folder.

    Args:
      workdir: the folder of a run; it need not exist.
      settings: of the run.
      overwrite: what an earlier run left in the folder would be removed.
      accept_changes: an earlier run would go on under another configuration.
      shared: as in `lock`.
      spec: of what is run; a single run by default.
      resumable: raises ValueError if the run in the folder cannot go on under the
        configuration. It is given what differs between the two, in words, and
        returns what else differs.

    Returns:
      What differs from an earlier run in the folder and is accepted, in words.


    Raises:
      FileExistsError: the folder is a file, another process runs in it, or it holds a
        run with other settings, each of which is named, or what is no run, which
        `overwrite` does not remove.
      ValueError: the run's configuration, or its versions, cannot be read; or
        checkpoints in the folder could not be.
      WriteError: what the folder holds cannot be written to.
    """
    _check_free(workdir, shared)
    return _check(
        workdir, settings, overwrite, accept_changes, spec or RUN_SPEC, resumable
    )


def _check(
    workdir: Path,
    settings: Any,
    overwrite: bool,
    accept_changes: bool,
    spec: WorkdirSpec,
    resumable: Callable[[list[str]], list[str]] = lambda _: [],
) -> list[str]:
    if "[" in str(workdir.absolute()):  # Orbax looks for its files by a pattern
        raise ValueError(
            f"--workdir {workdir.absolute()}: checkpoints below a folder with [ in its"
            " name cannot be read back: name another folder"
        )
    existing = _existing(workdir, spec)
    _check_writable(workdir, existing)
    if not existing:
        return []
    _check_is_one(workdir, existing[0], spec)
    if overwrite:
        return []
    versions.read(workdir)
    changes = _changes(workdir, settings, spec)
    changes += resumable(changes)
    if changes and not accept_changes:
        raise _other_settings(workdir, changes, spec)
    return changes


def _check_is_one(workdir: Path, found: Path, spec: WorkdirSpec) -> None:
    """Raises FileExistsError for what only looks like it, such as a user's figures/."""
    path = workdir / "config.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problem = f"holds {found.name} but no config.json"
    except (ValueError, RecursionError):
        problem = "holds a config.json that is not JSON"
    else:
        if isinstance(stored, dict) and spec.mark in stored:
            return
        problem = f"holds a config.json without {spec.mark}"
    raise FileExistsError(
        f"{workdir} {problem}, so no {spec.noun}: name another --workdir, or move what"
        " it holds away"
    )


def _existing(workdir: Path, spec: WorkdirSpec) -> list[Path]:
    """What an earlier run has left in a folder."""
    return [workdir / name for name in spec.files if (workdir / name).exists()]


def prepare(
    workdir: Path,
    settings: Any,
    *,
    overwrite: bool = False,
    accept_changes: bool = False,
    spec: WorkdirSpec | None = None,
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
      spec: as in `check`.
      experiment: what the experiment's file holds. None, for a run that was made in
        Python, leaves an earlier copy as it is.

    Returns:
      Lines on what differs from the run's last start, versions and the experiment's
      file; None if nothing does.

    Raises:
      FileExistsError: as `check`, but for the processes: `lock` holds them off.
      ValueError: as `check`.
      WriteError: the folder, or what it holds, cannot be written to.
    """
    spec = spec or RUN_SPEC
    _check(workdir, settings, overwrite, accept_changes, spec)
    with writing(workdir):
        workdir.mkdir(parents=True, exist_ok=True)
    if overwrite:
        _remove(_existing(workdir, spec)[::-1])  # config.json last: it says what it is
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


def _changes(workdir: Path, settings: Any, spec: WorkdirSpec) -> list[str]:
    """What differs between a folder's run and a configuration, in words."""
    stored = spec.read_settings(workdir / "config.json")
    return differences(stored, settings, spec.free_fields)


def _other_settings(
    workdir: Path, changes: list[str], spec: WorkdirSpec
) -> FileExistsError:
    return FileExistsError(
        f"{workdir} holds a {spec.noun} with other settings: {join_changes(changes)}."
        f" {spec.cure}"
    )


def _check_writable(workdir: Path, existing: list[Path]) -> None:
    """Training would find out later, and what it computed until then be lost."""
    for path in (workdir, *existing):
        if path.exists() and not os.access(path, os.W_OK):
            raise WriteError(path, PermissionError(errno.EACCES, "Permission denied"))


def resume_hint(workdir: Path) -> str:
    """What a run that was broken off can go on from, in words."""
    saved = restore.steps(workdir / "checkpoints")
    if not saved:
        return "nothing was saved yet"
    return (
        f"step {saved[0]} is the last saved: the same command with --workdir {workdir}"
        " goes on from there"
    )


def read_settings(path: Path) -> Any:
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


RUN_SPEC = WorkdirSpec(
    "run",
    RUN_FILES,
    FREE,
    read_settings,
    "Name another --workdir, add --overwrite to replace that run, or --accept_changes"
    " to go on with it like this",
    "lipschitz",
)
