"""What the text of docs/results.md says of the claims, from `evidence.json`."""

import math
from collections.abc import Iterator

from docs.recompute.benchmark import spread
from docs.recompute.evidence import INSIDE, find, rows


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
    inside = find("simplicity", constraint=INSIDE)["weights at ±c"][0]
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
    change: dict[bool, list[float]] = {True: [], False: []}
    for shape, plain in (("one-sided",) * 2, ("two-sided, signed", "two-sided")):
        base = find("differences", shape=plain, slope_between="one point")
        for row in rows("differences"):
            if row["shape"] == shape and row is not base:
                ratio = row["ms per generator update"] / base["ms per generator update"]
                ends = row["slope between"] == "endpoint pairs"
                change[ends].append(100 * (ratio - 1))
    yield f"{spread([-each for each in change[True]])} % less time"
    yield f"the other pairings, {spread(change[False])} % more"
