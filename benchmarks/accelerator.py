"""What an accelerator makes of training, in one command of at most 9 minutes.

    python -m benchmarks.accelerator --record accelerator.json

First come the numbers: losses and gradients on the accelerator beside those on the CPU.
Then times of toys, alone and many in one program, times of critic steps on images in
three precisions, and their memory. Where PyTorch finds the accelerator too, it takes
turns with this project. What there was no time for is named. Needs this project's
packages alone; on a CPU it runs as well.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

# Both libraries share the card: neither may take its memory beforehand.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import image_steps, products, timing, toy_steps
from benchmarks.image_steps import CASES, Case
from experiments import lsun64
from wgan_gp import build, losses, train
from wgan_gp.networks import bind


class Precision(NamedTuple):
    """How products of matrices are computed."""

    matmul: str  # jax_default_matmul_precision
    dtype: str = "float32"  # of the networks; the penalty's is float32


PRECISIONS = {
    "float32": Precision("highest"),
    "TF32": Precision("default"),
    "bfloat16": Precision("default", "bfloat16"),
}
IMAGES = {
    "CIFAR DCGAN": CASES["CIFAR DCGAN"],
    "CIFAR ResNet": CASES["CIFAR ResNet"],
    "64 x 64 ResNet": Case(lsun64.get_config, 64, 3, 1, ()),
    "64 x 64 DCGAN": Case(partial(lsun64.get_config, "dcgan"), 64, 3, 1, ()),
}


class Sizes(NamedTuple):
    """How much is measured."""

    peak: int  # side of the matrices
    toys: tuple[int, ...]  # widths
    runs: tuple[int, ...]  # in one program
    images: tuple[str, ...]
    batch: int | None  # None: the experiment's
    iterations: int  # between two looks at the clock
    rounds: int


PARTS = ("numbers", "toy", "many toys", "images", "memory")
SIZES = {
    "full": Sizes(8192, (64, 512), (1, 16, 64, 256, 1024), tuple(IMAGES), None, 100, 7),
    "smoke": Sizes(64, (64,), (1, 2), ("CIFAR DCGAN",), 2, 1, 1),
}


class Record:
    """Rows that are printed as they come, and written to a file."""

    def __init__(self, file: Path | None, seconds: float):
        self._file, self._end = file, time.monotonic() + seconds
        self._rows: list[dict[str, Any]] = []

    def row(self, part: str, **columns: Any) -> None:
        """Adds a row."""
        self._rows.append({"part": part} | columns)
        text = "  ".join(f"{name} {_text(value)}" for name, value in columns.items())
        print(f"{part}: {text}", flush=True)
        if self._file:
            self._file.write_text(json.dumps(self._rows, indent=1) + "\n")

    def measure(self, part: str, function: Callable[[], None], **columns: Any) -> None:
        """Calls a function that adds rows; a failure or a lack of time is a row."""
        if time.monotonic() > self._end:
            self.row(part, **columns, not_measured="there was no time left")
            return
        try:
            function()
        except Exception as error:
            self.row(part, **columns, not_measured=_first_line(error))


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@contextlib.contextmanager
def computing(precision: Precision) -> Iterator[None]:
    """Programs that are traced inside compute products in this precision."""
    with jax.default_matmul_precision(precision.matmul):
        yield


def peak(record: Record, size: int) -> dict[str, float]:
    """FLOP/s of a product of large matrices in each precision."""
    peaks = {}
    for name, precision in PRECISIONS.items():
        with computing(precision):
            a = jnp.ones((size, size), precision.dtype)
            run = partial(_product, jax.jit(jnp.matmul), a)
            seconds = min(timing.in_turn([run], rounds=20)[0])
        peaks[name] = 2 * size**3 / seconds
        record.row("peak", precision=name, tflops=peaks[name] / 1e12)
    return peaks


def _product(matmul: Callable[..., jax.Array], a: jax.Array) -> None:
    matmul(a, a).block_until_ready()


def numbers(record: Record, name: str, file: Path, sizes: Sizes) -> None:
    """A critic's loss and its gradient in each precision, beside the CPU's.

    In bfloat16 samples and parameters are in it too, and so is the penalty; training
    keeps these in float32.
    """
    batch = sizes.batch or 16
    experiment = build.build(image_steps.resolved(IMAGES[name], file, batch))
    algorithm = experiment.algorithm
    real_key, fake_key, key = jax.random.split(jax.random.key(2), 3)
    state = image_steps.start(experiment)
    size = algorithm.critic.batch_size
    reals = experiment.dataset.sample(real_key, size)
    fakes = train.generate(algorithm, state.generator.params, fake_key, size)
    arguments = jax.device_get((state.critic.params, reals, fakes))

    def loss(params, reals, fakes):
        critic = bind(algorithm.critic.network, params)
        return losses.critic_loss(critic, reals, fakes, key)[0]

    def computed(device: jax.Device, precision: Precision):
        with jax.default_device(device), computing(precision):
            placed = jax.device_put(arguments, device)
            if precision.dtype != "float32":
                placed = jax.tree.map(lambda x: x.astype(precision.dtype), placed)
            value, gradient = jax.jit(jax.value_and_grad(loss))(*placed)
        parts = [np.ravel(np.asarray(x, np.float64)) for x in jax.tree.leaves(gradient)]
        return float(value), np.concatenate(parts)

    truth, slope = computed(jax.devices("cpu")[0], PRECISIONS["float32"])
    for label, precision in PRECISIONS.items():
        value, gradient = computed(jax.devices()[0], precision)
        record.row(
            "numbers",
            critic=name,
            precision=label,
            loss_error=abs(value - truth) / abs(truth),
            gradient_error=np.linalg.norm(gradient - slope) / np.linalg.norm(slope),
        )


def toy(record: Record, width: int, sizes: Sizes, device: str | None) -> None:
    """Milliseconds of an update of the generator with those of its critic."""
    peers: timing.Makers = {}
    if device:
        from benchmarks import torch_peers

        torch_peers.set_precision(tf32=True)  # JAX's default, which ours has here
        peers = torch_peers.toys(width, toy_steps.BATCH, toy_steps.N_CRITIC, device)
    count = sizes.iterations
    ours = toy_steps.runner(width, count)
    row = _beside_peers(ours, peers, count, max(1, count // 5), sizes.rounds)
    record.row("toy", width=width, **row)


def _beside_peers(
    ours: Callable[[], None],
    peers: timing.Makers,
    count: int,
    their_count: int,
    rounds: int,
) -> dict[str, Any]:
    """Milliseconds of a step of ours and of PyTorch's, in turn.

    Args:
      ours: does `count` steps and waits.
      peers: make functions that do so many steps and wait, by a name for columns.
      count: steps of ours between two looks at the clock.
      their_count: theirs.
      rounds: how often each is timed.
    """
    row: dict[str, Any] = {}
    calls = [ours]
    names = []
    for name, make in peers.items():
        try:
            call = partial(make(), their_count)
            call()
        except Exception as error:
            row[f"{name}_not_measured"] = _first_line(error)
        else:
            calls.append(call)
            names.append(name)
    first, *others = timing.in_turn(calls, rounds=rounds)
    first = [1e3 * seconds / count for seconds in first]
    row = {"ms": statistics.median(first)} | row
    for name, times in zip(names, others):
        theirs = [1e3 * seconds / their_count for seconds in times]
        ratios = [b / a for a, b in zip(first, theirs)]
        row |= {f"{name}_ms": statistics.median(theirs)}
        row |= {f"{name}_over_ours": statistics.median(ratios)}
        row |= {f"{name}_least": min(ratios), f"{name}_greatest": max(ratios)}
    return row


def many_toys(record: Record, sizes: Sizes) -> None:
    """Milliseconds of an update of many runs in one program."""
    alone = None
    for runs in sizes.runs:
        run = toy_steps.runner_of_many(64, sizes.iterations, runs, 1)
        times = timing.in_turn([run], rounds=sizes.rounds)[0]
        ms = 1e3 * statistics.median(times) / sizes.iterations
        alone = alone or ms
        record.row("many toys", runs=runs, ms=ms, times_one=ms / alone)


def images(
    record: Record,
    name: str,
    file: Path,
    sizes: Sizes,
    precision: str,
    *,
    peak: float,
    device: str | None,
) -> None:
    """Milliseconds of a critic step on images, and its share of the card's peak."""
    case, chosen = IMAGES[name], PRECISIONS[precision]
    config = image_steps.resolved(case, file, sizes.batch, dtype=chosen.dtype)
    experiment = build.build(config)
    count = case.steps * sizes.iterations // 5 or 1
    with computing(chosen):
        state = image_steps.start(experiment)
        step = image_steps.critic_step(experiment)
        arguments = experiment.dataset.sample, state.generator.params, state.critic
        work = products.flops(step, *arguments, np.uint32(0))
        peers: timing.Makers = {}
        if device:
            from benchmarks import torch_peers

            torch_peers.set_precision(tf32=chosen.matmul == "default")
            half = chosen.dtype == "bfloat16"
            peers = torch_peers.images(case, config, device, half=half)
        ours, their_count = image_steps.jax_runner(experiment, count), count // 4 or 1
        row = _beside_peers(ours, peers, count, their_count, sizes.rounds)
    if jax.default_backend() != "cpu":  # whose convolutions are not counted
        row["share_of_peak"] = work / (row["ms"] / 1e3) / peak
    batch = config.batch_size
    record.row("images", network=name, batch=batch, precision=precision, **row)


