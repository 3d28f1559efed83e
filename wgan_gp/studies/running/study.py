"""The contract of a study: programs that write records, and tables made from them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

Records = dict[str, Any]  # by the name of the record
Save = Callable[[str, Any], None]  # (name, record): writes a record, atomically


def no_check() -> None:
    """The check of a program whose settings have been checked already."""


class Program(NamedTuple):
    """A unit of work, such as a chunk of a sweep or a cell of the benchmark.

    One process runs it as a whole. It writes one record or more.

    Attributes:
      names: of its records.
      run: `(found, save)`. Does the work; called once if a record is missing or not
        complete, while the program's locks are held. `found` has each record's name,
        with its incomplete record, or None if there is none. `run` calls
        `save(name, record)` as soon as a record is complete.
      check: `()`. Raises the errors that `run` would raise for bad settings; called for
        all programs of this host before any of them runs. Writes nothing.
    """

    names: tuple[str, ...]
    run: Callable[[Records, Save], None]
    check: Callable[[], object] = no_check


class Study(NamedTuple):
    """The programs of a study, its records, and the tables made from them.

    Attributes:
      noun: what a record is about, in the plural, such as "cells"; for messages.
      folder: shared by all processes that run the study.
      records: the folder of the records, NAME.json each: `folder` or a folder in it.
      programs: all programs of the study, in the same order on all hosts.
      read_record: `path -> record`. Called for every record, by `check` and before
        tables are made; raises ValueError if the file is damaged.
      is_complete: `(name, record) -> bool`. Whether the record needs no further work
        of its program; called by `check` and before the program runs.
        Raises ValueError if the record was made with other settings.
      make_tables: `records`. Writes and prints tables and figures of all records in the
        folder; called by the process that finds all programs complete.
      resume_command: for messages: the command that continues the study.
      prepare: `() -> context`. Makes the folder ready; entered after all checks and
        held while programs run, so that it can lock the folder.
      overwrites: whether `prepare` removes the records that exist.
    """

    noun: str
    folder: Path
    records: Path
    programs: Sequence[Program]
    read_record: Callable[[Path], Any]
    is_complete: Callable[[str, Any], bool]
    make_tables: Callable[[Records], None]
    resume_command: str = "the same command"
    prepare: Callable[[], AbstractContextManager[Any]] = nullcontext
    overwrites: bool = False
