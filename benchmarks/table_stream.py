"""A table that is streamed beside the same table in memory: waiting, and time a step.

    python -m benchmarks.table_stream

A table of random numbers is written, read in parts and written in a random order; then
`experiments/vectors.py` trains on it both ways in turn. Waiting is the time that the
training loop spends asking the stream for batches.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.timing import in_turn, peak_flops
from experiments import vectors
from wgan_gp import configs, devices
from wgan_gp.build import build
from wgan_gp.runs import loop
from wgan_gp.train import init


class Timed(Iterator):
    """A stream that counts how long it is waited for."""

    def __init__(self, stream: Any):
        self.stream, self.seconds = stream, 0.0

    def __next__(self) -> Any:
        start = time.perf_counter()
        batch = next(self.stream)
        self.seconds += time.perf_counter() - start
        return batch


def _trainer(settings: Any, updates: int):
    """A function that trains for some updates and waits, and its stream or None."""
    experiment = build(settings)
    mesh = devices.mesh_for(settings.batches, settings.mesh.data)
    parts = experiment.algorithm, experiment.hyperparameters
    state = init(*parts, jax.random.key(0))
    stream = None
    if experiment.dataset.stream is None:
        advance = loop._on_device(experiment, mesh)
    else:
        batches = experiment.dataset.stream(settings.batch_size, settings.seed)
        stream = Timed(batches)
        advance = loop._streamed(experiment, settings, mesh, stream)
    kept = [devices.replicate(state, mesh)]

    def train() -> None:
        kept[0], _ = advance(kept[0], 0, updates)
        jax.block_until_ready(kept[0])

    return train, stream


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--columns", type=int, default=32)
    parser.add_argument("--updates", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    print(f"matrix peak: {peak_flops() / 1e9:.0f} GFLOP/s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "table.npy"
        shape = args.rows, args.columns
        np.save(path, np.random.default_rng(0).standard_normal(shape, np.float32))
        calls, streams = [], []
        few = vectors.get_config()  # so that neither has more to compile
        few.data.name = f"npy:{folder / 'few.npy'}"
        np.save(folder / "few.npy", np.load(path, mmap_mode="r")[:200])
        _trainer(configs.resolve(few), args.updates)
        for resident in (2**62, 0):
            config = vectors.get_config()
            config.data.name = f"npy:{path}"
            config.data.resident_bytes = resident
            config.data.cache = str(folder / "cache")
            start = time.perf_counter()
            train, stream = _trainer(configs.resolve(config), args.updates)
            print(
                f"{'streamed' if stream else 'in memory'}: opened in"
                f" {time.perf_counter() - start:.1f} s"
                f" ({path.stat().st_size / 1e6:.0f} MB)"
            )
            calls.append(train)
            streams.append(stream)
        stream = streams[1]
        memory, streamed = in_turn(calls, rounds=args.rounds)
        stream.seconds = 0.0
        start = time.perf_counter()
        calls[1]()
        waiting = stream.seconds / (time.perf_counter() - start)
        stream.stream.close()
    ratios = [b / a for a, b in zip(memory, streamed)]
    each = 1e3 / args.updates
    print(
        f"ms an update: {each * statistics.median(memory):.2f} in memory,"
        f" {each * statistics.median(streamed):.2f} streamed; ratio"
        f" {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f});"
        f" {100 * waiting:.1f} % of the time waiting for batches"
    )


if __name__ == "__main__":
    main()
