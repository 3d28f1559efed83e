"""What a study is: programs that leave records, and tables made of the records."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

Records = dict[str, Any]  # by name
Save = Callable[[str, Any], None]  # writes a record of this name, whole or not at all


class Program(NamedTuple):
    """A unit of work, such as a chunk of a sweep or a cell of the benchmark.

    One process runs it as a whole. It leaves one record or more.
    """

    names: tuple[str, ...]  # of its records
    # Called by the runner with the records that exist but are not complete, and with a
    # function that it calls as soon as a record is complete.
    run: Callable[[Records, Save], None]
    # Called before any program runs; raises what `run` would refuse.
    check: Callable[[], object] = lambda: None


class Study(NamedTuple):
    """Programs, where their records are, and what is made of all records."""

    noun: str  # what its records are of, in the plural: "cells"
    folder: Path  # shared by all processes that run the study
    records: Path  # folder of the records, NAME.json each; `folder`, or one in it
    programs: Sequence[Program]
    read_record: Callable[[Path], Any]  # a record; raises ValueError if it is damaged
    # (name, record) -> whether nothing is missing in it; raises ValueError if it was
    # made with other settings.
    is_complete: Callable[[str, Any], bool]
    make_tables: Callable[[Records], None]  # makes tables and figures of all records
    resume_command: str = "the same command"  # what goes on with it, for messages
    # Called after all checks: makes the folder ready. It is held while programs run.
    prepare: Callable[[], AbstractContextManager[Any]] = nullcontext
    overwrites: bool = False  # whether `prepare` removes the records that exist
