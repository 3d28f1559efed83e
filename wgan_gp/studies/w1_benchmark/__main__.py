"""Runs a grid of the W1 benchmark: `python -m wgan_gp.studies.w1_benchmark --out DIR`.

Each cell's numbers go to a file of their own as soon as they are there, and a cell
that has one with the same settings is not run again: an interrupted grid goes on where
it stopped, one asked for more seeds adds them, and processes with different cells may
write to one folder.
"""

import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

from wgan_gp import configs
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.evaluate import published
from wgan_gp.evaluate.truth import Truth
from wgan_gp.studies.w1_benchmark import table
from wgan_gp.studies.w1_benchmark.cells import solve_cells
from wgan_gp.studies.w1_benchmark.recipes import ABLATIONS, RECIPES, cell_config
from wgan_gp.system import arguments, failures
from wgan_gp.system.files import write_json
from wgan_gp.system.platforms import refuse_windows


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    refuse_windows()
    try:
        args = arguments.parse(_parser(), argv[1:])
        if args.seeds < 1:
            raise ValueError(f"--seeds must be at least 1, got {args.seeds}")
        if args.table:
            table.check_page(args.table)
        axes = args.recipes, args.lipschitz, args.dims, args.funnels
        cells = itertools.product(*map(dict.fromkeys, axes))
        todo = [_cell(*cell, seeds=args.seeds) for cell in cells]
        args.out.mkdir(parents=True, exist_ok=True)
        table.read_records(args.out)
        todo = [cell for cell in todo if _seeds_done(args.out, cell) < args.seeds]
    except failures.EXPECTED as error:
        return failures.report(error, 2)
    try:
        _run(todo, args.out)
        if args.table:
            table.write_page(args.table, args.out)
    except failures.EXPECTED as error:
        return failures.report(error, 1)
    return 0


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
        help="how critics are trained: tuned is this project's recipe, published that"
        " of Korotin et al. 2022, smoke takes seconds; tuned with one part put back to"
        f" what is usual: {', '.join(ABLATIONS)} (default: tuned)",
    )
    arguments.add_lipschitz(parser, CONSTRAINTS, default="one_sided")
    add(
        "--dims",
        nargs="*",
        type=int,
        default=[2, 4, 8, 16],
        metavar="D",
        help="dimensions of the samples (default: 2 4 8 16)",
    )
    add(
        "--funnels",
        nargs="*",
        type=int,
        default=published.FUNNELS,
        metavar="N",
        help=f"numbers of funnels (default: {' '.join(map(str, published.FUNNELS))})",
    )
    add(
        "--seeds",
        type=int,
        default=1,
        metavar="S",
        help="critics of each cell; those that are missing are trained (default: 1)",
    )
    return parser


def _run(todo: list[dict[str, Any]], out: Path) -> None:
    """Solves and records cells; FloatingPointError for one that diverged."""
    for group in _together(todo, out):
        first = _seeds_done(out, group[0])
        for cell, record in zip(group, _solve(group, first)):
            numbers = [record[name] for name in Truth._fields]
            if not np.isfinite(numbers).all():
                raise FloatingPointError(
                    f"a critic of {_path(out, cell).stem} has diverged: no record of"
                    " it is kept"
                )
            record = table.joined(_found(out, cell), record)
            write_json(_path(out, cell), record)
            print(table.one_line(record), flush=True)


# What shapes a critic and its numbers; names and logging intervals do not.
_SHAPING = (
    *("lipschitz", "steps", "batch_size", "critic", "critic_optimiser"),
    *("penalty", "clip_bound", "data", "eval_samples"),
)


def _cell(recipe: str, lipschitz: str, dimension: int, funnels: int, *, seeds: int):
    config = _resolved(recipe, lipschitz, dimension, funnels)
    return {"recipe": recipe, "seeds": seeds, "config": _shaping(config)}


def _shaping(config: Any) -> dict[str, Any]:
    fields = json.loads(json.dumps(configs.as_dict(config)))
    return {name: fields[name] for name in _SHAPING}


def _resolved(recipe: str, lipschitz: str, dimension: int, funnels: int):
    config = cell_config(dimension, funnels, recipe)
    config.lipschitz = lipschitz
    return configs.resolve(config)


def _path(out: Path, cell: dict[str, Any]) -> Path:
    data, lipschitz = cell["config"]["data"], cell["config"]["lipschitz"]
    size = f"dim{data['dimension']}-funnels{data['funnels']}"
    return out / f"{size}-{cell['recipe']}-{lipschitz}.json"


def _found(out: Path, cell: dict[str, Any]) -> dict[str, Any] | None:
    """The folder's record of this cell, if any; ValueError for other settings."""
    path = _path(out, cell)
    if not path.exists():
        return None
    found = table.read_record(path)
    whole = {"name": path.stem, "task": "critic", "seed": 0} | found["config"]
    try:
        before = _shaping(configs.resolve_stored(whole))
    except ValueError:  # no configuration of this version
        before = None
    if (found["recipe"], before) != (cell["recipe"], cell["config"]):
        raise ValueError(
            f"{path} was made with other settings: move it away, or use another --out"
        )
    return found


def _seeds_done(out: Path, cell: dict[str, Any]) -> int:
    found = _found(out, cell)
    return 0 if found is None else found["seeds"]


def _together(cells: list[dict[str, Any]], out: Path) -> list[list[dict[str, Any]]]:
    """Cells that one program solves: on accelerators all of one shape.

    On a CPU a program for each cell is faster: together, all are padded to the most
    funnels, and at batch 1,024 nothing is gained by it (`benchmarks/README.md`).
    """
    if jax.default_backend() == "cpu":
        return [[cell] for cell in cells]

    def shape(cell):
        config = cell["config"]
        data = {k: v for k, v in config["data"].items() if k != "funnels"}
        parts = [cell["recipe"], config | {"data": data}, _seeds_done(out, cell)]
        return json.dumps(parts)

    ordered = sorted(cells, key=shape)
    return [list(group) for _, group in itertools.groupby(ordered, key=shape)]


def _solve(group: list[dict[str, Any]], start: int) -> list[dict[str, Any]]:
    """The cells' records: settings, and numbers for the seeds from `start` on."""
    first, started = group[0], time.monotonic()
    lipschitz, data = first["config"]["lipschitz"], first["config"]["data"]
    size = data["dimension"], data["funnels"]
    config = _resolved(first["recipe"], lipschitz, *size)
    funnels = tuple(cell["config"]["data"]["funnels"] for cell in group)
    seeds = range(start, first["seeds"])
    truth = solve_cells(config, funnels, seeds)
    seconds = (time.monotonic() - started) / len(group) / len(seeds)
    return [
        cell
        | {"seeds": len(seeds)}
        | {"seconds": round(seconds, 1)}
        | {name: values[i].tolist() for name, values in truth._asdict().items()}
        for i, cell in enumerate(group)
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv))
