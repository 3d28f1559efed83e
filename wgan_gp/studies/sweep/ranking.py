"""The constraints of a sweep in order: each at its best point, compared seed by seed.

The points of a sweep share seeds: run i of each has the same initial networks, the same
held-out samples and the same floor. Dots of one seed are therefore not independent, and
constraints are compared by the differences of runs with one seed.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wgan_gp.configs import constraint_section
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.runs.axes import label_decades, legend_below, plain_text
from wgan_gp.runs.style import FAKE, GREY, PAGE, REAL, THIRD, styled
from wgan_gp.studies.sweep.chunks import Result
from wgan_gp.studies.sweep.plan import Sweep
from wgan_gp.studies.sweep.points import Point

# By what a constraint acts on: a part of `constraints.Constraint`.
_PARTS = {
    "penalty": ("penalty in the loss", REAL, "o"),
    "wrap": ("1-Lipschitz by construction", FAKE, "s"),
    "project": ("projection of the weights", THIRD, "^"),
    None: ("no constraint", GREY, "D"),
}


class Best(NamedTuple):
    """The best point of a constraint on a data set.

    Attributes:
      lipschitz: the constraint.
      dataset: the data set.
      point: the point whose median score is least; a run that diverged counts as worst.
      scores: by seed, the quality over that of real samples, so that 1 is as good as
        real; infinite for a run that diverged.
    """

    lipschitz: str
    dataset: str
    point: Point
    scores: dict[int, float]

    @property
    def median(self) -> float:
        """The median score over seeds."""
        return float(np.median(list(self.scores.values())))

    @property
    def diverged(self) -> int:
        """How many of its runs diverged."""
        return int(np.isinf(list(self.scores.values())).sum())


def best_points(sweep: Sweep, results: Sequence[Result], quality: str) -> list[Best]:
    """The best point of each constraint on each data set.

    Args:
      sweep: from `resolve`.
      results: of all runs.
      quality: the metric that points are compared by; lower is better.
    """
    scores: dict[int, dict[int, float]] = {}
    for each in results:
        scores.setdefault(each.run.point, {})[each.run.seed] = _score(each, quality)
    best: dict[tuple[str, str], Best] = {}
    for index, point in enumerate(sweep.points):
        settings = point.settings
        made = Best(settings.lipschitz, settings.data.name, point, scores[index])
        key = made.lipschitz, made.dataset
        if key not in best or made.median < best[key].median:
            best[key] = made
    return list(best.values())


def _score(result: Result, quality: str) -> float:
    if result.diverged:
        return np.inf
    value = result.metrics[quality]
    floor = result.metrics.get(METRICS[quality].floor, 1.0)
    if floor == 0:  # of few discrete values, equal sets are at 0
        return np.inf if value else 1.0
    return value / floor


def in_order(best: Sequence[Best]) -> list[str]:
    """The constraints, those first that have the least median scores over all sets."""
    names = list(dict.fromkeys(each.lipschitz for each in best))

    def rank(name: str) -> float:
        return float(np.mean([np.log(b.median) for b in best if b.lipschitz == name]))

    return sorted(names, key=rank)


@styled
def draw(best: Sequence[Best], quality: str, *, title: str) -> Figure:
    """Draws a panel for each data set, a row for each constraint, a dot for each seed.

    Args:
      best: from `best_points`.
      quality: the metric.
      title: of the figure.
    """
    datasets, names = list(dict.fromkeys(each.dataset for each in best)), in_order(best)
    figure = Figure(figsize=(PAGE, 2.2 + 0.29 * len(names)))
    figure.suptitle(title)
    grid = figure.subplots(1, len(datasets), sharey=True, squeeze=False)[0]
    for axes, dataset in zip(grid, datasets):
        _draw_panel(axes, [b for b in best if b.dataset == dataset], names)
        axes.set_title(plain_text(dataset))
        axes.set_xlabel(_axis(quality))
    grid[0].set_yticks(range(len(names)), names)
    grid[0].set_ylim(len(names) - 0.4, -0.6)  # the best at the top
    legend_below(figure, grid, columns=2)
    return figure


def _axis(quality: str) -> str:
    floor = " /\nthat of real samples" if METRICS[quality].floor else ""
    return f"{METRICS[quality].short}{floor}"


def _draw_panel(axes: Axes, best: Sequence[Best], names: list[str]) -> None:
    for each in best:
        row = names.index(each.lipschitz)
        label, colour, marker = _PARTS[_part(each.point.settings)]
        finite = [score for score in each.scores.values() if np.isfinite(score)]
        spread = row + np.linspace(-0.22, 0.22, len(finite))
        axes.plot(finite, spread, marker, color=colour, ms=4, alpha=0.6, mew=0)
        if np.isfinite(each.median):
            bar = axes.plot([each.median] * 2, [row - 0.38, row + 0.38], color=colour)
            bar[0].set(linewidth=2.5, marker=marker, markevery=[0], ms=5, label=label)
        lost = each.diverged
        note = (
            f"{lost} of {len(each.scores)} diverged" if lost else f"{each.median:.2f}"
        )
        where = {"xycoords": ("axes fraction", "data"), "ha": "right"}
        axes.annotate(note, (0.985, row), va="center", fontsize=8, **where)
    style = {"color": GREY, "linestyle": ":", "label": "as good as real samples"}
    axes.axvline(1.0, **style)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    label_decades(axes.xaxis)
    axes.set_xlim(low, high * (high / low) ** 0.35)  # room for the notes
    axes.grid(visible=False, axis="y")


def _part(settings: Any) -> str | None:
    made = CONSTRAINTS[settings.lipschitz].make(constraint_section(settings))
    return next((name for name, part in made._asdict().items() if part), None)


def paired_table(best: Sequence[Best], reference: str) -> str:
    """A Markdown table: each constraint against one, as differences within seeds.

    An entry is the ratio of the two scores, the geometric mean over the seeds that
    both have finished, with one standard error; below 1 is better than the reference.
    It says how many of the constraint's runs diverged.

    Args:
      best: from `best_points`.
      reference: the constraint to compare with.
    """
    datasets = list(dict.fromkeys(each.dataset for each in best))
    found = {(each.lipschitz, each.dataset): each for each in best}
    lines = [
        f"| constraint | {' | '.join(datasets)} |",
        "|---" * (1 + len(datasets)) + "|",
    ]
    for name in in_order(best):
        cells = [
            _paired(found.get((name, dataset)), found.get((reference, dataset)))
            for dataset in datasets
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _paired(best: Best | None, reference: Best | None) -> str:
    if best is None or reference is None:
        return ""
    lost = f"{best.diverged} of {len(best.scores)} diverged" if best.diverged else ""
    if best is reference:
        return ", ".join(filter(None, ("1", lost)))
    logs = np.array(
        [
            np.log(score / reference.scores[seed])
            for seed, score in best.scores.items()
            if np.isfinite(score) and np.isfinite(reference.scores.get(seed, np.inf))
        ]
    )
    if not len(logs):
        return lost or "—"
    mean = np.exp(logs.mean())
    error = mean * logs.std(ddof=1) / len(logs) ** 0.5 if len(logs) > 1 else None
    ratio = f"{mean:.2f}" if error is None else f"{mean:.2f} ± {error:.2f}"
    return ", ".join(filter(None, (ratio, lost)))
