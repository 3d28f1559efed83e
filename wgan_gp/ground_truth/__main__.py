"""Runs a grid of the W1 benchmark: `python -m wgan_gp.ground_truth --out DIR ...`.

Each cell's numbers go to a file of their own as soon as they are there, and a cell
that has one with the same settings is not run again: an interrupted grid goes on where
it stopped, and processes with different cells may write to one folder.
"""

import argparse
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

from wgan_gp import configs
from wgan_gp.evaluate.truth import Truth
from wgan_gp.ground_truth import published, table
from wgan_gp.ground_truth.cells import solve_cells
from wgan_gp.ground_truth.recipes import RECIPES, cell_config
from wgan_gp.writers import write_json


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m wgan_gp.ground_truth")
    parser.add_argument("--out", type=Path, required=True, help="folder of the cells")
    parser.add_argument("--table", type=Path, help="page whose tables are replaced")
    parser.add_argument("--recipes", nargs="*", default=["tuned"], choices=RECIPES)
    parser.add_argument(
        "--lipschitz", nargs="*", default=["one_sided"], choices=configs.PRESETS
    )
    parser.add_argument("--dims", nargs="*", type=int, default=[2, 4, 8, 16])
    parser.add_argument("--funnels", nargs="*", type=int, default=published.FUNNELS)
    parser.add_argument("--seeds", type=int, default=1)
    args = parser.parse_args(argv[1:])
    axes = map(dict.fromkeys, (args.recipes, args.lipschitz, args.dims, args.funnels))
    cells = itertools.product(*axes)
    try:
        if args.seeds < 1:
            raise ValueError(f"--seeds must be at least 1, got {args.seeds}")
        if args.table:
            table.check_page(args.table)
        todo = [_cell(*cell, seeds=args.seeds) for cell in cells]
        args.out.mkdir(parents=True, exist_ok=True)
        table.read_records(args.out)
        todo = [cell for cell in todo if not _is_done(args.out, cell)]
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        _run(todo, args.out)
        if args.table:
            table.write_page(args.table, args.out)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _run(todo: list[dict[str, Any]], out: Path) -> None:
    """Solves and records cells; FloatingPointError for one that diverged."""
    for group in _together(todo):
        for cell, record in zip(group, _solve(group)):
            numbers = [record[name] for name in Truth._fields]
            if not np.isfinite(numbers).all():
                raise FloatingPointError(
                    f"a critic of {_path(out, cell).stem} has diverged: no record of"
                    " it is kept"
                )
            write_json(_path(out, cell), record)
            print(table.one_line(record), flush=True)


def _cell(recipe: str, lipschitz: str, dimension: int, funnels: int, *, seeds: int):
    config = _resolved(recipe, lipschitz, dimension, funnels)
    return {"recipe": recipe, "seeds": seeds, "config": json.loads(config.to_json())}


def _resolved(recipe: str, lipschitz: str, dimension: int, funnels: int):
    config = cell_config(dimension, funnels, recipe)
    config.lipschitz = lipschitz
    return configs.resolve(config)


def _path(out: Path, cell: dict[str, Any]) -> Path:
    config = cell["config"]
    return out / f"{config['name']}-{cell['recipe']}-{config['lipschitz']}.json"


def _is_done(out: Path, cell: dict[str, Any]) -> bool:
    """Whether the folder has this cell, with these settings.

    Raises:
      ValueError: it has the cell with others.
    """
    path = _path(out, cell)
    if not path.exists():
        return False
    found = table.read_record(path)
    if {name: found[name] for name in cell} != cell:
        raise ValueError(
            f"{path} was made with other settings: move it away, or use another --out"
        )
    return True


def _together(cells: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Cells that one program solves: on accelerators all of one shape.

    On a CPU a program for each cell is faster: together, all are padded to the most
    funnels, and at batch 1,024 nothing is gained by it (`benchmarks/README.md`).
    """
    if jax.default_backend() == "cpu":
        return [[cell] for cell in cells]

    def shape(cell):
        config = cell["config"]
        data = {k: v for k, v in config["data"].items() if k != "funnels"}
        return json.dumps([cell["recipe"], config | {"data": data, "name": ""}])

    ordered = sorted(cells, key=shape)
    return [list(group) for _, group in itertools.groupby(ordered, key=shape)]


def _solve(group: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cells' records: settings, and numbers `[S]` for the seeds."""
    first, started = group[0], time.monotonic()
    lipschitz, data = first["config"]["lipschitz"], first["config"]["data"]
    size = data["dimension"], data["funnels"]
    config = _resolved(first["recipe"], lipschitz, *size)
    funnels = tuple(cell["config"]["data"]["funnels"] for cell in group)
    truth = solve_cells(config, funnels, first["seeds"])
    seconds = (time.monotonic() - started) / len(group) / first["seeds"]
    return [
        cell
        | {"seconds": round(seconds, 1)}
        | {name: values[i].tolist() for name, values in truth._asdict().items()}
        for i, cell in enumerate(group)
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv))
