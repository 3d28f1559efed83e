"""Draws samples from a trained generator: `python -m wgan_gp.sample --workdir DIR ...`.

The data that the run was trained on need not be there.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wgan_gp.runs import sample_files, sequence_samples, table_samples
from wgan_gp.runs.draws import SampleBatch
from wgan_gp.runs.sample_files import SampleSpec, Write
from wgan_gp.runs.sampling import (
    FinishedRun,
    check_request,
    count_of,
    draw,
    given_entries,
    open_run,
    sample,
    sample_spec,
)
from wgan_gp.system.arguments import make_parser, parse, path, run_command
from wgan_gp.system.files import writing
from wgan_gp.system.signals import DeferredSignals

__all__ = ["FinishedRun", "draw", "main", "open_run", "sample"]


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    return run_command(lambda: _write(_parse(argv[1:])), "no file was written")


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = make_parser("wgan_gp.sample", __doc__)
    parser.add_argument(
        "--workdir", required=True, type=path, help="folder of a finished run"
    )
    parser.add_argument(
        "--n", type=int, help="number of samples; with --given, one a row if left out"
    )
    parser.add_argument(
        "--out",
        type=path,
        help="a file to write. Pictures: .npz with the key `images` (uint8), which is"
        " data for `npz:FILE`; a PNG beside it shows the first 64. Vectors: .csv or"
        " .parquet with the data's columns in its units, or .npz with the keys"
        " `samples` and `columns`. Series: .npz with the key `samples`. Text: .txt, a"
        " line a sample. Labels, where the generator takes them, are the"
        " column of that name, or the key `labels`; other conditions of pictures and"
        " series are the key `given`",
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
        "--given",
        type=path,
        help="a .csv, .parquet or .npz file with the conditions that the generator is"
        " told: a sample for each row, in order. With --n, rows are repeated, or the"
        " first are taken. Without it, conditions of training samples are drawn",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the latents (default: 0)"
    )
    args = parse(parser, arguments)
    if args.n is None and args.given is None:
        parser.error("the following arguments are required: --n")
    check_request(args.n, args.seed, args.given)
    if args.out is None and args.png is None:
        raise ValueError("nothing to write: add --out FILE.npz or --png FOLDER")
    suffixes = *table_samples.FILES, ".txt"
    if args.out is not None and args.out.suffix not in suffixes:
        raise ValueError(f"--out must end in {' or '.join(suffixes)}, got {args.out}")
    if args.out is not None and args.png is not None:
        _check_apart(args.out, args.png)
    for flag in ("out", "png"):
        if (target := getattr(args, flag)) is not None:
            sample_files.check_creatable(target, f"--{flag}")
    return args


def _check_apart(out: Path, png: Path) -> None:
    """Refuses a file, or its grid, and a folder of which one is the other, or in it."""
    file, folder = out.resolve(), png.resolve()
    grid = file.with_suffix(".png")
    if folder == grid:
        raise ValueError(
            f"--png {png} is where the grid beside --out goes: name another folder"
        )
    for each in (file, grid):
        if folder.is_relative_to(each) or each.is_relative_to(folder):
            raise ValueError(
                f"--out {out} and --png {png}: one is within the other, and a folder"
                " must be new: name two apart"
            )


def _write(args: argparse.Namespace) -> str:
    """Writes what was asked for; returns a line that says what that is."""
    run = open_run(args.workdir)
    pictures = run.experiment.dataset.kind == "images"
    if args.png is not None and not pictures:
        raise ValueError(
            f"--png is for pictures: {args.workdir} holds a run on"
            f" {run.settings.data.name}; write an .npz file with --out"
        )
    told = given_entries(run, args.given)
    count = count_of(args.n, told)
    spec, outputs = sample_spec(run, count), []
    if args.out is not None:
        outputs += _BY_KIND[run.experiment.dataset.kind](args.out, spec, run)
    if args.png is not None:
        sample_files.check_disk_space(args.png, spec, "--png")
        folder = partial(sample_files.png_folder, spec=spec)
        outputs.append(Output(args.png, folder, f"{count} PNG files"))
    parts = draw(run, count, seed=args.seed, label=args.label, given=told)
    _fill(parts, outputs)
    return "; ".join(f"{each.path}: {each.text}" for each in outputs)


class Output(NamedTuple):
    """A file or folder to write."""

    path: Path
    open: Callable[[Path], AbstractContextManager[Write]]
    text: str  # what it holds


def _pictures(out: Path, spec: SampleSpec, run: FinishedRun) -> list[Output]:
    """An .npz file, and beside it a picture of the first pictures."""
    if out.suffix != ".npz":
        raise ValueError(
            f"--out must end in .npz for pictures, such as {run.settings.data.name}'s,"
            f" got {out}"
        )
    sample_files.check_disk_space(out, spec, "--out")
    file = partial(sample_files.npz_file, key="images", spec=spec)
    grid = out.with_suffix(".png")
    sample_files.check_creatable(grid, "--out")
    text = f"the first {min(spec.count, sample_files.GRID)} in a grid"
    return [
        Output(out, file, _described("images", spec)),
        Output(grid, sample_files.grid_file, text),
    ]


def _vectors(out: Path, spec: SampleSpec, run: FinishedRun) -> list[Output]:
    """A table, or arrays of it."""
    dataset, text = run.experiment.dataset, f"{spec.count:,} rows"
    _check_suffix(out, tuple(table_samples.FILES), run)
    if out.suffix == ".npz":
        if dataset.columns is not None:
            shape = (len(table_samples.array_columns(dataset.columns)),)
            spec = spec._replace(shape=shape, dtype=np.dtype(np.float64))
        text = _described("samples", spec)
    sample_files.check_disk_space(out, spec, "--out")
    return [Output(out, table_samples.opener(out.suffix, dataset, spec), text)]


def _sequences(out: Path, spec: SampleSpec, run: FinishedRun) -> list[Output]:
    """Lines of text, or an array of series."""
    dataset = run.experiment.dataset
    if dataset.characters is not None:
        _check_suffix(out, (".txt",), run)
        file = partial(sequence_samples.text_file, dataset=dataset)
        return [Output(out, file, f"{spec.count:,} lines")]
    _check_suffix(out, (".npz",), run)
    if dataset.columns is not None:
        spec = spec._replace(dtype=np.dtype(np.float64))
    sample_files.check_disk_space(out, spec, "--out")
    file = partial(sequence_samples.series_file, dataset=dataset, spec=spec)
    return [Output(out, file, _described("samples", spec))]


_BY_KIND: dict[str, Callable[[Path, SampleSpec, FinishedRun], list[Output]]] = {
    "images": _pictures,
    "vectors": _vectors,
    "sequences": _sequences,
}


def _check_suffix(out: Path, known: tuple[str, ...], run: FinishedRun) -> None:
    if out.suffix not in known:
        raise ValueError(
            f"--out of a run on {run.settings.data.name} must end in"
            f" {' or '.join(known)}, got {out}"
        )


def _described(key: str, spec: SampleSpec) -> str:
    text = f"{key} {(spec.count, *spec.shape)}, {spec.dtype}"
    if spec.given:
        text += f", given {(spec.count, len(spec.given))}, float64"
    return text + (f", labels ({spec.count},), int32" if spec.labelled else "")


def _fill(parts: Iterable[SampleBatch], outputs: list[Output]) -> None:
    with DeferredSignals() as signals, ExitStack() as stack:
        # All files are closed, and so complete, before the first gets its name.
        paths = [sample_files.atomic_path(each.path) for each in outputs]
        drafts = [stack.enter_context(each) for each in paths]
        writes = []
        for each, draft in zip(outputs, drafts):
            stack.enter_context(writing(each.path))
            writes.append(stack.enter_context(each.open(draft)))
        for part in parts:
            for each, write in zip(outputs, writes):
                with writing(each.path):
                    write(part)
            signals.check()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
