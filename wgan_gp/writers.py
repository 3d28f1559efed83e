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


class MetricWriter:
    """Writes records of scalars to `metrics.jsonl` and TensorBoard in a folder."""

    def __init__(self, workdir: Path):
        self._lines = (workdir / "metrics.jsonl").open("a", buffering=1)
        self._events = SummaryWriter(str(workdir / "tensorboard"))

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
