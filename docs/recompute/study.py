"""The study of four constraints in docs/results.md, from its table of runs."""

import csv
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.studies.evidence.common import markdown
from wgan_gp.studies.sweep.results import spread

RECORD = Path(__file__).parent.parent / "images" / "sweep_toy.csv"
_COLUMNS = {
    name: METRICS[name].short for name in ("w1", "modes", "share", "gradient_norm_mean")
} | {"modes": f"{METRICS['modes'].short} of 8"}
_WEIGHTS = ("0.1", "1", "10", "100")
_SYMBOLS = {"penalty.weight": "λ", "clip_bound": "c"}


@cache
def points() -> dict[tuple[str, str], list[dict[str, str]]]:
    """The runs of each constraint and strength, as text."""
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    with RECORD.open(encoding="utf-8", newline="") as lines:
        for run in csv.DictReader(lines):
            (field,) = (name for name in _SYMBOLS if run[name])
            strength = f"{_SYMBOLS[field]} = {float(run[field]):g}"
            found.setdefault((run["lipschitz"], strength), []).append(run)
    return found


def column(constraint: str, strength: str, name: str) -> np.ndarray:
    """A number of all runs of a point."""
    return np.array([float(run[name]) for run in points()[constraint, strength]])


def _w1(constraint: str, weight: str) -> float:
    return float(np.median(column(constraint, f"λ = {weight}", "w1")))


def table() -> str:
    """Medians, and least to greatest."""
    return markdown(
        [
            {"constraint": point[0], "strength": point[1]}
            | {title: spread(column(*point, name)) for name, title in _COLUMNS.items()}
            for point in points()
        ]
    )


def sentences() -> Iterator[str]:
    """What the text says of the study."""
    runs = [run for each in points().values() for run in each]
    yield f"trains {len(runs)} runs on eight Gaussians"
    floor = np.median([float(run["floor"]) for run in runs])
    yield f"what real samples score, {floor:.3f}"
    (seeds,) = {len(each) for each in points().values()}
    yield f"Medians of {seeds} seeds, least to greatest"
    assert all(run["diverged"] == "False" for run in runs)
    yield "No run diverged"
    worse = {
        name: [_w1(name, weight) / _w1("one_sided", "0.1") for weight in _WEIGHTS]
        for name in ("one_sided", "two_sided", "difference")
    }
    assert max(worse["one_sided"] + worse["difference"] + worse["two_sided"][:2]) < 1.1
    assert 1.1 < worse["two_sided"][2] < 2 < worse["two_sided"][3]
    yield (
        "one-sided and difference: λ = 0.1 to 100; two-sided: up to λ = 1, worse at"
        " λ = 10, failing at λ = 100"
    )
    norms = [
        np.median(column("two_sided", f"λ = {weight}", "gradient_norm_mean"))
        for weight in (10, 100)
    ]
    assert {f"{norm:.2f}" for norm in norms} == {"1.00"}
    yield "reaches a mean norm of 1.00 at λ = 10 and 100"
    ends = [
        np.median(column("clip", f"c = {c}", "gradient_norm_mean"))
        for c in ("0.003", "0.1")
    ]
    decades = round(math.log10(ends[1] / ends[0]))
    assert decades == 6
    yield "its gradients span six decades from c = 0.003 to c = 0.1"
