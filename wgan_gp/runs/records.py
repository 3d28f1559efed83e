"""Metrics on disk: `metrics.jsonl`, one JSON object a line, and TensorBoard events."""

import json
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tensorboardX import summary
from tensorboardX.proto import event_pb2
from tensorboardX.record_writer import RecordWriter

from wgan_gp.system.files import write_text, writing

_PROTO: Any = event_pb2  # protobuf creates its names at import


class History(NamedTuple):
    """The records of a run so far."""

    training: list[dict[str, float]]
    evaluation: list[dict[str, float]]


def truncate_records(
    path: Path, step: int, *, evaluated: bool = True
) -> list[dict[str, Any]]:
    """Removes the records after a step from `metrics.jsonl`.

    A resumed run writes the records after its checkpoint again. Lines that are not
    valid records, such as one cut short by SIGKILL, are removed too.

    Args:
      path: of the file; it need not exist.
      step: the last step whose records are kept.
      evaluated: whether the evaluation of this step itself is kept.

    Returns:
      The records that are kept.

    Raises:
      WriteError: the file cannot be written; it is unchanged.
    """
    if not path.exists():
        return []
    records = []
    for line in path.read_text(errors="replace").splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not _is_record(record) or record["step"] > step:
            continue
        if evaluated or (record["split"], record["step"]) != ("eval", step):
            records.append(record)
    write_text(path, "".join(json.dumps(record) + "\n" for record in records))
    return records


def _is_record(value: Any) -> bool:
    """Whether a value is a record as `MetricWriter` writes it."""
    if not isinstance(value, dict) or value.get("split") not in ("train", "eval"):
        return False
    step = value.get("step")
    return isinstance(step, int) and not isinstance(step, bool) and step >= 0


class MetricWriter:
    """Writes scalars and images to `metrics.jsonl` and TensorBoard in a run's folder.

    All methods raise WriteError if a file cannot be written.
    """

    def __init__(self, workdir: Path, after: int = 0):
        """Opens both files.

        Args:
          workdir: the run's folder.
          after: the step from which the run continues; TensorBoard drops its older
            events after this step.
        """
        self._path = workdir / "metrics.jsonl"
        with writing(self._path):
            self._lines = self._path.open("a", buffering=1)
        self._events = _Events(workdir / "tensorboard", after)

    def write(self, split: str, step: int, metrics: dict[str, float]) -> None:
        """Writes one record.

        Args:
          split: "train" or "eval".
          step: generator updates done.
          metrics: named scalars.
        """
        record = {"split": split, "step": step} | metrics
        with writing(self._path):
            self._lines.write(json.dumps(record) + "\n")
        for name, value in metrics.items():
            self._events.add(step, summary.scalar(f"{split}/{name}", value))

    def write_image(self, name: str, step: int, image: np.ndarray) -> None:
        """Adds an image `[H, W, C]` uint8 to TensorBoard's events."""
        self._events.add(step, summary.image(name, image, dataformats="HWC"))

    def write_text(self, name: str, step: int, lines: Sequence[str]) -> None:
        """Adds lines of text to TensorBoard's events, as a block of Markdown."""
        block = "\n".join(f"    {line}" for line in lines)
        self._events.add(step, summary.text(name, block))

    def flush(self) -> None:
        """Waits until everything written is on disk (fsync)."""
        with writing(self._path):
            self._lines.flush()
            os.fsync(self._lines.fileno())
        self._events.flush()

    def close(self) -> None:
        """Flushes and closes both."""
        try:
            with writing(self._path):
                self._lines.close()
        finally:
            self._events.close()

    def __enter__(self) -> "MetricWriter":
        return self

    def __exit__(self, *_) -> None:
        self.close()


class NullWriter(MetricWriter):
    """A `MetricWriter` that writes nothing, for all hosts but the first."""

    def __init__(self):
        pass

    def write(self, split: str, step: int, metrics: dict[str, float]) -> None:
        """Does nothing."""

    def write_image(self, name: str, step: int, image: np.ndarray) -> None:
        """Does nothing."""

    def write_text(self, name: str, step: int, lines: Sequence[str]) -> None:
        """Does nothing."""

    def flush(self) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""


class _Events:
    """A file of TensorBoard events, written in the calling thread.

    tensorboardX's own writer uses a background thread. If that thread fails on a full
    disk, its queue fills up and training blocks for ever.
    """

    def __init__(self, folder: Path, after: int):
        self._path = folder / _event_file(folder)
        with writing(self._path):
            folder.mkdir(exist_ok=True)
            older = any(_event_files(folder))
            self._file = RecordWriter(str(self._path.absolute()))
        self._write(_PROTO.Event(file_version="brain.Event:2"))
        if older:  # a run that was killed may have had no checkpoint
            restart = _PROTO.SessionLog(status=_PROTO.SessionLog.START)
            self._write(_PROTO.Event(step=after + 1, session_log=restart))

    def add(self, step: int, value: Any) -> None:
        self._write(_PROTO.Event(step=step, summary=value))

    def _write(self, event: Any) -> None:
        event.wall_time = time.time()
        with writing(self._path):
            self._file.write(event.SerializeToString())

    def flush(self) -> None:
        with writing(self._path):
            self._file.flush()

    def close(self) -> None:
        with writing(self._path):
            self._file.close()


def _event_files(folder: Path) -> list[Path]:
    return [*folder.glob("events.out.tfevents.*")]


def _event_file(folder: Path) -> str:
    """A file name that sorts after existing ones: TensorBoard reads in name order."""
    stamps = [path.name.split(".")[3] for path in _event_files(folder)]
    last = max((int(each) for each in stamps if each.isdecimal()), default=0)
    stamp = max(int(time.time()), last + 1)
    return f"events.out.tfevents.{stamp:010d}.{socket.gethostname()}"
