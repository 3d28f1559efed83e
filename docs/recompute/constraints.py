"""The tables of docs/constraints.md, from its two tables of runs."""

import csv
import itertools
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from docs.recompute.benchmark import spread
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.studies.evidence.common import markdown

FOLDER = Path(__file__).parent.parent / "images"
REFERENCE = "one_sided"
_DATASETS = {
    "8gaussians": "8 Gaussians",
    "25gaussians": "25 Gaussians",
    "swissroll": "Swiss roll",
}


class Point(NamedTuple):
    """Runs that differ by their seed only."""

    strength: str  # as text; "" without one
    runs: list[dict[str, str]]

    def column(self, name: str) -> np.ndarray:
        """A number of each run; infinite where it diverged."""
        return np.array([float(run[name] or "inf") for run in self.runs])

    @property
    def scores(self) -> np.ndarray:
        """Exact W1 over that of real samples, by seed."""
        return self.column("w1") / np.nan_to_num(self.column("floor"), posinf=1.0)


class Entry(NamedTuple):
    """A row: a constraint with what its networks minimise."""

    constraint: str
    objective: str

    @property
    def label(self) -> str:
        """As in tables."""
        usual = self.objective == "wasserstein"
        return self.constraint + ("" if usual else f", `{self.objective}`")


@cache
def entries(record: str) -> dict[Entry, dict[str, list[Point]]]:
    """The points of each row, by data set.

    Args:
      record: the name of a CSV file of `FOLDER`, without its ending.
    """
    found: dict[Entry, dict[str, dict[str, Point]]] = {}
    with (FOLDER / f"{record}.csv").open(encoding="utf-8", newline="") as lines:
        for run in csv.DictReader(lines):
            choice = CONSTRAINTS[run["lipschitz"]]
            value = run.get(choice.strength) if choice.strength else ""
            text = f"{choice.symbol} = {float(value):g}" if value else ""
            entry = Entry(run["lipschitz"], run.get("objective") or "wasserstein")
            points = found.setdefault(entry, {}).setdefault(run["data.name"], {})
            points.setdefault(text, Point(text, [])).runs.append(run)
    return {
        entry: {dataset: [*points.values()] for dataset, points in sets.items()}
        for entry, sets in found.items()
    }


def best(points: list[Point]) -> Point:
    """The point with the least median score; its runs share seeds with the others."""
    return min(points, key=lambda point: np.median(point.scores))


def _log_ratio(record: str, entry: Entry) -> tuple[float, float]:
    """Scores over the reference's of the same seed: mean logarithm, its standard error.

    Seeds are what is drawn anew: a seed's logarithms are averaged over the sets first.
    """
    found = entries(record)
    reference = found[Entry(REFERENCE, "wasserstein")]
    logs = np.mean(
        [
            np.log(best(points).scores / best(reference[name]).scores)
            for name, points in found[entry].items()
        ],
        axis=0,
    )
    return float(logs.mean()), float(logs.std(ddof=1) / len(logs) ** 0.5)


def _against(record: str, entry: Entry) -> str:
    """The geometric mean of the ratio to the reference over sets and seeds."""
    if entry.constraint == REFERENCE:
        return "1"
    mean, error = _log_ratio(record, entry)
    if not np.isfinite(mean):
        return ""
    return f"{np.exp(mean):.2f} ± {np.exp(mean) * error:.2f}"


def _order(record: str) -> list[Entry]:
    """The rows, those first that have the least scores over all sets."""
    found = entries(record)

    def rank(entry: Entry) -> float:
        medians = [np.median(best(points).scores) for points in found[entry].values()]
        return float(np.mean(np.log(medians)))

    return sorted(found, key=rank)


def _quality(record: str) -> str:
    return markdown([_row(record, entry) for entry in _order(record)])


def _row(record: str, entry: Entry) -> dict[str, str]:
    """Scores on each set, against the reference, and the critic on 8 Gaussians."""
    points = {name: best(entries(record)[entry][name]) for name in _DATASETS}
    eight = points["8gaussians"]
    share = np.median(eight.column("wasserstein") / eight.column("w1"))
    return (
        {"constraint": entry.label}
        | {title: _score(points[name]) for name, title in _DATASETS.items()}
        | {
            f"over {REFERENCE}'s": _against(record, entry),
            "slope": f"{np.median(eight.column('gradient_norm_mean')):.2g}",
            "estimate / W1": f"{share:.2g}",
        }
    )


def _score(point: Point) -> str:
    lost = int(np.isinf(point.scores).sum())
    strength = f" ({point.strength})" if point.strength else ""
    diverged = f", {lost} of {len(point.runs)} diverged" if lost else ""
    return f"{np.median(point.scores):.2f}{strength}{diverged}"


def _strengths() -> str:
    """The geometric mean over the sets, by strength."""
    rows = []
    for entry, sets in entries("sweep_constraints").items():
        by_strength = list(zip(*sets.values()))
        if len(by_strength) > 1:
            texts = [f"{each[0].strength}: {_mean(each):.2f}" for each in by_strength]
            rows.append(
                {"constraint": entry.label, "W1 / floor by strength": "; ".join(texts)}
            )
    return markdown(rows)


