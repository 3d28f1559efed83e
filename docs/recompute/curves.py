"""Frechet distance over generator updates, in docs/images.md."""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from wgan_gp.studies.evidence.common import markdown

_FOLDER = Path(__file__).parent.parent / "images"


class Curve(NamedTuple):
    """Runs of one configuration with S seeds."""

    updates: np.ndarray  # [T]
    frechet: np.ndarray  # [S, T]
    floors: np.ndarray  # [S], of real pictures
    ms: float | None  # an update, on two idle cores; None if it was not measured


@cache
def curves(name: str) -> dict[str, Curve]:
    """The runs of a record, by configuration."""
    path = _FOLDER / f"{name}_curves.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [*csv.DictReader(lines)]
    runs: dict[str, dict[str, list[dict[str, str]]]] = {}
    for row in rows:
        runs.setdefault(row["run"], {}).setdefault(row["seed"], []).append(row)
    return {run: _curve([*seeds.values()]) for run, seeds in runs.items()}


def _curve(seeds: list[list[dict[str, str]]]) -> Curve:
    (updates,) = {tuple(int(row["updates"]) for row in seed) for seed in seeds}
    (ms,) = {row["ms_an_update"] for seed in seeds for row in seed}
    return Curve(
        np.array(updates),
        np.array([[float(row["frechet"]) for row in seed] for seed in seeds]),
        np.array([float(seed[0]["floor_frechet"]) for seed in seeds]),
        float(ms) if ms else None,
    )


def table(name: str, columns: Sequence[int]) -> str:
    """Frechet distances: means and standard deviations of seeds.

    Args:
      name: of the record.
      columns: numbers of updates.
    """
    rows = []
    for run, curve in curves(name).items():
        row = {"": run, "seeds": str(len(curve.frechet))}
        for updates in columns:
            at = curve.frechet[:, curve.updates == updates]
            row[f"{updates:,}"] = _mean_and_deviation(at[:, 0]) if at.size else ""
        row["real pictures"] = _mean_and_deviation(curve.floors)
        row["ms an update (2 cores)"] = f"{curve.ms:.0f}" if curve.ms else ""
        rows.append(row)
    return markdown(rows)


def _mean_and_deviation(values: np.ndarray) -> str:
    deviation = f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else ""
    return f"{values.mean():.1f}{deviation}"


def figure(name: str) -> Figure:
    """Frechet distance over minutes of training on two idle cores."""
    drawn = Figure((6, 4), layout="constrained")
    axes = drawn.subplots()
    found = {run: curve for run, curve in curves(name).items() if curve.ms}
    for run, curve in found.items():
        assert curve.ms
        minutes = curve.updates * curve.ms / 60_000
        label = run.replace("`", "")
        (line,) = axes.plot(minutes, curve.frechet.mean(0), "o-", label=label)
        low, high = curve.frechet.min(0), curve.frechet.max(0)
        axes.fill_between(minutes, low, high, color=line.get_color(), alpha=0.2)
    floors = np.concatenate([curve.floors for curve in found.values()])
    low, high = floors.min(), floors.max()
    axes.axhspan(low, high, color="grey", alpha=0.4, label="real pictures")
    ticks = [2, 5, 10, 20, 50, 100]
    axes.set(
        xlabel="minutes of training", ylabel="Frechet distance", yscale="log", xlim=0
    )
    axes.set_yticks(ticks, list(map(str, ticks)))
    axes.minorticks_off()
    drawn.legend(loc="outside lower center", ncols=3)
    return drawn
