"""Tables and sentences of the claims of docs/results.md, from `evidence.json`."""

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from docs.recompute.benchmark import spread
from wgan_gp.evidence.common import markdown

RECORD = Path(__file__).parent.parent / "images" / "evidence" / "evidence.json"
_NAMES = {
    "8gaussians": "8 Gaussians",
    "25gaussians": "25 Gaussians",
    "swissroll": "Swiss roll",
}
_INSIDE = "clip, started inside"  # weights inside the bound


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
            if row["constraint"] != _INSIDE
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


TABLES = {
    each.__name__: each
    for each in (
        *(simplicity, weights, depth, coupling, game, dimension, differences),
        overfitting,
    )
}


def sentences() -> Iterator[str]:
    """What the text says of the claims."""
    yield from _simplicity()
    yield from _depth()
    yield from _coupling()
    yield from _estimates()
    yield from _game()
    yield from _dimension()
    yield from _differences()
    gap = find("overfitting", constraint="two_sided")["gap, end"][0]
    yield f"the penalised critic's is {100 * gap:.0f} % smaller"


def _simplicity() -> Iterator[str]:
    clip = [row for row in rows("simplicity") if row["constraint"] == "clip"]
    assert max(row["Lipschitz constant"][0] for row in clip) < 0.01
    yield "Their slope is less than a hundredth"
    bends = [
        find("simplicity", data=data, constraint="clip")["bends per line"][0]
        / find("simplicity", data=data, constraint="one_sided")["bends per line"][0]
        for data in ("8gaussians", "25gaussians")
    ]
    yield f"they bend {spread(bends, '{:.2f}')} times as often as one-sided critics"
    pairs = [row for row in rows("simplicity") if row["constraint"] == "difference"]
    excess = [100 * (row["estimate / W1"][0] - 1) for row in pairs]
    constants = [row["Lipschitz constant"][0] for row in pairs]
    yield (
        f"over-estimates W1 by {spread(excess)} % with a Lipschitz constant of"
        f" {spread(constants, '{:.1f}')}"
    )
    at = {row["data"]: 100 * row["weights at ±c"][0] for row in clip}
    before = 100 * clip[0]["before training"][0]
    yield f"the first clipping puts {before:.0f} % of them at a limit"
    yield (
        f"(to {at['swissroll']:.1f} % here, {at['8gaussians']:.1f} % on 8 and"
        f" {at['25gaussians']:.1f} % on 25 Gaussians)"
    )
    inside = find("simplicity", constraint=_INSIDE)["weights at ±c"][0]
    yield f"Started inside, where none is, {100 * inside:.0f} % of the weights go"


def _depth() -> Iterator[str]:
    growth = {
        row["setting"]: 10 ** row["log10 growth per layer, backwards"][0]
        for row in rows("depth")
    }
    lost = [1 / growth[f"clip, c = {c}"] for c in ("0.01", "0.001")]
    yield f"a factor of {lost[0]:.0f} and of {lost[1]:.0f} is lost per layer"
    more = 100 * (growth["clip, c = 0.1"] - 1)
    yield f"slightly at this width: {more:.0f} % per layer"


def _norm(lipschitz: str, weight: int) -> float:
    row = find(
        "transport",
        sets="8 Gaussians + noise",
        constraint=f"{lipschitz}, λ = {weight}",
    )
    return row["norm, coupled"][0]


def _coupling() -> Iterator[str]:
    for name, prefix in (("one_sided", "one-sided"), ("two_sided", "two-sided")):
        off = max(100 * abs(_norm(name, weight) - 1) for weight in (10, 100))
        yield f"{prefix}, λ >= 10: the norm within {math.ceil(off)} %"
    cosine = find(
        "transport", sets="8 Gaussians + noise", constraint="two_sided, λ = 10"
    )["cosine"]
    yield (
        f"the two-sided penalty with λ = 10 has a mean of {cosine[0]:.2f} with a"
        f" deviation of {cosine[1]:.2f} between seeds"
    )


def _ratio(sets: str, constraint: str, name: str = "estimate / W1") -> float:
    value = find("transport", sets=sets, constraint=constraint)[name]
    return value[0] if isinstance(value, list) else value


