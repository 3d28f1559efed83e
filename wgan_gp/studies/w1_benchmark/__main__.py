"""Runs a grid of the W1 benchmark: `python -m wgan_gp.studies.w1_benchmark --out DIR`.

Each cell writes a record when it is solved, and a cell with a complete record of the
same settings is skipped. An interrupted grid resumes, a larger --seeds adds seeds to
existing records, and processes with different cells may use the same folder. Several
hosts share the cells of one grid.
"""

import sys
from collections.abc import Sequence
from functools import partial

from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data.pairs import FAMILIES, PUBLISHED_PAIR, Family
from wgan_gp.devices.hosts import HostRank
from wgan_gp.evaluate import published
from wgan_gp.studies.running import Study, add_host_flags, host_rank, run_command
from wgan_gp.studies.w1_benchmark import table
from wgan_gp.studies.w1_benchmark.recipes import (
    ABLATIONS,
    RECIPES,
    constraints_of,
)
from wgan_gp.studies.w1_benchmark.study import changes_nothing, make_cell, study
from wgan_gp.system import arguments


def main(argv: list[str]) -> int:
    """Runs the command.

    Args:
      argv: the program's name, then its arguments.

    Returns:
      The exit status, as in `running.run_command`.
    """
    return run_command(partial(_start, argv[1:]))


def _start(argv: list[str]) -> tuple[Study, HostRank | None]:
    args = arguments.parse(_parser(), argv)
    if args.seeds < 1:
        raise ValueError(f"--seeds must be at least 1, got {args.seeds}")
    if args.table:
        table.check_page(args.table)
    family = FAMILIES[args.family]
    pair = {name: getattr(args, name) for name in PUBLISHED_PAIR}
    kinds = [
        (recipe, lipschitz)
        for recipe in args.recipes
        for lipschitz in constraints_of(recipe, args.lipschitz)
    ]
    cells = [
        make_cell(recipe, lipschitz, dimension, funnels, seeds=args.seeds, pair=pair)
        for recipe, lipschitz in dict.fromkeys(kinds)
        for dimension in dict.fromkeys(args.dims or family.dimensions)
        for funnels in dict.fromkeys(args.funnels or _numbers(family))
    ]
    kept = [cell for cell in cells if not changes_nothing(cell)]
    for cell in cells:
        if cell not in kept:
            print(f"{cell.name} is left out: the recipe is the same as tuned there")
    if not kept:
        raise ValueError(
            "no cell is left: choose other --recipes, --lipschitz or --dims"
        )
    return study(kept, args.out, args.table), host_rank(args)


def _numbers(family: Family) -> Sequence[int]:
    """Numbers of funnels that a family's pairs have by default."""
    return published.FUNNELS if family.has_funnels else (1,)


def _parser():
    parser = arguments.make_parser("wgan_gp.studies.w1_benchmark", __doc__)
    add = parser.add_argument
    add(
        "--out", type=arguments.path, required=True, help="folder of the cells' records"
    )
    add("--table", type=arguments.path, help="page whose tables are replaced")
    add(
        "--recipes",
        nargs="*",
        default=["tuned"],
        choices=RECIPES,
        metavar="NAME",
        help="how critics are trained: tuned is this project's recipe for any"
        " constraint, cones and orthogonal those of maxima of cones and of orthogonal"
        " weights, dcgan that of a convolutional critic for pictures, published that of"
        " Korotin et al. 2022, smoke takes seconds; tuned with one part put back to"
        f" what is usual: {', '.join(ABLATIONS)} (default: tuned)",
    )
    arguments.add_lipschitz(parser, CONSTRAINTS, default="that of the recipe")
    parser.set_defaults(lipschitz=None)
    add(
        "--dims",
        nargs="*",
        type=int,
        metavar="D",
        help="dimensions of the samples (default: 2 4 8 16; 1024 of pictures)",
    )
    add(
        "--funnels",
        nargs="*",
        type=int,
        metavar="N",
        help="numbers of funnels (default:"
        f" {' '.join(map(str, published.FUNNELS))}; 1 in families without funnels)",
    )
    add(
        "--family",
        default=PUBLISHED_PAIR["family"],
        choices=FAMILIES,
        help="of pairs of known W1: funnels as published (the default), smooth ones,"
        " or funnels among pictures, whose dimension is the number of pixels",
    )
    add(
        "--subspace",
        type=int,
        default=PUBLISHED_PAIR["subspace"],
        metavar="K",
        help="dimensions of the subspaces that funnels surround; 0 is points, as"
        " published (default: 0)",
    )
    add(
        "--norm",
        type=float,
        default=PUBLISHED_PAIR["norm"],
        metavar="P",
        help="p of the norm l_p that distances are measured in (default: 2)",
    )
    add(
        "--pair-seed",
        dest="seed",
        type=int,
        default=PUBLISHED_PAIR["seed"],
        metavar="SEED",
        help="of the pair's centres or directions; the default is the published pairs'"
        " own",
    )
    add(
        "--seeds",
        type=int,
        default=1,
        metavar="S",
        help="critics of each cell; those that are missing are trained (default: 1)",
    )
    add_host_flags(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv))
