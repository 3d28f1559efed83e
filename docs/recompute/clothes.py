"""Figure 2 of Gulrajani et al. 2017 in small, in docs/images.md, from its runs."""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from wgan_gp.studies.evidence.common import markdown

RECORD = Path(__file__).parent.parent / "images" / "figure2_clothes.csv"
_METHODS = {
    "unconstrained": "GAN",
    "unconstrained lsgan": "LSGAN",
    "clip": "clipping",
    "two_sided": "WGAN-GP",
    "directional": "directional",
    "zero_centred": "relativistic, R1 and R2",
}
_PENALISED = ("two_sided", "directional")


@cache
def runs() -> dict[str, dict[str, dict[str, str]]]:
    """Rows of the record by architecture and method."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    with RECORD.open(encoding="utf-8", newline="") as lines:
        for run in csv.DictReader(lines):
            found.setdefault(run["architecture"], {})[run["method"]] = run
    return found


def column(method: str, name: str) -> np.ndarray:
    """A number of all architectures; a run that diverged has NaN."""
    return np.array([float(each[method][name] or "nan") for each in runs().values()])


def table() -> str:
    """Frechet distances, a row for each architecture; the least of each in bold."""
    distances = {method: column(method, "frechet") for method in _METHODS}
    least = np.nanmin([*distances.values()], axis=0)
    rows = []
    for i, architecture in enumerate(runs()):
        row = {"architecture": f"`{architecture}`"}
        for method, title in _METHODS.items():
            value = distances[method][i]
            text = "diverged" if np.isnan(value) else f"{value:.0f}"
            row[title] = f"**{text}**" if value == least[i] else text
        rows.append(row)
    return markdown(rows)


def sentences() -> Iterator[str]:
    """What the text says of the table."""
    assert not any(run["failure"] for each in runs().values() for run in each.values())
    distances = {method: column(method, "frechet") for method in _METHODS}
    least = np.min([*distances.values()], axis=0)
    count = len(least)
    wins = sum((distances[method] == least).sum() for method in _PENALISED)
    yield f"One of the two penalties on slopes is the best in {wins} of {count}"
    others = [distances[m] for m in ("unconstrained", "unconstrained lsgan", "clip")]
    assert (np.max([distances[m] for m in _PENALISED], axis=0) < others).all()
    floor = float(runs()["dcgan"]["clip"]["floor_frechet"])
    yield f"real ones of the train split: {floor:.1f}"
    recalls = {m: np.max(column(m, "recall")) for m in _METHODS}
    low = max(recalls[m] for m in ("unconstrained", "unconstrained lsgan", "clip"))
    high = [np.max(column("two_sided", "recall")), low]
    yield f"recall is at most {high[1]:.2f} without a penalty, and up to {high[0]:.2f}"
    times = [np.median(column(m, "seconds")) for m in ("two_sided", "unconstrained")]
    yield f"median time is {times[0]:.0f} s under WGAN-GP and {times[1]:.0f} s as GANs"
