"""One run on one core and on two: `python -m benchmarks.scaling`.

Each variant is a process that is pinned to its cores and trains on command; they take
turns. Prints the table of docs/scaling.md.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

SIZES = (  # width, batch
    (64, 64),
    (64, 256),
    (128, 64),
    (128, 256),
    (128, 512),
    (256, 256),
    (512, 256),
)
HEADER = """\
| width | batch | 1 device on 1 core, ms | 2 devices on 2 cores | 1 device on 2 cores \
| 2 devices gain over 1 core | over 1 device on 2 cores |"""
ITERATIONS = 20
ROUNDS = 5


class PinnedProcess:
    """A process that trains a toy on some devices of some cores."""

    def __init__(self, width: int, batch: int, devices: int, cores: Sequence[int]):
        arguments = (width, batch, devices, ",".join(map(str, cores)))
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "benchmarks.scaling",
                "--side",
                *map(str, arguments),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.seconds()  # compiled, and warm

    def start(self) -> None:
        """Starts training for `ITERATIONS` iterations."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def wait(self) -> float:
        """Waits for the training; returns its seconds."""
        assert self._process.stdout is not None
        return float(self._process.stdout.readline())

    def seconds(self) -> float:
        """Trains for `ITERATIONS` iterations; returns the seconds."""
        self.start()
        return self.wait()

    def end(self) -> None:
        """Ends the process."""
        self._process.communicate()


def train_on_command(width: int, batch: int, count: int, cores: str) -> None:
    """The main function of the process of a `PinnedProcess`."""
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {allowed[int(core)] for core in cores.split(",")})
    import jax

    jax.config.update("jax_num_cpu_devices", count)
    from benchmarks.toy_steps import runner

    run = runner(width, ITERATIONS, count, batch)
    for _ in sys.stdin:
        started = time.perf_counter()
        run()
        print(time.perf_counter() - started, flush=True)


def compare(width: int, batch: int) -> str:
    """A row of the table."""
    sides = [
        PinnedProcess(width, batch, devices, cores)
        for devices, cores in ((1, (0,)), (2, (0, 1)), (1, (0, 1)))
    ]
    rounds = [[side.seconds() for side in sides] for _ in range(ROUNDS)]
    for side in sides:
        side.end()
    one, two, threads = (
        1e3 * statistics.median(each) / ITERATIONS for each in zip(*rounds)
    )
    ratios = sorted(a / b for a, b, _ in rounds)
    against = sorted(c / b for _, b, c in rounds)
    return (
        f"| {width} | {batch} | {one:.2f} | {two:.2f} | {threads:.2f}"
        f" | {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        f" | {statistics.median(against):.2f} ({against[0]:.2f} to {against[-1]:.2f}) |"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--side", nargs=4, metavar=("WIDTH", "BATCH", "DEVICES", "CORES")
    )
    args = parser.parse_args()
    if args.side:
        width, batch, devices, cores = args.side
        train_on_command(int(width), int(batch), int(devices), cores)
        return
    print(HEADER)
    print("|---|---|---|---|---|---|---|")
    for width, batch in SIZES:
        print(compare(width, batch), flush=True)


if __name__ == "__main__":
    main()
