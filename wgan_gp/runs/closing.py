"""The tables that a run ends with: its final metrics, and the same in a sentence."""

from collections.abc import Iterator
from typing import NamedTuple

from rich.markup import escape
from rich.table import Table

from wgan_gp.build import Experiment
from wgan_gp.configs import Settings
from wgan_gp.evaluate.held_out import count_evaluated
from wgan_gp.evaluate.metrics import METRICS, QUALITY


class Row(NamedTuple):
    """A row of a `ResultTable`.

    Attributes:
      cells: its texts, one for each heading.
      metric: whose value it has, a key of `METRICS`; empty for a row that belongs to
        the metric above, and for rows of classes.
    """

    cells: tuple[str, ...]
    metric: str = ""


class ResultTable(NamedTuple):
    """A table of a run's end, which the console and the report both show.

    All texts are plain; each of the two escapes what would be markup to it.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[Row, ...]

    def for_console(self) -> Table:
        """The table as rich prints it: numbers right of their titles."""
        table = Table(title=escape(self.title), title_justify="left")
        for i, heading in enumerate(self.headings):
            table.add_column(escape(heading), justify="right" if i else "left")
        for row in self.rows:
            table.add_row(*map(escape, row.cells))
        return table


def closing_table(
    experiment: Experiment,
    settings: Settings,
    result: dict[str, float],
) -> ResultTable:
    """The table of a run's final evaluation, with rows for each metric.

    Args:
      experiment: that was trained.
      settings: of the run.
      result: the scalars of the last evaluation, and `seconds` of the run.
    """
    rows = []
    modes = experiment.dataset.modes
    totals = {} if modes is None else {"modes": f" of {len(modes)}"}
    _, repeats = count_evaluated(experiment.evaluation, experiment.dataset)
    for name in METRICS:
        # Without a penalty in the loss, its record is always 0.
        unused = name == "penalty" and settings.penalty.weight is None
        if name in result and not unused:
            for i, (title, value) in enumerate(_rows(name, result, repeats)):
                cells = title, value + totals.get(name, "")
                rows.append(Row(cells, "" if i else name))
    title = f"{settings.name}: {settings.lipschitz}"
    return ResultTable(title, ("held-out quantity", "value"), tuple(rows))


def _rows(name: str, result: dict[str, float], sets: int) -> Iterator[tuple[str, str]]:
    """The rows of a metric: its value with its spread, its range, and its floor."""
    metric = METRICS[name]
    title, value = metric.label, metric.text(result[name])
    floor = result.get(metric.floor)
    if metric.spread is not None and metric.spread[0] in result:
        title += f" (± {metric.spread[1].format(sets=sets)})"
        value += f" ± {result[metric.spread[0]]:.2g}"
    if floor is not None and not metric.floor_row:
        title += " (real to real)"
        value += f" ({metric.text(floor)})"
    if metric.extent is not None:
        title += ", mean"
    yield title, value
    if metric.extent is not None:
        least, greatest = (metric.text(result[each]) for each in metric.extent)
        yield "... minimum to maximum", f"{least} to {greatest}"
    if floor is not None and metric.floor_row:
        yield "... real to real (sampling floor)", metric.text(floor)
        if floor:  # of few discrete values, equal sets are at 0
            yield "... ratio of the two", f"{result[name] / floor:.3g}"


def summary(settings: Settings, result: dict[str, float]) -> str:
    """What came of a run, in a line.

    Args:
      settings: of the run.
      result: the scalars of the last evaluation.
    """
    done = f"{settings.steps:,} generator updates under {settings.lipschitz}"
    name = next((each for each in QUALITY if each in result), None)
    if name is None:
        return done
    metric = METRICS[name]
    line = f"{done}: {metric.short} {metric.text(result[name])}"
    if metric.floor in result:
        line += f", where other real samples score {metric.text(result[metric.floor])}"
    return f"{line} ({metric.better} is better)"
