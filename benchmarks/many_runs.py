"""Runs per minute, many in one program: `python -m benchmarks.many_runs`.

Compares many runs in one program with one process for each run, and with eager PyTorch.
Prints a table of docs/scaling.md. Rates are measured in steps, and given for runs of
`STEPS` steps.
"""

import argparse
import subprocess
import sys
import time
from functools import partial

import jax
import torch

from benchmarks.scaling import ITERATIONS, PinnedProcess
from benchmarks.timing import in_turn
from benchmarks.torch_toy import TorchToy
from benchmarks.toy_steps import BATCH, N_CRITIC, runner_of_many
from wgan_gp.system import platforms

WIDTH, STEPS, MEASURED = 64, 2500, 20
ROUNDS = 3


def seconds_in_one_program(runs: int, devices: int) -> float:
    """Seconds for a step of all runs in one program, split over devices."""
    run = runner_of_many(WIDTH, MEASURED, runs, devices)
    return min(in_turn([run], rounds=ROUNDS)[0]) / MEASURED


def seconds_in_processes(cores: int) -> float:
    """Seconds for a step of a run, with a process for each core at the same time."""
    sides = [PinnedProcess(WIDTH, BATCH, 1, (core,)) for core in range(cores)]
    seconds = []
    for _ in range(ROUNDS):
        for side in sides:
            side.start()
        seconds.append(max(side.wait() for side in sides) / ITERATIONS)
    for side in sides:
        side.end()
    return min(seconds)


def start_up_seconds() -> float:
    """Seconds of a process outside of its steps."""
    side = "--side", str(WIDTH), str(BATCH), "1", "0"
    started = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.scaling", *side]
    subprocess.run(command, input="go\n", text=True, check=True, capture_output=True)
    return time.perf_counter() - started


def seconds_in_pytorch() -> float:
    """Seconds for a step in PyTorch, with one thread or one a core: the faster."""
    toy = TorchToy(WIDTH, BATCH, N_CRITIC)

    def run(threads: int) -> None:
        torch.set_num_threads(threads)
        toy.run(MEASURED)

    runs = [partial(run, threads) for threads in (1, platforms.cores())]
    return min(map(min, in_turn(runs, rounds=ROUNDS))) / MEASURED


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, nargs="*", default=[1, 2, 4, 8, 16, 32, 64])
    args = parser.parse_args()
    cores = platforms.cores()
    if jax.config.values["jax_num_cpu_devices"] < 0:
        jax.config.update("jax_num_cpu_devices", cores)
    print("| runs | how | ms a step of all | runs of 2,500 steps a minute |")
    print("|---|---|---|---|")

    def row(runs: int | str, how: str, seconds: float, each: float) -> None:
        rate = 60 / (each * STEPS)
        print(f"| {runs} | {how} | {1e3 * seconds:.2f} | {rate:.1f} |", flush=True)

    for runs in args.runs:
        for devices in (1, jax.device_count()):
            if runs % devices == 0 and (devices == 1 or jax.device_count() > 1):
                seconds = seconds_in_one_program(runs, devices)
                row(runs, f"one program, {devices} devices", seconds, seconds / runs)
    seconds, start = seconds_in_processes(cores), start_up_seconds()
    each = seconds / cores
    row("any", f"processes, {cores} at a time", seconds, each)
    row(
        "any", f"... with {start:.1f} s to start", seconds, each + start / STEPS / cores
    )
    seconds = seconds_in_pytorch()
    row("any", "PyTorch, one after the other", seconds, seconds)


if __name__ == "__main__":
    main()
