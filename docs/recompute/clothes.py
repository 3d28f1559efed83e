"""Runs on Fashion-MNIST in docs/images.md: Figure 2 in small, and quality over time."""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from wgan_gp.studies.evidence.common import markdown

_FOLDER = Path(__file__).parent.parent / "images"
RECORD = _FOLDER / "figure2_clothes.csv"
CURVES = _FOLDER / "fashion_mnist_curves.csv"
_METHODS = {
    "unconstrained": "GAN",
    "unconstrained lsgan": "LSGAN",
    "clip": "clipping",
    "two_sided": "WGAN-GP",
    "directional": "directional",
    "zero_centred": "relativistic, R1 and R2",
}
_OURS = ("two_sided", "directional")
_WITHOUT_PENALTY = ("unconstrained", "unconstrained lsgan", "clip")


@cache
def runs() -> dict[str, dict[str, dict[str, str]]]:
    """Rows of the record by architecture and method."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    with RECORD.open(encoding="utf-8", newline="") as lines:
        for run in csv.DictReader(lines):
            found.setdefault(run["architecture"], {})[run["method"]] = run
    return found


def number(architecture: str, method: str, name: str) -> float:
    """A number of a run; none diverged."""
    return float(runs()[architecture][method][name])


def column(method: str, name: str) -> np.ndarray:
    """A number of all architectures under a method."""
    return np.array([number(each, method, name) for each in runs()])


def table() -> str:
    """Frechet distances, a row for each architecture; the least of each in bold."""
    distances = {method: column(method, "frechet") for method in _METHODS}
    least = np.min([*distances.values()], axis=0)
    rows = []
    for i, architecture in enumerate(runs()):
        row = {"architecture": f"`{architecture}`"}
        for method, title in _METHODS.items():
            value = distances[method][i]
            row[title] = f"**{value:.0f}**" if value == least[i] else f"{value:.0f}"
        rows.append(row)
    return markdown(rows)


def sentences() -> Iterator[str]:
    """What the text says of the table."""
    assert not any(run["failure"] for each in runs().values() for run in each.values())
    distances = {method: column(method, "frechet") for method in _METHODS}
    least = np.min([*distances.values()], axis=0)
    wins = sum((distances[method] == least).sum() for method in _OURS)
    yield f"WGAN-GP or the directional penalty has the least in {wins} of {len(least)}"
    others = np.min([distances[method] for method in _WITHOUT_PENALTY], axis=0)
    assert (np.max([distances[method] for method in _OURS], axis=0) < others).all()
    floor = number("dcgan", "clip", "floor_frechet")
    yield f"real ones of the train split: {floor:.1f}"
    recall = {each: number(each, "two_sided", "recall") for each in runs()}
    varied = {recall.pop("dcgan"), recall.pop("gated")}
    assert len({f"{each:.2f}" for each in varied}) == 1
    yield (
        f"Recall under WGAN-GP is {max(varied):.2f} with `dcgan` and `gated`, at most"
        f" {max(recall.values()):.2f} with the others"
    )
    recalls = [column(method, "recall").max() for method in _WITHOUT_PENALTY]
    yield f"without a penalty it is at most {max(recalls):.2f}"
    times = [
        number("dcgan", each, "seconds") for each in ("two_sided", "unconstrained")
    ]
    yield f"`dcgan` took {times[0]:.0f} s under WGAN-GP and {times[1]:.0f} s as a GAN"


class Curve(NamedTuple):
    """Runs of one configuration with several seeds."""

    updates: np.ndarray  # [T]
    frechet: np.ndarray  # [S, T]
    ms: float  # an update


@cache
def curves() -> dict[str, Curve]:
    """Quality over time on Fashion-MNIST, by configuration."""
    with CURVES.open(encoding="utf-8", newline="") as lines:
        rows = [*csv.DictReader(lines)]
    found = {}
    for name in dict.fromkeys(row["run"] for row in rows):
        of_one = [row for row in rows if row["run"] == name]
        seeds = dict.fromkeys(row["seed"] for row in of_one)
        frechet = [
            [float(row["frechet"]) for row in of_one if row["seed"] == seed]
            for seed in seeds
        ]
        first = [row for row in of_one if row["seed"] == of_one[0]["seed"]]
        found[name] = Curve(
            np.array([int(row["updates"]) for row in first]),
            np.array(frechet),
            float(first[0]["ms_an_update"]),
        )
    return found


def floors() -> np.ndarray:
    """Frechet distances of real clothes, one for each seed."""
    with CURVES.open(encoding="utf-8", newline="") as lines:
        by_seed = {r["seed"]: float(r["floor_frechet"]) for r in csv.DictReader(lines)}
    return np.array([*by_seed.values()])


def curves_table() -> str:
    """Frechet distances over updates; means and standard deviations of seeds."""
    rows = []
    for name, curve in curves().items():
        row = {"": name, "seeds": len(curve.frechet)}
        for updates in (250, 500, 1000, 1500, 2000, 3000, 4000):
            at = curve.frechet[:, curve.updates == updates]
            row[f"{updates:,}"] = _mean_and_deviation(at[:, 0]) if at.size else ""
        rows.append(row | {"ms an update (2 cores)": f"{curve.ms:.0f}"})
    real = dict.fromkeys(rows[0], "") | {"": "real clothes", "seeds": len(floors())}
    return markdown([*rows, real | {"4,000": _mean_and_deviation(floors())}])


def _mean_and_deviation(values: np.ndarray) -> str:
    deviation = f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else ""
    return f"{values.mean():.1f}{deviation}"


def curves_figure() -> Figure:
    """Frechet distance over minutes of training on two idle cores."""
    drawn = Figure((6, 4), layout="constrained")
    axes = drawn.subplots()
    for name, curve in curves().items():
        minutes = curve.updates * curve.ms / 60_000
        (line,) = axes.plot(
            minutes, curve.frechet.mean(0), "o-", label=name.replace("`", "")
        )
        low, high = curve.frechet.min(0), curve.frechet.max(0)
        axes.fill_between(minutes, low, high, color=line.get_color(), alpha=0.2)
    low, high = floors().min(), floors().max()
    axes.axhspan(low, high, color="grey", alpha=0.4, label="real clothes")
    ticks = [2, 5, 10, 20, 50, 100]
    axes.set(
        xlabel="minutes of training", ylabel="Frechet distance", yscale="log", xlim=0
    )
    axes.set_yticks(ticks, list(map(str, ticks)))
    axes.minorticks_off()
    drawn.legend(loc="outside lower center", ncols=3)
    return drawn