def _estimates() -> Iterator[str]:
    clusters, mixture = "two clusters", "8 Gaussians + noise"
    strengths = ("0.1", "1", "10", "100")

    def listed(name: str) -> str:
        values = [_ratio(clusters, f"one_sided, λ = {w}", name) for w in strengths]
        *most, last = [f"{value:.3f}" for value in values]
        return f"{', '.join(most)} and {last}"

    def off(*constraints: str) -> float:
        """By how many percent the estimates differ from the closed form, at most."""
        kinds = [f"{name}, λ = {w}" for name in constraints for w in strengths]
        form = "1 + d / 2λ"
        return max(
            100 * abs(_ratio(clusters, kind) / _ratio(clusters, kind, form) - 1)
            for kind in kinds
        )

    most = off("one_sided", "two_sided")
    yield (
        f"both gradient penalties attain it within {most:.1f} %"
        f" (one-sided: {listed('estimate / W1')} for λ = 0.1, 1, 10 and 100; closed"
        f" form: {listed('1 + d / 2λ')}), the difference penalty within"
        f" {off('difference'):.1f} %"
    )
    found = [_ratio(mixture, f"one_sided, λ = {w}") for w in strengths]
    formula = [_ratio(mixture, f"one_sided, λ = {w}", "1 + d / 2λ") for w in strengths]
    yield (
        f"{found[0]:.1f} where the formula says {formula[0]:.1f} (one-sided, λ = 0.1),"
        f" then {found[1]:.2f} ({formula[1]:.2f}), {found[2]:.2f} ({formula[2]:.2f})"
        f" and {found[3]:.2f} ({formula[3]:.2f})"
    )
    clip = [_ratio(mixture, f"clip, c = {c}") for c in ("0.1", "0.01", "0.001")]
    least = f"{clip[2]:.0e}".replace("e-0", "e-")
    yield f"{clip[0]:.2f}, {clip[1]:.4f} and {least} times W1"
    yield f"on the two clusters it says {_ratio(clusters, 'clip, c = 0.1'):.1f}"


def _game() -> Iterator[str]:
    kinds = [
        f"{lipschitz}, λ = {weight}"
        for lipschitz, most in (("one_sided", 100), ("two_sided", 10))
        for weight in (1, 10, 100)
        if weight <= most
    ]
    found = [find("estimates", constraint=kind) for kind in kinds]
    shares = [100 * row["estimate"][0] / row["exact W1"][0] for row in found]
    yield f"the mean estimate is {spread(shares)} % of the exact W1"
    agree = [
        100 * row["estimate"][0] / row["exact W1"][0]
        for name in ("one_sided", "two_sided")
        for row in [find("estimates", constraint=f"{name}, λ = 0.1")]
    ]
    yield f"at λ = 0.1 it is {spread(agree)} %"


def _dimension() -> Iterator[str]:
    def box(lipschitz: str, d: int, name: str) -> float:
        where = {"constraint": lipschitz, "penalty_acts": "uniform in the box"}
        return find("dimension", D=d, **where)[name][0]

    steep = [box(name, 8, "norm between") for name in ("one_sided", "two_sided")]
    penalty = [
        box(name, 8, "penalty at its points") for name in ("one_sided", "two_sided")
    ]
    yield (
        f"a box of 8 dimensions leaves the critic {steep[0]:.1f} times (one-sided) and"
        f" {steep[1]:.1f} times (two-sided) too steep"
    )
    yield (
        f"the mean penalty at the box's own points is {penalty[0]:.2f} and"
        f" {penalty[1]:.2f} there, slopes that are off by {penalty[0] ** 0.5:.2f} and"
        f" {penalty[1] ** 0.5:.2f} (root mean square)"
    )
    every = [
        box(name, d, "penalty at its points")
        for name in ("one_sided", "two_sided")
        for d in (8, 16, 32, 64)
    ]
    yield f"From 8 to 64 dimensions it is {spread(every, '{:.2f}')}"


def _differences() -> Iterator[str]:
    worst = find("differences", shape="two-sided", slope_between="endpoint pairs")
    yield f"({worst['W1 / floor'][0]:.0f} times the floor;"
    slower = []
    for shape, plain in (("one-sided",) * 2, ("two-sided, signed", "two-sided")):
        base = find("differences", shape=plain, slope_between="one point")
        slower += [
            100 * (row["ms per generator update"] / base["ms per generator update"] - 1)
            for row in rows("differences")
            if row["shape"] == shape and row is not base
        ]
    yield f"{spread(slower)} % *slower*"
