"""Estimates the Wasserstein-1 distance of two sets: `python -m wgan_gp.distance ...`.

REAL and FAKE are files of rows (.csv, .parquet, .npy, .npz), .npz files of pictures, or
folders of pictures. Prints between which numbers W1 lies, in the units of the samples:
a lower bound by a critic that is 1-Lipschitz for certain, and an upper bound by exact
assignment. docs/distance.md says what is guaranteed.
"""

import argparse
import json
import sys
from contextlib import ExitStack

import jax
import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from wgan_gp.data.reading import Reading, Samples
from wgan_gp.data.sample_sets import read_pair
from wgan_gp.evaluate.lower_bound import critic_gradients
from wgan_gp.evaluate.upper_bound import LEAST_SAMPLES, LEVEL, SUBSET, check_counts
from wgan_gp.runs import distance_figures, distance_report, sample_files
from wgan_gp.runs.network_estimate import CONES, CRITICS
from wgan_gp.runs.set_distance import (
    Distance,
    check_arguments,
    distance,
    standardised,
)
from wgan_gp.system.arguments import make_parser, parse, path, run_command

__all__ = ["Distance", "distance", "main"]


def main(argv: list[str]) -> int:
    """Runs the command.

    Args:
      argv: the program's name, then its arguments.

    Returns:
      The exit status: 0, 2 after an error, 128 plus its number after a signal.
    """
    return run_command(lambda: _compare(_parse(argv[1:])), "nothing was written")


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = make_parser("wgan_gp.distance", __doc__)
    for name, what in (
        ("real", "real samples: a file or a folder"),
        ("fake", "others"),
    ):
        parser.add_argument(name, type=path, metavar=name.upper(), help=what)
    parser.add_argument(
        "--columns", nargs="+", metavar="NAME", help="columns of rows; all if left out"
    )
    parser.add_argument(
        "--standardise",
        action="store_true",
        help="divide each column by its standard deviation in REAL, so that columns in"
        " different units count alike; W1 is then in standard deviations",
    )
    parser.add_argument(
        "--critic",
        default=CONES,
        choices=CRITICS,
        metavar="NAME",
        help=f"{CONES}: the bounds alone (default). Another constraint adds the"
        " estimate of a network critic that is trained under it, which is no bound:"
        f" {', '.join(CRITICS[1:])}",
    )
    parser.add_argument(
        "--rows",
        type=int,
        help="the most samples of each set; chosen at random, by default 10,000 of up"
        " to 52 entries, and fewer of more entries, at least 500",
    )
    parser.add_argument(
        "--subset",
        type=int,
        default=SUBSET,
        help="the most samples a side of one exact assignment; more make the upper"
        f" bound tighter and take time as their square (default: {SUBSET})",
    )
    parser.add_argument(
        "--json", type=path, help="a new file FILE.json for all numbers"
    )
    parser.add_argument(
        "--figure",
        type=path,
        help="a new file FILE.png: of rows, the columns that move most; of pictures,"
        " what would make generated ones more real",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of all that is random (default: 0)"
    )
    parser.add_argument(
        "--encoding", default="utf-8", help="of CSV files (default: utf-8)"
    )
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        metavar=("HEIGHT", "WIDTH"),
        help="crop and resize the pictures of folders to it",
    )
    parser.add_argument(
        "--channels",
        type=int,
        choices=(1, 3),
        help="read pictures in grey or in colour",
    )
    parser.add_argument(
        "--skip_corrupt",
        action="store_true",
        help="leave out pictures of folders that cannot be read",
    )
    args = parse(parser, arguments)
    check_arguments(args.critic, args.rows, args.subset, args.seed)
    for flag, suffix in (("json", ".json"), ("figure", ".png")):
        if (target := getattr(args, flag)) is not None:
            if target.suffix != suffix:
                raise ValueError(f"--{flag} must end in {suffix}, got {target}")
            sample_files.check_creatable(target, f"--{flag}")
    return args


