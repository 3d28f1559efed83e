"""A sweep from its plan to its files."""

from pathlib import Path

from rich.console import Console

from wgan_gp.evaluate.held_out import describe_counts
from wgan_gp.runs.report import save_figure
from wgan_gp.studies.sweep import figure, results, runner
from wgan_gp.studies.sweep.plan import Sweep
from wgan_gp.system.files import write_text


def run(sweep: Sweep, workdir: Path, console: Console) -> list[results.Summary]:
    """Trains what is not done yet, and writes and prints the results.

    Args:
      sweep: from `resolve`.
      workdir: a prepared folder; gets `table.csv`, `summary.md`, and `summary.png` if
        a run has not diverged.
      console: where progress and the closing table go.

    Returns:
      A summary of each point.

    Raises:
      As `runner.run`.
    """
    programs = [each.experiment for each in sweep.programs]
    notes = (note for each in programs for note in each.dataset.notes)
    counts = (describe_counts(each.evaluation, each.dataset) for each in programs)
    for line in dict.fromkeys(filter(None, (*notes, *counts))):
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    found = runner.run(sweep, workdir, console)
    summaries = results.summarise(sweep, found)
    write_text(workdir / "table.csv", results.csv_table(sweep, found))
    write_text(workdir / "summary.md", results.markdown(sweep, summaries))
    path = workdir / "summary.png"
    if results.quality(summaries) is not None:
        title = f"{sweep.config.name}: {sweep.config.seeds} seeds a point"
        save_figure(path, figure.draw(summaries, title=title))
    console.print(results.closing_table(sweep, summaries))
    console.print(f"table, summary, figure: {workdir}", soft_wrap=True)
    return summaries
