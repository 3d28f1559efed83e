"""The tables of a sweep: CSV, Markdown, and a table for the terminal."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from rich.markup import escape
from rich.table import Table

from wgan_gp import configs
from wgan_gp.evaluate.metrics import METRICS, QUALITY, in_sweeps
from wgan_gp.studies.sweep.chunks import Result
from wgan_gp.studies.sweep.plan import Sweep
from wgan_gp.studies.sweep.points import Point, label


class Summary(NamedTuple):
    """The results of a point over its seeds."""

    point: Point
    diverged: int  # the number of seeds that diverged
    metrics: dict[str, np.ndarray]  # by name, [seeds that did not diverge]


def swept_fields(sweep: Sweep) -> list[str]:
    """The fields that any study varies, in the grid's order, without `lipschitz`."""
    paths = [path for point in sweep.points for path in point.swept]
    return [path for path in dict.fromkeys(paths) if path != "lipschitz"]


def csv_table(sweep: Sweep, results: Sequence[Result]) -> str:
    """A CSV table with a row for each run.

    Its columns are the study, the varied fields, the seed, the scalars of the final
    evaluation, and whether the run diverged.

    Args:
      sweep: from `resolve`.
      results: of all runs.
    """
    fields, scalars = swept_fields(sweep), _scalars(results)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    header = ["study", "lipschitz", *fields, "seed", *scalars, "diverged"]
    writer.writerow(header)
    for each in results:
        point = sweep.points[each.run.point]
        flat = dict(configs.flatten(point.settings))
        writer.writerow(
            [
                point.study,
                point.settings.lipschitz,
                *(flat.get(path) for path in fields),
                each.run.seed,
                *(each.metrics.get(name) for name in scalars),
                each.diverged,
            ]
        )
    return file.getvalue()


def _scalars(results: Sequence[Result]) -> list[str]:
    return list(dict.fromkeys(name for each in results for name in each.metrics))


def summarise(sweep: Sweep, results: Sequence[Result]) -> list[Summary]:
    """The summary of each point.

    Args:
      sweep: from `resolve`.
      results: of all runs.
    """
    by_point: list[list[Result]] = [[] for _ in sweep.points]
    for each in results:
        by_point[each.run.point].append(each)
    return [_summary(*pair) for pair in zip(sweep.points, by_point)]


def _summary(point: Point, results: list[Result]) -> Summary:
    good = [each.metrics for each in results if not each.diverged]
    # What all have measured: a metric may have been added while the sweep ran.
    names = [n for n in (good or [{}])[0] if all(n in each for each in good)]
    metrics = {name: np.array([each[name] for each in good]) for name in names}
    return Summary(point, len(results) - len(good), metrics)


def quality(summaries: Iterable[Summary]) -> str | None:
    """The metric of sample quality that points are compared by.

    Returns:
      The name of the first that all points have; None if there is none, or if all runs
      diverged.
    """
    found = [set(each.metrics) for each in summaries if each.metrics]
    common = set.intersection(*found) if found else set()
    return next((name for name in QUALITY if name in common), None)


def markdown(sweep: Sweep, summaries: Sequence[Summary]) -> str:
    """A Markdown page with a row for each point: medians, with ranges in brackets.

    Args:
      sweep: from `resolve`.
      summaries: of all points.
    """
    steps = {f"{point.settings.steps:,}" for point in sweep.points}
    rows = _rows(sweep, summaries)
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (
        f"# {sweep.settings.name}\n\n{len(sweep.points)} points, {sweep.settings.seeds}"
        f" seeds each, {' or '.join(sorted(steps))} generator updates. Medians over the"
        f" seeds that did not diverge, least to greatest in brackets.\n\n"
        f"{table}\n"
    )


def closing_table(sweep: Sweep, summaries: Sequence[Summary]) -> Table:
    """A table of the sample quality of each point, for the terminal.

    Args:
      sweep: from `resolve`.
      summaries: of all points.
    """
    table = Table(title=escape(sweep.settings.name), title_justify="left")
    table.add_column("point", overflow="fold")
    name = quality(summaries)
    for column in ([METRICS[name].short] if name else []) + ["diverged"]:
        table.add_column(column, justify="right")
    for each in summaries:
        row = [escape(label(_shown(each.point)))]
        row += [spread(each.metrics.get(name))] if name else []
        table.add_row(*row, f"{each.diverged} of {sweep.settings.seeds}")
    return table


def _shown(point: Point) -> dict[str, Any]:
    return {"lipschitz": point.settings.lipschitz} | point.swept


def _rows(sweep: Sweep, summaries: Sequence[Summary]) -> list[list[str]]:
    """A header and a row for each point, as text."""
    fields = swept_fields(sweep)
    measured = {name for each in summaries for name in each.metrics}
    names = [name for name in in_sweeps() if name in measured]
    header = [METRICS[name].short for name in names]
    best = quality(summaries)
    if best is not None and (floor := METRICS[best].floor) in measured:
        names.append(floor)
        header.append(f"{METRICS[best].short} of real samples")
    rows = [["lipschitz", *fields, *header, "diverged"]]
    for each in summaries:
        flat = dict(configs.flatten(each.point.settings))
        rows.append(
            [
                each.point.settings.lipschitz,
                *(_text(flat.get(path)) for path in fields),
                *(spread(each.metrics.get(name)) for name in names),
                f"{each.diverged} of {sweep.settings.seeds}",
            ]
        )
    return rows


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def spread(values: np.ndarray | None) -> str:
    """The median of values, and the least and the greatest in brackets."""
    if values is None:
        return ""
    low, middle, high = np.min(values), np.median(values), np.max(values)
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"