def _mean(points: Sequence[Point]) -> float:
    """The geometric mean of the points' medians."""
    return float(np.exp(np.mean([np.log(np.median(each.scores)) for each in points])))


TABLES = {
    "tuned": lambda: _quality("sweep_constraints"),
    "strengths": _strengths,
    "papers": lambda: _quality("sweep_constraints_papers"),
}


def sentences() -> Iterator[str]:
    """What the text says of the runs."""
    tuned, papers = "sweep_constraints", "sweep_constraints_papers"
    runs = f"{_runs(tuned):,} runs, none of which diverged"
    assert all(np.isfinite(p.scores).all() for p in _points(tuned))
    yield runs
    (seeds,) = {len(point.runs) for point in _points(tuned)}
    yield f"with {seeds} seeds a point"
    yield f"for as many generator updates; {_runs(papers)} runs"
    ratio = np.exp(_log_ratio(papers, Entry("two_sided", "wasserstein"))[0])
    yield f"`two_sided` is last, {ratio:.2f} times `{REFERENCE}`'s score"
    assert _order(papers)[-1].constraint == "two_sided"
    near = [e.constraint for e in entries(tuned) if e.objective == "wasserstein"]
    near = [each for each in near if each != REFERENCE and _behind(each) < 2.5]
    yield f"{len(near)} others are within 2 % of `{REFERENCE}` over the three sets"
    for each in ("one_sided", "wgan_div", "adversarial"):
        yield f"`{each}` {spread(_means(each), '{:.2f}')}"
    for each in ("two_sided", "dragan"):
        _, good, usual, worst = _means(each)
        yield f"`{each}` goes from {good:.2f} at λ = 1 to {usual:.2f} at the paper's"
        yield f"and {worst:.2f} at λ = 100"
    behind = [_behind(each, "25gaussians") for each in ("difference", "orthogonal")]
    yield f"`difference` and `orthogonal` are {spread(behind)} % behind there"
    yield f"`clip` {_behind('clip', '25gaussians'):.0f} %"
    clip = _means("clip")
    yield (
        f"by {_behind('clip'):.0f} % over the three sets; a bound ten times larger or"
        f" smaller ends at {clip[0]:.2f} and {clip[2]:.2f} times the floor"
    )
    games = [e for e in entries(tuned) if e.constraint == "unconstrained"]
    ratios = [np.exp(_log_ratio(tuned, each)[0]) for each in games]
    yield f"{spread(ratios, '{:.1f}')} times `{REFERENCE}`'s score"
    shares = [
        np.median(b.column("wasserstein") / b.column("w1"))
        for each in ("one_sided", "two_sided", "dragan", "adversarial", "directional")
        for b in [best(entries(tuned)[Entry(each, "wasserstein")]["8gaussians"])]
    ]
    yield f"read {spread([100 * each for each in shares])} % of W1"
    gains = [100 * _optimism(points) for points in _swept(tuned)]
    yield f"flatters them by {np.mean(gains):.1f} % in the mean, at most"
    yield f"{max(gains):.0f} % (by choosing on one half of the seeds"


def _points(record: str) -> list[Point]:
    sets = entries(record).values()
    return [point for each in sets for points in each.values() for point in points]


def _runs(record: str) -> int:
    return sum(len(point.runs) for point in _points(record))


def _means(constraint: str) -> list[float]:
    """By strength, the geometric mean of the sets' medians."""
    sets = entries("sweep_constraints")[Entry(constraint, "wasserstein")]
    return [_mean(points) for points in zip(*sets.values())]


def _behind(constraint: str, dataset: str | None = None) -> float:
    """By how many percent a constraint is behind the reference."""
    record, entry = "sweep_constraints", Entry(constraint, "wasserstein")
    if dataset is None:
        return 100 * float(np.expm1(_log_ratio(record, entry)[0]))
    reference = entries(record)[Entry(REFERENCE, "wasserstein")][dataset]
    ours = best(entries(record)[entry][dataset])
    return 100 * float(np.median(ours.scores) / np.median(best(reference).scores) - 1)


def _swept(record: str) -> list[list[Point]]:
    """The points of each constraint and set that has several."""
    found = [points for sets in entries(record).values() for points in sets.values()]
    return [points for points in found if len(points) > 1]


def _optimism(points: list[Point]) -> float:
    """By how much the best of several points, of all seeds, seems better than it is.

    The best by one half of the seeds is scored on both halves, over all halves. Medians
    of all seeds have a smaller error than those of half of them, by the root of 2.
    """
    logs = np.log([point.scores for point in points])
    seeds, found = set(range(logs.shape[1])), []
    for half in itertools.combinations(sorted(seeds), len(seeds) // 2):
        rest = sorted(seeds - set(half))
        chosen = logs[np.argmin(np.median(logs[:, half], axis=1))]
        found.append(np.median(chosen[rest]) - np.median(chosen[list(half)]))
    return float(np.mean(found)) / 2**0.5
