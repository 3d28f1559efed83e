"""Figure 2 in small, on Fashion-MNIST, in docs/images.md."""

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
