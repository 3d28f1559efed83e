"""`report.html` in a run's folder: one page with all there is to say about the run.

It needs neither a network nor another file: pictures are in it. Explanations of metrics
and of settings are those that stand where these are declared.
"""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.devices import hosts
from wgan_gp.evaluate.metric import FLOOR_MEANING
from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.runs import page
from wgan_gp.runs.advice import advice
from wgan_gp.runs.closing import ResultTable
from wgan_gp.runs.next_steps import next_steps
from wgan_gp.runs.page import Markup, element, text
from wgan_gp.runs.progress import print_line
from wgan_gp.runs.provenance import circumstances, settings_parts
from wgan_gp.runs.run_facts import Facts
from wgan_gp.runs.workdir import FIGURES, REPORT
from wgan_gp.system.files import write_text

# In the order of the page; other pictures come after these.
_CAPTIONS = {
    "critic": "The critic's values as colours, brighter where it finds samples real;"
    " white crosses are real samples, orange dots generated ones.",
    "training": "The same while it trained.",
    "samples": "Generated pictures.",
    "interpolation": "Each row goes from one generated picture to another.",
    "columns": "Each column: real and generated values.",
    "series": "Series, autocorrelations and spectra, real beside generated.",
    "curves": "The run over its updates.",
}
_FEW = 5  # warnings that are shown unfolded
_UNITS = (
    "Distances are in the units of the data as the networks see them: columns of a"
    " table and channels of a series are standardised, pixels go from 0 to 1."
)


def conclude(workdir: Path, facts: Facts, console: Console) -> None:
    """Ends a run: prints its tables, writes its page, and prints where its files are.

    Args:
      workdir: the run's folder.
      facts: about the run.
      console: prints on the first host; the others' print nothing.

    Raises:
      OSError: as `write`, which is called on the first host alone.
      ValueError: likewise.
    """
    for table in facts.tables:
        console.print(table.for_console())
    lines = [*facts.samples, f"{facts.summary}.", facts.hint]
    for line in filter(None, lines):
        print_line(console, line)
    if hosts.is_first():
        write(workdir, facts)
    networks = "critic" if facts.dataset is None else "networks"
    for line in (
        f"report, with pictures, what each number means and how to go on:"
        f" {workdir / REPORT}",
        f"figures, metrics, trained {networks}: {workdir}",
    ):
        print_line(console, line)


def write(workdir: Path, facts: Facts) -> Path:
    """Writes the page of a finished run, atomically.

    Args:
      workdir: the run's folder, with its figures.
      facts: about the run.

    Returns:
      The path of the page.

    Raises:
      OSError: a picture cannot be read.
      ValueError: a file in the folder of figures is no picture, or the run's versions
        cannot be read.
      WriteError: the page cannot be written; an old page remains.
    """
    settings = facts.settings
    choice = CONSTRAINTS[settings.lipschitz]
    head = (
        element("h1", text(f"{settings.name}: {settings.lipschitz}")),
        element("p", text(f"{facts.summary}."), kind="lead"),
        element("p", text(f"{settings.lipschitz}: {choice.sentence}")),
    )
    body = (
        element("header", *head),
        page.section("Pictures", element("div", *_pictures(workdir), kind="pictures")),
        page.section("Numbers", *_numbers(facts)),
        *_warnings(facts),
        page.section("How to go on", *_steps(workdir, facts)),
        page.section("Settings", *settings_parts(facts)),
        page.section("Data, devices, versions", *circumstances(workdir, facts)),
    )
    path = workdir / REPORT
    write_text(path, page.render(f"{settings.name}: {settings.lipschitz}", body))
    return path


def _pictures(workdir: Path) -> Iterator[Markup]:
    found = {
        path.stem: path
        for path in sorted((workdir / FIGURES).iterdir())
        if path.suffix in (".png", ".gif") and not path.stem.endswith(".part")
    }
    for name in (*_CAPTIONS, *(found.keys() - _CAPTIONS.keys())):
        if name in found:
            yield page.picture(found[name], _CAPTIONS.get(name, name), workdir)


def _numbers(facts: Facts) -> Iterator[Markup]:
    """The metrics with their meanings, the classes, and lines of text."""
    metrics, *others = facts.tables
    has_floor = any(METRICS[row.metric].floor for row in metrics.rows if row.metric)
    about = "Of the last evaluation.", FLOOR_MEANING if has_floor else "", _UNITS
    yield element("p", text(" ".join(filter(None, about))))
    yield element("div", _results(metrics), kind="numbers")
    for each in others:
        yield element("h3", text(each.title))
        yield element("div", _results(each), kind="numbers")
    if facts.samples:
        yield element("h3", text("Generated lines"))
        yield element("pre", text("\n".join(facts.samples)))


def _results(table: ResultTable) -> Markup:
    rows = []
    for row in table.rows:
        first, *values = map(text, row.cells)
        if row.metric:
            meaning = text(METRICS[row.metric].explanation())
            first = Markup(first + element("p", meaning, kind="quiet"))
        rows.append((first, *values))
    return page.table(table.headings, rows)


def _warnings(facts: Facts) -> Iterator[Markup]:
    """The advice that evaluations gave, and what was printed at the start."""
    said = [
        f"step {record['step']}: {line}"
        for record in facts.evaluation
        for line in advice(facts.settings, record, facts.evaluated)
    ]
    parts = []
    if len(said) > _FEW:
        heading = f"{len(said) - _FEW} earlier warnings"
        parts.append(page.folded(heading, page.listed(said[:-_FEW])))
    if said:
        parts.append(page.listed(said[-_FEW:]))
        parts = [element("div", *parts, kind="warnings")]
    if remarks := [*facts.remarks, *filter(None, [facts.hint])]:
        parts.append(page.listed(remarks))
    if parts:
        yield page.section("Warnings and remarks", *parts)


def _steps(workdir: Path, facts: Facts) -> Iterator[Markup]:
    for step in next_steps(facts.settings, workdir, facts.dataset, facts.start):
        yield element("p", text(step.what))
        if step.command:
            yield element("pre", element("code", text(step.command)))
