"""A sweep as a `Study`: each program trains one chunk."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console

from wgan_gp.constraints import DEFAULT
from wgan_gp.devices.hosts import HostRank
from wgan_gp.evaluate.held_out import describe_counts
from wgan_gp.runs.axes import plain_text
from wgan_gp.runs.drawing import save_figure
from wgan_gp.runs.progress import print_line
from wgan_gp.studies.running import Program, Records, Save, Study, programs_of_host
from wgan_gp.studies.sweep import figure, ranking, results
from wgan_gp.studies.sweep.chunks import Chunk, Result, chunks, read_record
from wgan_gp.studies.sweep.plan import Sweep
from wgan_gp.studies.sweep.training import SharedCache, train_chunk
from wgan_gp.system.files import write_text


def study(
    sweep: Sweep, workdir: Path, console: Console, rank: HostRank | None = None
) -> Study:
    """The study that trains a sweep.

    Args:
      sweep: from `resolve`.
      workdir: of the sweep. It gets the records of chunks under `chunks/`,
        `table.csv`, `summary.md`, and `summary.png` unless all runs diverged; of a
        sweep over several constraints `ranking.md` and `ranking.png`, too.
      console: prints progress and the closing table.
      rank: of this host; None on a single host.
    """
    every, shared = chunks(sweep), SharedCache()
    train = partial(
        train_chunk, sweep, workdir, console, shared, programs_of_host(every, rank)
    )
    runs = {chunk.name: chunk.runs for chunk in every}
    return Study(
        noun="chunks",
        folder=workdir,
        records=workdir / "chunks",
        programs=[_program(train, chunk) for chunk in every],
        read_record=lambda path: read_record(path, runs.get(path.stem, [])),
        is_complete=lambda name, record: True,  # `workdir` compares the settings
        make_tables=partial(_tables, sweep, workdir, console),
        resume_command=f"the same command with --workdir {workdir}",
    )


def _program(train: Callable[[Chunk, Save], None], chunk: Chunk) -> Program:
    def run(found: Records, save: Save) -> None:
        train(chunk, save)

    return Program((chunk.name,), run)


def print_notes(sweep: Sweep, console: Console) -> None:
    """Prints the notes on data sets and on the sizes of evaluations, each once."""
    programs = [each.experiment for each in sweep.groups]
    notes = (note for each in programs for note in each.dataset.notes)
    counts = (describe_counts(each.evaluation, each.dataset) for each in programs)
    for line in dict.fromkeys(filter(None, (*notes, *counts))):
        print_line(console, line)


def in_sweep_order(sweep: Sweep, records: Records) -> list[Result]:
    """The result of each run, in the order of `sweep.runs`.

    Args:
      sweep: from `resolve`.
      records: of all chunks.
    """
    found = {each.run: each for record in records.values() for each in record}
    return [found[each] for each in sweep.runs]


def _rank(sweep: Sweep, workdir: Path, found: list[Result], quality: str) -> None:
    """Writes the ranking of the constraints, where there are several."""
    names = {point.settings.lipschitz for point in sweep.points}
    if len(names) < 2:
        return
    best = ranking.best_points(sweep, found, quality)
    reference = DEFAULT if DEFAULT in names else ranking.in_order(best)[0]
    text = (
        f"# {sweep.settings.name}: constraints, each at its best point\n\nScore over"
        f" that of `{reference}`, seed by seed: geometric mean and standard error over"
        f" those of {sweep.settings.seeds} seeds that both finished. Below 1 is"
        " better.\n\n"
        f"{ranking.paired_table(best, reference)}\n"
    )
    write_text(workdir / "ranking.md", text)
    title = plain_text(sweep.settings.name) + ": each constraint at its best point"
    save_figure(workdir / "ranking.png", ranking.draw(best, quality, title=title))


def _tables(sweep: Sweep, workdir: Path, console: Console, records: Records) -> None:
    """Writes and prints the results."""
    found = in_sweep_order(sweep, records)
    summaries = results.summarise(sweep, found)
    write_text(workdir / "table.csv", results.csv_table(sweep, found))
    write_text(workdir / "summary.md", results.markdown(sweep, summaries))
    quality = results.quality(summaries)
    if quality is not None:
        name = plain_text(sweep.settings.name)
        title = f"{name}: {sweep.settings.seeds} seeds a point"
        save_figure(workdir / "summary.png", figure.draw(summaries, title=title))
        _rank(sweep, workdir, found, quality)
    elif not all(each.diverged for each in found):
        console.print(
            "no metric of quality was measured at all points: there are no pictures and"
            " there is no ranking",
            soft_wrap=True,
        )
    console.print(results.closing_table(sweep, summaries))
    print_line(console, f"table, summary, figure: {workdir}")
