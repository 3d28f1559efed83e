"""A long run of a tiny toy: memory, compilations and files stay what they should."""

import json
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.torture.common import Clock, Failure, Row, command, environment

SLOPE = 1.0  # MB for each 10,000 steps, the most
RISE = 1.05  # the greatest over that after a quarter of the steps, the most
LOG_EVERY = 100
EVALUATIONS, SAVES = 10, 100


class Sample(NamedTuple):
    """A moment of the run."""

    step: int  # done
    memory: float  # anonymous, MB: the kernel drops pages of files at will
    compiled: int  # programs, so far


def run(folder: Path, seconds: float, *, quick: bool) -> list[Row]:
    """100,000 steps (20,000 if `quick`) of the 8 Gaussians at width 8."""
    steps = 20_000 if quick else 100_000
    workdir, log = folder / "soak", folder / "soak.log"
    tried = f"{steps:,} steps of the 8 Gaussians at width 8, "
    counts = f"{SAVES} checkpoints, {EVALUATIONS} evaluations"
    samples = _watch(workdir, log, steps, folder, Clock(seconds))
    programs = log.read_text().count("Compiling jit(several)")
    memory = Row("soak", tried + counts, *judge_memory(samples, steps))
    compiled = Row("soak", "compilations", *judge_compilations(samples, programs))
    files = Row("soak", "files", *judge_files(workdir, steps))
    return [memory, compiled, files]


def _watch(workdir, log, steps: int, folder: Path, clock: Clock) -> list[Sample]:
    """Runs it, and looks at it ten times a second."""
    intervals = {
        "log_every": LOG_EVERY,
        "eval_every": steps // EVALUATIONS,
        "checkpoint.every": steps // SAVES,
    }
    fields = {"steps": steps, "n_critic": 1} | intervals
    arguments = command("toy8gauss.py:smoke", workdir, fields)
    env = environment(folder, cached=False) | {"JAX_LOG_COMPILES": "1"}
    samples = []
    with log.open("w") as errors:
        process = subprocess.Popen(
            arguments, env=env, stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            while process.poll() is None:
                clock.left()
                time.sleep(0.1)
                samples += _sample(process.pid, workdir, log)
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        raise Failure(f"status {process.returncode}: {log.read_text()[-300:]}")
    return samples


def _sample(pid: int, workdir: Path, log: Path) -> list[Sample]:
    """Nothing before the first record, and once the process is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        lines = (workdir / "metrics.jsonl").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    resident = re.search(r"RssAnon:\s*(\d+) kB", status)
    done = re.findall(r'"split": "train", "step": (\d+)', lines)
    if not resident or not done:
        return []
    compiled = log.read_text().count("Compiling ")
    return [Sample(int(done[-1]), int(resident[1]) / 1000, compiled)]


def judge_memory(samples: Sequence[Sample], steps: int) -> tuple[str, bool]:
    """Whether memory is flat from a quarter of the steps to the last record.

    Args:
      samples: in order.
      steps: of the run. The figures, drawn after the last, are left out.

    Returns:
      What was found, and whether it is within `SLOPE` and `RISE`.
    """
    late = [each for each in samples if steps / 4 <= each.step < steps]
    slopes = _slopes(late, steps // 10)
    if len(slopes) < 5:
        return f"only {len(late)} samples after a quarter of the steps", False
    memory = [each.memory for each in late]
    slope, rise = float(np.median(slopes)), max(memory) / memory[0]
    text = (
        f"anonymous memory {memory[0]:.0f} MB after a quarter of the steps, then"
        f" {min(memory):.0f} to {max(memory):.0f} MB ({len(late)} samples); median"
        f" slope {slope:+.2f} MB each 10,000 steps (limit {SLOPE:g}), greatest / first"
        f" {rise:.3f} (limit {RISE:g})"
    )
    return text, slope < SLOPE and rise <= RISE


def _slopes(samples: Sequence[Sample], width: int) -> list[float]:
    """MB each 10,000 steps, in each window of so many steps.

    What an allocator gives back at once would hide a slow leak from one fit of all.
    """
    windows: dict[int, list[Sample]] = {}
    for each in samples:
        windows.setdefault(each.step // width, []).append(each)
    return [
        1e4 * float(np.polyfit([x.step for x in each], [x.memory for x in each], 1)[0])
        for each in windows.values()
        if len({x.step for x in each}) > 2
    ]


def judge_compilations(samples: Sequence[Sample], programs: int) -> tuple[str, bool]:
    """Whether the training program was compiled once, and nothing late.

    Args:
      samples: in order.
      programs: how often the training program was compiled.
    """
    steps = max((each.step for each in samples), default=0)
    late = [each.compiled for each in samples if steps / 4 <= each.step < steps]
    if not late:
        return "no samples after a quarter of the steps", False
    added = late[-1] - late[0]
    text = f"the training program {programs} times; others after a quarter: {added}"
    return text, programs == 1 and added == 0


def judge_files(workdir: Path, steps: int) -> tuple[str, bool]:
    """Whether there is a record for each interval, and the newest checkpoints alone."""
    path = workdir / "metrics.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    found = sorted((each["split"], each["step"]) for each in records)
    expected = [
        (split, step)
        for split, every in (("eval", steps // EVALUATIONS), ("train", LOG_EVERY))
        for step in range(every, steps + 1, every)
    ]
    saved = {each.name for each in (workdir / "checkpoints").iterdir()}
    kept = {str(steps), str(steps - steps // SAVES)}
    events = [each.stat().st_size for each in (workdir / "tensorboard").iterdir()]
    scalars = sum(len(each) - 2 for each in records)
    text = (
        f"{len(found):,} records, {path.stat().st_size / len(found):.0f} bytes each;"
        f" {sum(events) / scalars:.0f} bytes of TensorBoard events a scalar;"
        f" checkpoints {', '.join(sorted(saved))}"
    )
    small = sum(events) < 100 * scalars  # a scalar has a tag, a time, a step, a number
    passed = found == sorted(expected) and saved == kept and len(events) == 1 and small
    return text, passed
