"""Shared by the parts of the stress test: results, and starting of processes."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the table."""

    part: str
    tried: str
    outcome: str
    passed: bool


class Failure(Exception):  # noqa: N818
    """What was tried did not end as it should; the text says how."""


class Clock:
    """The time a part may take."""

    def __init__(self, seconds: float):
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left.

        Raises:
          Failure: there are none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise Failure("out of time")
        return left


def command(config: str, workdir: Path, fields: Mapping[str, int]) -> list[str]:
    """The command line of a run; fields as {"checkpoint.every": 5}."""
    flags = [f"--config.{name}={value}" for name, value in fields.items()]
    main = [sys.executable, "-m", "wgan_gp.main", "--config", f"experiments/{config}"]
    return [*main, f"--workdir={workdir}", *flags]


def environment(folder: Path, *, cached: bool) -> dict[str, str]:
    """For a process on the CPU, with data sets and compiled programs in a folder.

    Args:
      folder: of this job.
      cached: whether compiled programs are taken from the folder, if they are there.
    """
    own = {"JAX_PLATFORMS": "cpu", "TFDS_DATA_DIR": str(folder / "sets")}
    if cached:
        own["JAX_COMPILATION_CACHE_DIR"] = str(folder / "programs")
        own["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    kept = {k: v for k, v in os.environ.items() if "COMPILATION_CACHE" not in k}
    return kept | own


def finish(arguments: list[str], env: Mapping[str, str], clock: Clock) -> str:
    """Runs a process to its end; returns its stdout.

    Raises:
      Failure: its exit status is not zero, or time is up.
    """
    try:
        done = subprocess.run(
            arguments, env=env, capture_output=True, text=True, timeout=clock.left()
        )
    except subprocess.TimeoutExpired:
        raise Failure("out of time") from None
    if done.returncode:
        text = " ".join((done.stderr or done.stdout).split())[-300:]
        raise Failure(f"{arguments[2]} ended with status {done.returncode}: {text}")
    return done.stdout


def spread(values: list[float], digits: int = 0) -> str:
    """The median, and from the least to the greatest."""
    ordered = sorted(values)
    low, median, high = ordered[0], ordered[len(ordered) // 2], ordered[-1]
    return f"{median:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"
