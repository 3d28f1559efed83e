"""A grid of the benchmark as a `Study`: each cell has a record."""

import itertools
import json
import math
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax

from wgan_gp import configs
from wgan_gp.data.pairs import PUBLISHED_PAIR, unpublished
from wgan_gp.studies.running import Program, Records, Save, Study, check_settings
from wgan_gp.studies.w1_benchmark import table
from wgan_gp.studies.w1_benchmark.cells import solve_cells
from wgan_gp.studies.w1_benchmark.recipes import ABLATIONS, cell_config

# The settings that affect a critic and its metrics, unlike names and intervals.
_SHAPING = (
    *("lipschitz", "steps", "batch_size", "critic", "critic_optimiser"),
    *("penalty", "construction", "clip_bound", "data", "eval_samples"),
)


class Cell(NamedTuple):
    """A cell under a constraint, and the number of critics to train for it."""

    recipe: str
    lipschitz: str
    dimension: int
    funnels: int
    seeds: int
    settings: dict[str, Any]  # the fields of `_SHAPING`

    @property
    def name(self) -> str:
        """The name of its record."""
        other = unpublished(self.settings["data"]).items()
        size = f"dim{self.dimension}-funnels{self.funnels}"
        size += "".join(f"-{field}{value}" for field, value in other)
        return f"{size}-{self.recipe}-{self.lipschitz}"


def make_cell(
    recipe: str,
    lipschitz: str,
    dimension: int,
    funnels: int,
    *,
    seeds: int,
    pair: Mapping[str, Any] = PUBLISHED_PAIR,
) -> Cell:
    """A cell to be solved.

    Args:
      recipe: a key of `RECIPES`.
      lipschitz: the name of a constraint.
      dimension: D.
      funnels: N.
      seeds: the number of critics.
      pair: `data.family`, `data.seed`, `data.subspace` and `data.norm`.

    Raises:
      ValueError: the recipe, the dimension, the number of funnels or the pair is not
        valid.
    """
    settings = _shaping(_resolved(recipe, lipschitz, dimension, funnels, pair))
    return Cell(recipe, lipschitz, dimension, funnels, seeds, settings)


def changes_nothing(cell: Cell) -> bool:
    """Whether a cell is of an ablation whose part its critic does not have.

    Such a part are waves in more than 8 dimensions, or the points of one constraint's
    penalty under another.
    """
    if cell.recipe not in ABLATIONS:
        return False
    pair = {name: cell.settings["data"][name] for name in PUBLISHED_PAIR}
    whole = _resolved("tuned", cell.lipschitz, cell.dimension, cell.funnels, pair)
    return _shaping(whole) == cell.settings


def study(cells: list[Cell], out: Path, page: Path | None = None) -> Study:
    """The study that solves cells.

    Args:
      cells: from `make_cell`.
      out: the folder of their records.
      page: a Markdown page whose tables are replaced at the end.
    """
    by_name = {cell.name: cell for cell in cells}

    def tables(records: Records) -> None:
        if page is not None:
            table.write_page(page, list(records.values()))

    return Study(
        noun="cells",
        folder=out,
        records=out,
        programs=[_program(group) for group in _together(cells)],
        read_record=table.read_record,
        is_complete=lambda name, record: is_complete(out, by_name[name], record),
        make_tables=tables,
    )


def is_complete(out: Path, cell: Cell, record: dict[str, Any]) -> bool:
    """Whether a record has a critic for each seed of its cell.

    Args:
      out: as in `study`.
      cell: with the settings that the record must have.
      record: of the cell.

    Raises:
      ValueError: it was made with other settings.
    """
    whole = {"name": cell.name, "task": "critic", "seed": 0} | record["config"]

    def stored() -> dict[str, Any]:
        return {"recipe": record["recipe"]} | _shaping(configs.resolve_stored(whole))

    now = {"recipe": cell.recipe} | cell.settings
    check_settings(out / f"{cell.name}.json", stored, now)
    return record["seeds"] >= cell.seeds


def _program(group: list[Cell]) -> Program:
    return Program(tuple(cell.name for cell in group), partial(_run, group))


def _run(group: list[Cell], found: Records, save: Save) -> None:
    """Solves cells and records them."""

    def seeds_done(cell: Cell) -> int:
        record = found[cell.name]
        return 0 if record is None else record["seeds"]

    todo = [cell for cell in group if seeds_done(cell) < cell.seeds]
    for first, cells in itertools.groupby(sorted(todo, key=seeds_done), key=seeds_done):
        for cell, record in _solve(list(cells), first):
            whole = table.merge_records(found[cell.name], record)
            save(cell.name, whole)
            print(table.one_line(whole), flush=True)


def _solve(cells: list[Cell], start: int) -> Iterator[tuple[Cell, dict[str, Any]]]:
    """Solves cells; yields each with a record of the seeds from `start` on.

    Numbers of a critic that diverged, which are not finite, are None.
    """
    first, started = cells[0], time.monotonic()
    pair = {name: first.settings["data"][name] for name in PUBLISHED_PAIR}
    settings = _resolved(
        first.recipe, first.lipschitz, first.dimension, first.funnels, pair
    )
    seeds = range(start, first.seeds)
    truth = solve_cells(settings, tuple(cell.funnels for cell in cells), seeds)
    seconds = (time.monotonic() - started) / len(cells) / len(seeds)
    for i, cell in enumerate(cells):
        numbers = {
            name: [
                value if math.isfinite(value) else None for value in values[i].tolist()
            ]
            for name, values in truth._asdict().items()
        }
        made_with = {
            "recipe": cell.recipe,
            "seeds": len(seeds),
            "config": cell.settings,
        }
        yield cell, made_with | {"seconds": round(seconds, 1)} | numbers


def _together(cells: list[Cell]) -> list[list[Cell]]:
    """Groups the cells that one program solves: on accelerators all of one shape.

    On a CPU each cell has its own program, which is faster: cells that share one are
    padded to the largest number of funnels (`benchmarks/README.md`).
    """
    if jax.default_backend() == "cpu":
        return [[cell] for cell in cells]

    def shape(cell: Cell) -> str:
        data = {k: v for k, v in cell.settings["data"].items() if k != "funnels"}
        return json.dumps([cell.recipe, cell.settings | {"data": data}])

    ordered = sorted(cells, key=shape)
    return [list(group) for _, group in itertools.groupby(ordered, key=shape)]


def _shaping(settings: configs.CriticSettings) -> dict[str, Any]:
    fields = json.loads(json.dumps(configs.as_dict(settings)))
    return {name: fields[name] for name in _SHAPING}


def _resolved(
    recipe: str,
    lipschitz: str,
    dimension: int,
    funnels: int,
    pair: Mapping[str, Any],
) -> configs.CriticSettings:
    config = cell_config(dimension, funnels, recipe, family=str(pair["family"]))
    config.lipschitz = lipschitz
    config.data.update(pair)
    return configs.resolve(config)