def memory(record: Record, name: str, file: Path, sizes: Sizes) -> None:
    """MiB of temporary arrays of a critic step, as XLA counts them."""
    modes: dict[str, dict[str, Any]] = {
        "plain": {},
        "rematerialise": {"rematerialise": True},
        "microbatches": {"microbatches": 4 if sizes.batch is None else 2},
    }
    resolved = partial(image_steps.resolved, IMAGES[name], file, sizes.batch)
    row = {
        mode: image_steps.memory(build.build(resolved(**compute)))[1]
        for mode, compute in modes.items()
    }
    record.row("memory", network=name, batch=resolved().batch_size, **row)


def torch_device() -> str | None:
    """Where PyTorch computes on what JAX computes on; None if it cannot."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    backend = jax.default_backend()
    if backend == "gpu":
        return "cuda" if torch.cuda.is_available() else None
    return "cpu" if backend == "cpu" else None


def main(argv: list[str] | None = None) -> None:
    """Prints all rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", type=Path, help="a JSON file of the rows")
    parser.add_argument(
        "--seconds", type=float, default=480, help="start no part after"
    )
    parser.add_argument("--sizes", choices=SIZES, default="full")
    parser.add_argument(
        "--parts", choices=PARTS, nargs="+", default=PARTS, help="only these"
    )
    parser.add_argument(
        "--precisions",
        choices=PRECISIONS,
        nargs="+",
        default=("TF32", "bfloat16", "float32"),
        help="of images, in this order",
    )
    flags = parser.parse_args(argv)
    record, sizes = Record(flags.record, flags.seconds), SIZES[flags.sizes]
    device = torch_device()
    record.row(
        "machine",
        card=jax.devices()[0].device_kind,
        platform=jax.default_backend(),
        cpu=platform.machine(),
        jax=jax.__version__,
        pytorch=_torch_version() if device else "not found on this device",
    )
    peaks = peak(record, sizes.peak)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "images.npz"
        peaks = {name: peaks[name] for name in flags.precisions}
        for part, function, columns in _parts(record, sizes, file, device, peaks):
            if part in flags.parts:
                record.measure(part, function, **columns)


def _parts(
    record: Record,
    sizes: Sizes,
    file: Path,
    device: str | None,
    peaks: dict[str, float],
) -> Iterator[tuple[str, Callable[[], None], dict[str, Any]]]:
    """What is measured after the peaks, with the columns of a row that says why not.

    Args:
      record: takes the rows.
      sizes: how much is measured.
      file: of images, to be written.
      device: PyTorch's; None to leave it out.
      peaks: FLOP/s by the precisions in which images are measured.
    """
    for name in sizes.images[:2]:
        function = partial(numbers, record, name, file, sizes)
        yield "numbers", function, {"critic": name}
    for width in sizes.toys:
        yield "toy", partial(toy, record, width, sizes, device), {"width": width}
    yield "many toys", partial(many_toys, record, sizes), {}
    for precision, peak_flops in peaks.items():
        options = {"peak": peak_flops, "device": device}
        for name in sizes.images:
            function = partial(images, record, name, file, sizes, precision, **options)
            yield "images", function, {"network": name, "precision": precision}
    for name in sizes.images[1:3] or sizes.images:
        yield "memory", partial(memory, record, name, file, sizes), {"network": name}


def _torch_version() -> str:
    import torch

    return torch.__version__


if __name__ == "__main__":
    main()
