"""The ranking of constraints: the best point of each, compared seed by seed."""

import io

import numpy as np
import pytest
from rich.console import Console

from tests.studies.sweep.test_plan import configuration
from wgan_gp.runs import workdir
from wgan_gp.studies import sweep
from wgan_gp.studies.sweep import ranking, study
from wgan_gp.studies.sweep.__main__ import SWEEP_SPEC
from wgan_gp.studies.sweep.chunks import Result

GRID = (
    "lipschitz=two_sided penalty.weight=1,10 data.name=8gaussians,swissroll",
    "lipschitz=one_sided penalty.weight=1,10 data.name=8gaussians,swissroll",
    "lipschitz=clip clip_bound=0.1 data.name=8gaussians,swissroll",
)
FLOORS = {0: 0.04, 1: 0.05, 2: 0.1}


def finished(ratio):
    """A sweep with scores by `ratio(settings, seed)`; None is a run that diverged."""
    found = sweep.resolve(configuration(grid=GRID, seeds=3))
    results = []
    for run in found.runs:
        score = ratio(found.points[run.point].settings, run.seed)
        floor = FLOORS[run.seed]
        metrics = {} if score is None else {"w1": score * floor, "floor": floor}
        results.append(Result(run, metrics))
    return found, results


def made(ratio):
    return ranking.best_points(*finished(ratio), "w1")


def by_strength(settings, seed):
    """Two-sided is best at 1, one-sided at 10 and 0.8 times that; clip diverges."""
    noise = 1 + 0.3 * seed  # shared by all runs of a seed
    if settings.lipschitz == "clip":
        return None if seed else 4.0
    if settings.lipschitz == "two_sided":
        return noise * (1.5 if settings.penalty.weight == 1 else 9.0)
    return noise * (1.2 if settings.penalty.weight == 10 else 8.0)


def test_each_constraint_is_at_its_best_point():
    best = made(by_strength)
    found = {(b.lipschitz, b.dataset): b for b in best}
    assert len(found) == 6
    assert found["two_sided", "swissroll"].point.settings.penalty.weight == 1
    assert found["one_sided", "8gaussians"].point.settings.penalty.weight == 10
    np.testing.assert_allclose(
        list(found["two_sided", "swissroll"].scores.values()), [1.5, 1.95, 2.4]
    )
    assert ranking.in_order(best) == ["one_sided", "two_sided", "clip"]


def test_comparisons_are_within_seeds():
    """The noise of seeds, which runs share, is not in the error."""
    lines = ranking.paired_table(made(by_strength), "two_sided").splitlines()
    assert lines[0] == "| constraint | 8gaussians | swissroll |"
    assert lines[2] == "| one_sided | 0.80 ± 0.00 | 0.80 ± 0.00 |"
    assert lines[3] == "| two_sided | 1 | 1 |"
    clip = "2.67, 2 of 3 diverged"  # one seed has no spread
    assert lines[4] == f"| clip | {clip} | {clip} |"
    lines = ranking.paired_table(made(by_strength), "clip").splitlines()
    assert lines[2].startswith("| one_sided | 0.30 |")
    assert lines[4].startswith("| clip | 1, 2 of 3 diverged |")


def test_the_figure_has_a_row_for_each_and_says_what_diverged():
    best = made(by_strength)
    figure = ranking.draw(best, "w1", title="x")
    first, second = figure.axes
    assert [axes.get_title() for axes in (first, second)] == ["8gaussians", "swissroll"]
    names = [tick.get_text() for tick in first.get_yticklabels()]
    assert names == ["one_sided", "two_sided", "clip"]
    assert first.yaxis_inverted()
    dots = [line for line in first.lines if line.get_linestyle() == "None"]
    assert sorted(len(line.get_xdata()) for line in dots) == [1, 3, 3]
    notes = {text.get_text() for text in first.texts}
    assert notes == {"1.56", "1.95", "2 of 3 diverged"}
    (legend,) = figure.legends
    shown = {text.get_text() for text in legend.get_texts()}
    assert {"penalty in the loss", "as good as real samples"} <= shown


@pytest.mark.parametrize("lost", ["two_sided", "one_sided"])
def test_a_constraint_of_which_all_runs_diverged_is_last(lost):
    best = made(
        lambda settings, seed: (
            None if settings.lipschitz == lost else by_strength(settings, 0)
        )
    )
    assert ranking.in_order(best)[-1] == lost
    ranking.draw(best, "w1", title="x")
    ratio = {
        line.split(" | ")[0]: line.split(" | ")[1]
        for line in ranking.paired_table(best, "one_sided").splitlines()[2:]
    }
    if lost == "one_sided":  # the reference
        assert ratio["| one_sided"] == "1, 3 of 3 diverged"
        assert ratio["| two_sided"] == "—"
    else:
        assert ratio["| two_sided"] == "3 of 3 diverged"


def test_a_sweep_whose_points_have_no_metric_in_common_has_tables(tmp_path):
    found, results = finished(by_strength)
    for each in results:
        name = found.points[each.run.point].settings.data.name
        if name == "swissroll" and not each.diverged:
            each.metrics["sliced_w1"] = each.metrics.pop("w1")
    console = Console(record=True, width=200, file=io.StringIO())
    study._tables(found, tmp_path, console, {"0000": results})
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv", "summary.md"}
    assert "no metric of quality was measured at all points" in console.export_text()


def test_all_that_a_sweep_writes_of_its_results_is_its_own_to_replace(tmp_path):
    found, results = finished(by_strength)
    study._tables(found, tmp_path, Console(quiet=True), {"0000": results})
    assert {path.name for path in tmp_path.iterdir()} == {
        *("table.csv", "summary.md", "summary.png", "ranking.md", "ranking.png")
    }
    (tmp_path / "config.json").write_text('{"grid": []}')
    options = {"overwrite": True, "spec": SWEEP_SPEC}
    workdir.prepare(tmp_path, found.settings, **options)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"config.json", "versions.json"}


def test_a_floor_of_zero_is_as_good_as_real_or_infinitely_far():
    _, results = finished(lambda *_: 1.0)
    run = results[0].run
    scores = [
        ranking._score(Result(run, {"w1": value, "floor": 0.0}), "w1")
        for value in (0.0, 0.1)
    ]
    assert scores == [1.0, np.inf]
