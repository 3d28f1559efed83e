"""Draws samples from a trained generator: `python -m wgan_gp.sample --workdir DIR ...`.

The data that the run was trained on need not be there.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from wgan_gp import train
from wgan_gp.build import Experiment
from wgan_gp.configs import Settings
from wgan_gp.data.class_labels import class_number, original_labels
from wgan_gp.data.ranges import PIXEL_RANGES, to_uint8
from wgan_gp.evaluate import memory
from wgan_gp.runs import draws, sample_files
from wgan_gp.runs.draws import SampleBatch
from wgan_gp.runs.sample_files import SampleSpec, Write
from wgan_gp.runs.workdir import load_run, open_settings
from wgan_gp.system.arguments import make_parser, parse, path, run_command
from wgan_gp.system.paths import expand
from wgan_gp.system.signals import DeferredSignals
from wgan_gp.system.values import whole


class FinishedRun(NamedTuple):
    """A finished run, to be sampled from."""

    experiment: Experiment
    state: train.TrainState
    settings: Settings


def sample(
    workdir: str | Path, n: int, *, seed: int = 0, label: int | str | None = None
) -> np.ndarray:
    """Samples of a finished run's averaged generator.

    Args:
      workdir: the run's folder.
      n: how many; sample i does not depend on it.
      seed: of the latents.
      label: a class's name or number, of a run with labels: samples of this class
        alone.

    Returns:
      Samples `[n, ...]`; images are uint8 `[n, H, W, C]`.

    Raises:
      FileNotFoundError: the folder holds no finished run.
      ValueError: n < 1, n samples do not fit in memory, or there is no such class.
    """
    _check(n, seed)
    run = open_run(workdir)
    memory.check_samples(n, sample_spec(run, n))
    return draws.concatenate(draw(run, n, seed=seed, label=label), n)


def open_run(workdir: str | Path) -> FinishedRun:
    """The newest state of a run, without its data.

    A copy of the experiment's file in the run's folder is executed.

    Raises:
      FileNotFoundError: the folder holds no run, or one that has saved nothing yet.
      ValueError: what it holds cannot be read, or has no generator.
    """
    folder = expand(workdir)
    experiment, state = load_run(folder)
    return FinishedRun(experiment, state, open_settings(folder))


def draw(
    run: FinishedRun, n: int, *, seed: int = 0, label: int | str | None = None
) -> Iterator[SampleBatch]:
    """Draws n samples in parts, so that memory does not grow with n.

    Args:
      run: from `open_run`.
      n: how many.
      seed: of the latents.
      label: as in `sample`.

    Returns:
      Parts with samples `[m, ...]`, images as uint8, and labels `[m]`: those of the
      data set where they are whole numbers, otherwise the numbers of its classes.

    Raises:
      ValueError: there is no such class.
    """
    dataset = run.experiment.dataset
    number = None if label is None else class_number(dataset, label)
    own = original_labels(dataset) if dataset.classes else None
    parts = draws.draw(
        run.experiment.algorithm,
        run.state.average,
        jax.random.key(seed),
        n,
        label=number,
        postprocess=_postprocess(run),
    )
    if own is None:
        return parts
    return (SampleBatch(samples, own[labels]) for samples, labels in parts)


def sample_spec(run: FinishedRun, n: int) -> SampleSpec:
    """What n samples of a run look like."""
    made = draws.sample_struct(
        run.experiment.algorithm, run.state.average, _postprocess(run)
    )
    dataset = run.experiment.dataset
    labelled = dataset.classes is not None
    named = labelled and original_labels(dataset) is None
    names = dataset.class_names if named else None
    return SampleSpec(n, made.shape, np.dtype(made.dtype), labelled, names)


def _postprocess(run: FinishedRun):
    """What is done to samples on the device: images become bytes."""
    if len(run.experiment.dataset.shape) != 3:
        return draws.identity
    low, high = PIXEL_RANGES[run.settings.data.scale]
    return partial(to_uint8, low=low, high=high)


def _check(n: int, seed: int) -> None:
    if n < 1:
        raise ValueError(f"n must be >= 1, got {n}")
    whole("seed", seed, 0, 2**32)


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    return run_command(lambda: _write(_parse(argv[1:])), "no file was written")


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = make_parser("wgan_gp.sample", __doc__)
    parser.add_argument(
        "--workdir", required=True, type=path, help="folder of a finished run"
    )
    parser.add_argument("--n", type=int, required=True, help="number of samples")
    parser.add_argument(
        "--out",
        type=path,
        help="an .npz file to write. Pictures have the key `images` (uint8) and are"
        " data for `npz:FILE`; vectors have the key `samples`; labels, where the"
        " generator takes them, `labels`. A PNG beside it shows the first 64 pictures",
    )
    parser.add_argument(
        "--png",
        type=path,
        help="a folder to write one PNG a picture to, named NUMBER.png, or"
        " NUMBER-LABEL.png",
    )
    parser.add_argument(
        "--label",
        help="name or number of a class: samples of this class alone. They come from"
        " batches of all classes, so that one of 10 classes takes 10 times as long",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the latents (default: 0)"
    )
    args = parse(parser, arguments)
    _check(args.n, args.seed)
    if args.out is None and args.png is None:
        raise ValueError("nothing to write: add --out FILE.npz or --png FOLDER")
    if args.out is not None and args.out.suffix != ".npz":
        raise ValueError(f"--out must end in .npz, got {args.out}")
    if args.out is not None and args.png == args.out.with_suffix(".png"):
        raise ValueError(
            f"--png {args.png} is where the grid beside --out goes: name another folder"
        )
    for flag in ("out", "png"):
        if (target := getattr(args, flag)) is not None:
            sample_files.check_creatable(target, f"--{flag}")
    return args


def _write(args: argparse.Namespace) -> str:
    """Writes what was asked for; returns a line that says what that is."""
    run = open_run(args.workdir)
    pictures = len(run.experiment.dataset.shape) == 3
    if args.png is not None and not pictures:
        raise ValueError(
            f"--png is for pictures: {args.workdir} holds a run on"
            f" {run.settings.data.name}; write an .npz file with --out"
        )
    spec, outputs = sample_spec(run, args.n), []
    if args.out is not None:
        outputs += _npz(args.out, spec, pictures)
    if args.png is not None:
        sample_files.check_disk_space(args.png, spec, "--png")
        folder = partial(sample_files.png_folder, spec=spec)
        outputs.append(Output(args.png, folder, f"{args.n} PNG files"))
    parts = draw(run, args.n, seed=args.seed, label=args.label)
    _fill(parts, outputs)
    return "; ".join(f"{each.path}: {each.text}" for each in outputs)


class Output(NamedTuple):
    """A file or folder to write."""

    path: Path
    open: Callable[[Path], AbstractContextManager[Write]]
    text: str  # what it holds


def _npz(out: Path, spec: SampleSpec, pictures: bool) -> list[Output]:
    """An .npz file, and beside it a picture of the first pictures."""
    sample_files.check_disk_space(out, spec, "--out")
    key = "images" if pictures else "samples"
    text = f"{key} {(spec.count, *spec.shape)}, {spec.dtype}"
    file = partial(sample_files.npz_file, key=key, spec=spec)
    if spec.labelled:
        text += f", labels ({spec.count},), int32"
    outputs = [Output(out, file, text)]
    if pictures:
        grid = out.with_suffix(".png")
        sample_files.check_creatable(grid, "--out")
        text = f"the first {min(spec.count, sample_files.GRID)} in a grid"
        outputs.append(Output(grid, sample_files.grid_file, text))
    return outputs


def _fill(parts: Iterable[SampleBatch], outputs: list[Output]) -> None:
    with DeferredSignals() as signals, ExitStack() as stack:
        writes = []
        for each in outputs:
            draft = stack.enter_context(sample_files.atomic_path(each.path))
            writes.append(stack.enter_context(each.open(draft)))
        for part in parts:
            for write in writes:
                write(part)
            signals.check()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
