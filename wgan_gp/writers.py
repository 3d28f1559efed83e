"""Metrics on disk: one JSON object a line, and TensorBoard events."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from tensorboardX import SummaryWriter


def write_json(path: Path, value: Any) -> None:
    """Writes a value as JSON, all of it or nothing: an old file stays until then."""
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(value, indent=1) + "\n")
    draft.replace(path)


def keep_records(path: Path, step: int) -> list[dict[str, Any]]:
    """Cuts `metrics.jsonl` off after a step, and returns the records that are left.

    What a run wrote after its last checkpoint is written again when it goes on; a line
    that a kill cut short goes, too.

    Args:
      path: the file; it need not exist.
      step: the last to keep.
    """
    if not path.exists():
        return []
    records = []
    for line in path.read_text(errors="replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and record.get("step", step + 1) <= step:
            records.append(record)
    draft = path.with_suffix(".part")
    draft.write_text("".join(json.dumps(record) + "\n" for record in records))
    draft.replace(path)
    return records


class MetricWriter:
    """Writes records of scalars to `metrics.jsonl` and TensorBoard in a folder."""

    def __init__(self, workdir: Path, after: int = 0):
        """Opens both; TensorBoard forgets what it has beyond the step `after`."""
        self._lines = (workdir / "metrics.jsonl").open("a", buffering=1)
        purge = after + 1 if after else None
        self._events = SummaryWriter(str(workdir / "tensorboard"), purge_step=purge)

    def write(self, split: str, step: int, metrics: dict[str, float]) -> None:
        """Appends one record.

        Args:
          split: "train" or "eval".
          step: generator updates done.
          metrics: named scalars.
        """
        record = {"split": split, "step": step} | metrics
        self._lines.write(json.dumps(record) + "\n")
        for name, value in metrics.items():
            self._events.add_scalar(f"{split}/{name}", value, step)

    def write_image(self, name: str, step: int, image: np.ndarray) -> None:
        """Adds an image `[H, W, C]` uint8 to TensorBoard's events."""
        self._events.add_image(name, image, step, dataformats="HWC")

    def close(self) -> None:
        """Flushes and closes both."""
        self._lines.close()
        self._events.close()

    def __enter__(self) -> "MetricWriter":
        return self

    def __exit__(self, *_) -> None:
        self.close()
