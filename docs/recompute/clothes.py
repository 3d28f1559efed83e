"""Figure 2 of Gulrajani et al. 2017 in small, in docs/images.md, from its runs."""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from wgan_gp.studies.evidence.common import markdown

RECORD = Path(__file__).parent.parent / "images" / "figure2_clothes.csv"
_METHODS = {
    "unconstrained": "GAN",
    "unconstrained lsgan": "LSGAN",
    "clip": "WGAN, clipping",
    "two_sided": "WGAN-GP",
    "directional": "`directional`",
    "zero_centred": "relativistic, R1 + R2",
}


@cache
def frechet() -> dict[str, dict[str, float]]:
    """Frechet distances by architecture and method; a run that diverged has none."""
    found: dict[str, dict[str, float]] = {}
    with RECORD.open(encoding="utf-8", newline="") as lines:
        for run in csv.DictReader(lines):
            of_one = found.setdefault(run["architecture"], {})
            if run["frechet"]:
                of_one[run["method"]] = float(run["frechet"])
    return found


def table() -> str:
    """A row for each architecture; the least of a row is in bold."""
    rows = []
    for architecture, of_one in frechet().items():
        least = min(of_one.values())
        cells = {}
        for method, title in _METHODS.items():
            value = of_one.get(method)
            text = "diverged" if value is None else f"{value:.0f}"
            cells[title] = f"**{text}**" if value == least else text
        rows.append({"architecture": f"`{architecture}`"} | cells)
    return markdown(rows)


def sentences() -> Iterator[str]:
    """What the text says of the table."""
    architectures = frechet()
    best = [min(each, key=each.__getitem__) for each in architectures.values()]
    penalised = sum(each in ("two_sided", "directional") for each in best)
    yield f"best in {penalised} of {len(architectures)}"
