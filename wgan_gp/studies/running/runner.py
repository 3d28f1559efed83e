"""Runs a study: this host's programs whose records are missing, then the tables.

Processes share nothing but records. A record is written atomically, and a program with
complete records does not run again, so an interrupted study resumes. Each program is
locked while it runs, so that a command that is started twice does not run a program
twice at the same time. No process waits for the programs of another: the process that
finds all records complete makes the tables.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from wgan_gp.devices.hosts import HostRank
from wgan_gp.runs.driver import Interrupted
from wgan_gp.studies.running.locks import file_lock, is_locked
from wgan_gp.studies.running.sharing import programs_of_host
from wgan_gp.studies.running.study import Program, Study, no_check
from wgan_gp.system import failures
from wgan_gp.system.files import as_write_error, check_folder, write_json, writing
from wgan_gp.system.platforms import refuse_windows
from wgan_gp.system.signals import Listener

_LOCK_WAIT = 1.0  # seconds; a process holds a lock longer only if it runs the program
_MANY = 10  # programs whose checks may take longer than a user waits without a word
_TABLES_WAIT = 120.0  # seconds that another process may take to make the tables


def run_command(make: Callable[[], tuple[Study, HostRank | None]]) -> int:
    """Runs a study as a command; an error is printed as one line on stderr.

    Args:
      make: `() -> (study, rank)`. Reads the command line; called once, and writes
        nothing.

    Returns:
      The exit status: 0, 2 for an error before anything is written, 1 for a later
      error, 128 plus its number after a signal.
    """
    refuse_windows()
    with Listener() as listener, ExitStack() as held:
        try:
            study, rank = make()
            check(study, rank)
            held.enter_context(study.prepare())
        except failures.EXPECTED as error:
            return failures.report(error, 2)
        listener.explain = partial(_explain, study)
        try:
            run(study, rank)
        except Interrupted as stop:
            line = f"{stop.where}: {study.resume_command} goes on from there"
            print(line, file=sys.stderr)
            return stop.status
        except failures.EXPECTED as error:
            return failures.report(as_write_error(error, study.folder), 1)
    return 0


def check(study: Study, rank: HostRank | None = None) -> None:
    """Raises the errors that `run` would raise for bad input; writes nothing.

    Args:
      study: to be run.
      rank: of this host; None on a single host.

    Raises:
      ValueError: the folder is a file, or holds records that are not the study's or
        were made with other settings; or a program's own check failed.
      FileExistsError: another process runs a program of this host.
      WriteError: the folder cannot be written to.
    """
    check_folder(study.folder, f"the folder {study.folder}")
    if not study.overwrites:
        _check_records(study)
    missing = [
        program
        for program in programs_of_host(study.programs, rank)
        if study.overwrites or _is_missing(study, program)
    ]
    if len(missing) > _MANY and any(each.check is not no_check for each in missing):
        print(f"{len(missing)} {study.noun} are checked before the first is run")
    for program in missing:
        _check_free(study, program)
        program.check()


def _check_records(study: Study) -> None:
    """Raises ValueError for a damaged record, or one made with other settings."""
    names = {name for program in study.programs for name in program.names}
    for path in sorted(study.records.glob("*.json")):
        if path.stem not in names:
            study.read_record(path)
        elif (record := _read(study, path.stem)) is not None:
            study.is_complete(path.stem, record)


def _check_free(study: Study, program: Program) -> None:
    for name in program.names:
        if is_locked(_lock(study, name)):
            raise FileExistsError(
                f"another process is running in {study.records / name}: name another"
                " folder, or stop that process"
            )


def run(study: Study, rank: HostRank | None = None) -> None:
    """Runs this host's incomplete programs; makes the tables if all are complete.

    Args:
      study: that has passed `check`, with its folder prepared.
      rank: of this host; None on a single host.

    Raises:
      Interrupted: SIGTERM or SIGINT was received; the current program was saved.
      WriteError: a record could not be written.
      Exception: any error of a program.
    """
    with writing(study.records):
        study.records.mkdir(parents=True, exist_ok=True)
    for program in programs_of_host(study.programs, rank):
        _run_program(study, program)
    _make_tables(study)


def _run_program(study: Study, program: Program) -> None:
    if not _is_missing(study, program):
        return
    with ExitStack() as locks:
        for name in program.names:
            if not locks.enter_context(file_lock(_lock(study, name), _LOCK_WAIT)):
                print(f"{name} is left to another process, which is running it")
                return
        # Checked again: another process may have completed it in the meantime.
        if _is_missing(study, program):
            found = {name: _found(study, name) for name in program.names}
            program.run(found, partial(_save, study))


def _make_tables(study: Study) -> None:
    """Makes tables, unless a program is missing that another process has to run."""
    with file_lock(study.records / "tables.lock", _TABLES_WAIT) as mine:
        if not mine:
            raise FileExistsError(
                f"another process has been making tables of {study.folder} for"
                f" {_TABLES_WAIT:.0f} s: stop it, and run {study.resume_command} again"
            )
        # Counted under the lock: of hosts that finish at the same time, the second one
        # sees the records of both. NFS may show an old listing of a folder until this
        # host changes the folder, as the lock's file does.
        missing = sum(_is_missing(study, program) for program in study.programs)
        if missing:
            print(
                f"{missing} of {len(study.programs)} programs are left to other hosts:"
                " the last one to finish makes the tables, or"
                f" {study.resume_command} once all have ended"
            )
            return
        paths = sorted(study.records.glob("*.json"))
        study.make_tables({path.stem: study.read_record(path) for path in paths})


def _is_missing(study: Study, program: Program) -> bool:
    """Whether a record of the program is missing, damaged or incomplete."""
    records = {name: _read(study, name) for name in program.names}
    return any(
        record is None or not study.is_complete(name, record)
        for name, record in records.items()
    )


def _read(study: Study, name: str) -> Any | None:
    """The record of this name; None if it is missing or damaged."""
    path = _path(study, name)
    try:
        return study.read_record(path) if path.exists() else None
    except ValueError:
        return None


def _found(study: Study, name: str) -> Any | None:
    """As `_read`; a damaged record is also renamed to NAME.damaged."""
    record, path = _read(study, name), _path(study, name)
    if record is None and path.exists():
        aside = path.with_suffix(".damaged")
        print(f"{path} is damaged: it is moved to {aside.name} and made again")
        with writing(aside):
            path.replace(aside)
    return record


def _save(study: Study, name: str, record: Any) -> None:
    write_json(_path(study, name), record)


def _path(study: Study, name: str) -> Path:
    return study.records / f"{name}.json"


def _lock(study: Study, name: str) -> Path:
    return study.records / f"{name}.lock"


def _explain(study: Study) -> str:
    names = [name for program in study.programs for name in program.names]
    done = sum(_path(study, name).exists() for name in names)
    return (
        f"{done} of {len(names)} {study.noun} are recorded: {study.resume_command} goes"
        " on from there"
    )
