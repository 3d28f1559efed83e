"""The tables of the claims of docs/results.md, from `evidence.json`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from wgan_gp.studies.evidence.common import markdown

RECORD = Path(__file__).parent.parent / "images" / "evidence" / "evidence.json"
_NAMES = {
    "8gaussians": "8 Gaussians",
    "25gaussians": "25 Gaussians",
    "swissroll": "Swiss roll",
}
INSIDE = "clip, started inside"  # weights inside the bound


@cache
def rows(claim: str) -> list[dict[str, Any]]:
    """The rows that `make figures` stored for a claim; a pair is mean and spread."""
    return json.loads(RECORD.read_text(encoding="utf-8"))[claim]


def find(claim: str, **values: Any) -> dict[str, Any]:
    """The one row with these values; `_` stands for a space in a column's name."""
    wanted = {name.replace("_", " "): value for name, value in values.items()}
    (row,) = (row for row in rows(claim) if wanted.items() <= row.items())
    return row


def simplicity() -> str:
    """Section 1."""
    columns = ("estimate / W1", "Lipschitz constant", "bends per line")
    return markdown(
        [
            {"data": _NAMES[row["data"]], "constraint": row["constraint"]}
            | {name: row[name] for name in columns}
            for row in rows("simplicity")
            if row["constraint"] != INSIDE
        ]
    )


def weights() -> str:
    """Section 2, in percent."""
    chosen = [row for row in rows("simplicity") if row["data"] == "swissroll"]
    order = sorted(chosen, key=lambda row: not row["constraint"].startswith("clip"))
    names = {
        "weights at ±c": "weights within 1 % of the limit, %",
        "before training": "the same before training, %",
    }
    return markdown(
        [
            {"critic": row["constraint"]}
            | {to: _percent(row[name]) for name, to in names.items()}
            for row in order
        ]
    )


def _percent(value: list[float]) -> str:
    mean, deviation = (100 * each for each in value)
    return f"{mean:.3g}" + (f" ± {deviation:.2g}" if deviation > 1e-6 else "")


def depth() -> str:
    """Section 3."""
    return markdown(rows("depth"))


def coupling() -> str:
    """Section 4."""
    columns = ("constraint", "norm, coupled", "its deviation", "norm, random", "cosine")
    return markdown(
        [
            {name: row[name] for name in columns}
            for row in rows("transport")
            if row["sets"] == "8 Gaussians + noise"
        ]
    )


def game() -> str:
    """Section 5."""
    names = {
        "constraint": "constraint",
        "estimate": "mean estimate",
        "exact W1": "mean exact W1",
        "estimate < 0": "share of estimates < 0",
        "final quality / floor": "final W1 / floor",
    }
    return markdown(
        [{to: row[name] for name, to in names.items()} for row in rows("estimates")]
    )


def dimension() -> str:
    """Section 6: the estimate over W1, the true value being 1; and the penalty."""
    dimensions = sorted({row["D"] for row in rows("dimension")})
    found = []
    for column in ("estimate / W1", "norm between", "penalty at its points"):
        for lipschitz in ("one_sided", "two_sided"):
            for points in ("interpolates", "uniform in the box"):
                where = {"constraint": lipschitz, "penalty_acts": points}
                values = [find("dimension", D=d, **where)[column] for d in dimensions]
                name = f"{column}, {lipschitz}, {points}"
                found.append(
                    {"D": name}
                    | {f"{d}": v[0] for d, v in zip(dimensions, values, strict=True)}
                )
    return markdown(found)


def differences() -> str:
    """Section 7."""
    return markdown(rows("differences"))


def overfitting() -> str:
    """Section 9; the gap is by how much the held-out loss is smaller."""
    gaps = ("gap, start", "gap, end")
    return markdown(
        [
            {name: row[name] for name in row if name not in gaps}
            | {f"{name}, %": _percent(row[name]) for name in gaps}
            for row in rows("overfitting")
        ]
    )


def generators() -> str:
    """Section 13: the critic's cosine, and W1 / floor of the generator."""
    by_constraint: dict[str, dict[str, Any]] = {}
    for row in rows("generators"):
        cosine, quality = (row[name] for name in list(row)[2:])
        cell = f"{cosine[0]:.2f} ± {cosine[1]:.2f}, {quality[0]:.2f} ± {quality[1]:.2f}"
        line = by_constraint.setdefault(row["constraint"], {})
        line[_NAMES.get(row["data"], row["data"])] = cell
    return markdown([{"constraint": name} | x for name, x in by_constraint.items()])


TABLES = {
    each.__name__: each
    for each in (
        *(simplicity, weights, depth, coupling, game, dimension, differences),
        overfitting,
        generators,
    )
}
