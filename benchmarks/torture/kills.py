"""SIGKILL at random times: a killed run must end with the bits of an unkilled one."""

import random
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from orbax.checkpoint import v1 as ocp

from benchmarks.torture.common import Clock, Failure, Row, command, environment, finish
from wgan_gp.system import platforms

SAVING, OTHERWISE = "while saving", "at another time"
LEAST, SHARE = 50, 1 / 3  # kills, and how many of them while saving


class Target(NamedTuple):
    """A run to be killed."""

    name: str
    config: str
    kills: int
    fields: dict[str, int]
    every: int  # steps from one checkpoint to the next


_COMMON = {"checkpoint.keep": 2, "eval_every": 1000}
_SMALL = _COMMON | {"steps": 10_000, "log_every": 20}
_IMAGES = _COMMON | {"steps": 1000, "log_every": 5}
_STREAM = _IMAGES | {"data.resident_bytes": 9}
TARGETS = (
    Target("vectors", "toy8gauss.py:smoke", 16, _SMALL, 100),
    Target("images on the device", "digits.py:smoke", 12, _IMAGES, 10),
    Target("streamed images", "digits.py:smoke", 12, _STREAM, 10),
    Target("a critic alone", "w1_benchmark.py:recipe=smoke", 12, _SMALL, 100),
)


def run(folder: Path, seconds: float, *, quick: bool) -> list[Row]:
    """Kills each target's run and compares; as many at a time as there are cores.

    If `quick`, only vectors and a critic alone, three times each.
    """
    clock = Clock(seconds)
    targets = TARGETS
    if quick:
        targets = tuple(each._replace(kills=3) for each in TARGETS[::3])
    with ThreadPoolExecutor(platforms.cores()) as pool:
        jobs = [
            pool.submit(_guarded, each, folder / f"kills-{number}", clock, number)
            for number, each in enumerate(targets)
        ]
    results = [job.result() for job in jobs]
    rows = [row for row, _ in results]
    moments = Counter(moment for _, found in results for moment in found)
    return [*rows, judge(rows, moments, 0 if quick else LEAST)]


def judge(rows: list[Row], moments: Counter, least: int) -> Row:
    """The row that sums up: all must have passed, and kills been many.

    Args:
      rows: of the targets.
      moments: how many kills there were while saving and otherwise.
      least: how many there must be, a third of them while saving.
    """
    total, different = moments.total(), sum(not row.passed for row in rows)
    outcome = f"{different} of {len(rows)} differ or did not end"
    few = total < least or SHARE * total > moments[SAVING]
    if few:
        outcome += f"; there should be {least} kills, {SHARE:.0%} while saving"
    return _row("all of these", total, moments, outcome, not (few or different))


def _row(name: str, count: int, moments: Counter, outcome: str, passed: bool) -> Row:
    tried = f"{name}: {count} kills, {moments[SAVING]} of them while saving"
    return Row("SIGKILL", tried, outcome, passed)


def _guarded(target: Target, place: Path, clock: Clock, seed: int):
    """The target's row, and the moments of its kills, even if it fails."""
    moments: list[str] = []
    place.mkdir()
    try:
        outcome, passed = _torture(target, place, clock, seed, moments), True
    except Failure as failure:
        outcome, passed = str(failure), False
    row = _row(target.name, len(moments), Counter(moments), outcome, passed)
    print(f"{row.tried}: {outcome}", flush=True)
    return row, moments


def _torture(target: Target, place: Path, clock: Clock, seed: int, moments) -> str:
    """Appends each kill's moment to `moments`; returns the outcome."""
    rng, steps = random.Random(seed), target.fields["steps"]
    whole, broken = place / "whole", place / "broken"
    # How often a run saves changes no bit and no record, and saving takes the longest.
    rarely = target.fields | {"checkpoint.every": 10 * target.every}
    often = target.fields | {"checkpoint.every": target.every}
    # The unbroken run compiles its programs itself: what is cached must not differ.
    own, cached = (environment(place.parent, cached=each) for each in (False, True))
    finish(command(target.config, whole, rarely), own, clock)
    arguments = command(target.config, broken, often)
    for number in range(target.kills):
        moments.append(_kill(arguments, cached, broken, rng, number, clock))
    reached = newest(broken)
    finish(command(target.config, broken, rarely), cached, clock)
    difference = compare(whole, broken, steps)
    if difference:
        raise Failure(difference)
    return f"same bits and records (last kill after step {reached:,} of {steps:,})"


def newest(workdir: Path) -> int:
    """The step of the newest checkpoint, 0 if there is none."""
    names = [path.name for path in (workdir / "checkpoints").glob("*")]
    return max((int(name) for name in names if name.isdigit()), default=0)


def unfinished(workdir: Path) -> set[tuple[str, int]]:
    """Drafts of checkpoints: names and inodes."""
    drafts = (workdir / "checkpoints").glob("*.draft*")
    return {(path.name, path.stat().st_ino) for path in drafts}


def _kill(arguments, env, workdir: Path, rng: random.Random, number: int, clock) -> str:
    """Starts the run and kills it.

    One kill of four comes as the run starts, or soon after; the others once it has
    saved anew, and half of all in the midst of the next checkpoint.
    """
    before, left = newest(workdir), unfinished(workdir)
    process = subprocess.Popen(
        arguments, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        if number % 4 == 3:
            time.sleep(rng.uniform(0, 6))
        else:
            _until(lambda: newest(workdir) > before, process, clock)
            if number % 2 == 0:
                drafts = workdir / "checkpoints"
                _until(lambda: any(drafts.glob("*.draft*")), process, clock)
            time.sleep(rng.uniform(0, 0.05 if number % 2 == 0 else 0.5))
    finally:
        process.kill()
        _, error = process.communicate()
    if process.returncode >= 0:
        raise Failure(
            f"a run that was to be killed ended with status {process.returncode}:"
            f" {' '.join(error.split())[-300:]}"
        )
    return SAVING if unfinished(workdir) - left else OTHERWISE


def _until(true, process: subprocess.Popen, clock: Clock) -> None:
    while not true() and process.poll() is None:
        clock.left()
        time.sleep(0.002)


def compare(whole: Path, broken: Path, steps: int) -> str:
    """How the ends of two runs differ; empty if they do not."""
    leaves = [_leaves(each, steps) for each in (whole, broken)]
    if leaves[0] != leaves[1]:
        return "another state at the end"
    records = [(each / "metrics.jsonl").read_bytes() for each in (whole, broken)]
    return "" if records[0] == records[1] else "other records in metrics.jsonl"


def _leaves(workdir: Path, steps: int) -> list[tuple[str, tuple[int, ...], bytes]]:
    path = (workdir / "checkpoints" / str(steps)).absolute()
    if not path.is_dir():
        raise Failure(f"no checkpoint of step {steps} at the end")
    state = ocp.load_checkpointables(str(path))["state"]
    arrays = [np.asarray(leaf) for leaf in jax.tree.leaves(state)]
    return [(str(each.dtype), each.shape, each.tobytes()) for each in arrays]
