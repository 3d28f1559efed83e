"""Draws the pictures of docs/images again, from stored records and tables of runs."""

import csv
import runpy
from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from docs.recompute import curves
from docs.recompute.constraints import FOLDER
from wgan_gp.runs.drawing import save_figure
from wgan_gp.studies import sweep
from wgan_gp.studies.evidence.study import CLAIMS, redraw
from wgan_gp.studies.sweep import figure, ranking, results
from wgan_gp.studies.sweep.chunks import Result

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
METRIC = "w1"


def draw() -> Iterator[Path]:
    """Draws the pictures; yields the path of each that is written."""
    found, runs = stored("sweep_toy")
    title = "Four constraints on eight Gaussians, 8 seeds"
    yield _save("sweep_toy", figure.draw(results.summarise(found, runs), title=title))
    best = ranking.best_points(*stored("sweep_constraints"), METRIC)
    title = "Each constraint at its best strength, 8 seeds"
    yield _save("sweep_constraints", ranking.draw(best, METRIC, title=title))
    yield _save("fashion_mnist_curves", curves.figure("fashion_mnist"))
    yield from redraw(CLAIMS, FOLDER / "evidence")


def _save(name: str, drawn: Figure) -> Path:
    path = FOLDER / f"{name}.png"
    save_figure(path, drawn)
    return path


def stored(name: str) -> tuple[sweep.Sweep, list[Result]]:
    """A sweep of `experiments/`, and the results that its table of runs has.

    Raises:
      ValueError: the table is not that of the sweep.
    """
    found = sweep.resolve(
        runpy.run_path(str(EXPERIMENTS / f"{name}.py"))["get_config"]()
    )
    path = FOLDER / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        table = list(csv.DictReader(lines))
    expected = [(found.points[run.point].study, str(run.seed)) for run in found.runs]
    if [(row["study"], row["seed"]) for row in table] != expected:
        raise ValueError(f"{path} has other runs than experiments/{name}.py")
    return found, [
        Result(run, {} if row["diverged"] == "True" else _metrics(row))
        for run, row in zip(found.runs, table)
    ]


def _metrics(row: dict[str, str]) -> dict[str, float]:
    """The numbers that a run's evaluation has: those of the table's last columns."""
    names = list(row)
    scalars = names[names.index("seed") + 1 : names.index("diverged")]
    return {name: float(row[name]) for name in scalars if row[name]}