def _compare(args: argparse.Namespace) -> str:
    """Computes, prints the table and writes the files; returns the last line."""
    names = Reading._fields
    given = {name: getattr(args, name) for name in names if name != "columns"}
    columns = None if args.columns is None else tuple(args.columns)
    size = None if args.size is None else tuple(args.size)
    how = Reading(**given | {"columns": columns, "size": size})
    sets = read_pair(args.real, args.fake, how)
    real, fake = _values(sets, args)
    check_counts(len(real), len(fake), args.subset)
    for note in dict.fromkeys((*sets[0].notes, *sets[1].notes, *_copies(sets))):
        print(note, file=sys.stderr)
    with _progress() as bar:
        task = bar.add_task("", total=2 + (args.critic != CONES) + bool(args.figure))

        def report(stage: str) -> None:
            begun = bool(bar.tasks[0].description)
            bar.update(task, description=stage, advance=int(begun))

        found = distance(
            real,
            fake,
            critic=args.critic,
            rows=max(len(real), len(fake)),
            subset=args.subset,
            seed=args.seed,
            report=report,
        )
        figure = None
        if args.figure is not None:
            report("figure")
            figure = _figure(sets, real, fake, found, args)
    units = distance_report.units(sets[0], standardised=args.standardise)
    Console().print(distance_report.table(found, sets, (args.real, args.fake), units))
    with ExitStack() as stack:  # both files or none
        if args.json is not None:
            draft = stack.enter_context(sample_files.atomic_path(args.json))
            record = distance_report.record(found, sets, args, units)
            draft.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
        if figure is not None and args.figure is not None:
            draft = stack.enter_context(sample_files.atomic_path(args.figure))
            figure.savefig(draft, dpi=120)
    low, high = found.bracket.interval
    sure = f"with {LEVEL:.0%} confidence".replace("%", " %")
    text = f"W1 is between {low:.4g} and {high:.4g} {units}, {sure}"
    written = [str(each) for each in (args.json, args.figure) if each is not None]
    return "\n".join([text, *written])


def _values(
    sets: tuple[Samples, Samples], args: argparse.Namespace
) -> tuple[np.ndarray, np.ndarray]:
    """The samples in the units of W1: pixels in [0, 1], columns as they are asked for.

    Raises:
      ValueError: columns cannot be standardised.
    """
    real, fake = (each.values for each in sets)
    if sets[0].columns is None:
        if args.standardise:
            raise ValueError("--standardise is for columns, and these are pictures")
        return real / 255, fake / 255
    if args.standardise:
        return standardised(real, fake, sets[0].columns)
    return real, fake


def _copies(sets: tuple[Samples, Samples]) -> list[str]:
    """A note on samples that are in both sets, or none."""
    real, fake = (list(map(bytes, each.values + 0)) for each in sets)  # -0.0 is 0.0
    known = set(real)
    count = sum(each in known for each in fake)
    if not count:
        return []
    return [
        f"{count:,} of {len(fake):,} samples of FAKE are in REAL, too: where that is no"
        " chance, the sets are not independent, and W1 looks smaller than it is"
    ]


def _progress() -> Progress:
    parts = (BarColumn(bar_width=24), TimeElapsedColumn())
    text = TextColumn("{task.description}")
    return Progress(*parts, text, console=Console(stderr=True), transient=True)


def _figure(
    sets: tuple[Samples, Samples],
    real: np.ndarray,
    fake: np.ndarray,
    found: Distance,
    args: argparse.Namespace,
) -> Figure:
    """Of rows, the columns that move most; of pictures, the critic's gradient."""
    draws = np.random.default_rng(args.seed)
    real, fake = draws.permutation(real), draws.permutation(fake)
    if sets[0].columns is not None:
        short = "standard deviations" if args.standardise else "own units"
        return distance_figures.columns_figure(sets[0].columns, real, fake, units=short)
    count = min(distance_figures.PICTURES, len(fake) - LEAST_SAMPLES // 2)
    examples, others = fake[:count], fake[count:]
    gradients = critic_gradients(real, others, examples, jax.random.key(args.seed))
    length = max(found.bracket.lower, 0.0)
    return distance_figures.pictures_figure(examples, gradients, length)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
