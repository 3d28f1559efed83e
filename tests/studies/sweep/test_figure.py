import numpy as np
import pytest

from tests.studies.sweep.test_plan import configuration
from wgan_gp.studies import sweep
from wgan_gp.studies.sweep import figure, results
from wgan_gp.studies.sweep.chunks import Result
from wgan_gp.studies.sweep.results import Summary


def summaries(*studies, seeds=3, lost=()):
    """Made-up results; the points of numbers `lost` diverged."""
    found = sweep.resolve(configuration(grid=studies, seeds=seeds))
    random = np.random.default_rng(0)
    made = [
        Result(run, {})
        if run.point in lost
        else Result(run, {"w1": random.uniform(0.1, 0.3), "floor": 0.05})
        for run in found.runs
    ]
    return found, results.summarise(found, made)


def test_each_study_and_constraint_has_a_panel():
    _, made = summaries(
        "lipschitz=clip,two_sided n_critic=1,2",
        "lipschitz=one_sided penalty.weight=0.1,1,10 ema_decay=0.0,0.5",
    )
    drawn = figure.draw(made, title="x")
    panels = [axes for axes in drawn.axes if axes.get_visible()]
    titles = [axes.get_title() for axes in panels]
    assert titles == ["clip", "two_sided", "one_sided"]
    assert [axes.get_xlabel() for axes in panels] == [
        "n_critic",
        "n_critic",
        "λ (penalty.weight)",
    ]
    assert [axes.get_xscale() for axes in panels] == ["linear", "linear", "log"]
    assert len({axes.get_ylim() for axes in panels}) == 1
    shown = [text.get_text() for text in panels[2].get_legend().get_texts()]
    assert shown == ["ema_decay 0.0", "ema_decay 0.5"]


def test_a_legend_names_the_lines_that_are_drawn():
    """Of a line whose runs all diverged there is none."""
    _, made = summaries("penalty.weight=1,2 ema_decay=0.0,0.5")
    for lost, expected in ((0.0, ["ema_decay 0.5"]), (0.5, ["ema_decay 0.0"])):
        changed = [
            each._replace(metrics={}, diverged=3)
            if each.point.swept["ema_decay"] == lost
            else each
            for each in made
        ]
        (axes,) = figure.draw(changed, title="x").axes
        shown = [text.get_text() for text in axes.get_legend().get_texts()]
        assert shown == expected


def test_each_seed_is_a_dot_and_the_median_a_line():
    _, made = summaries("penalty.weight=1,2", seeds=5)
    (axes,) = figure.draw(made, title="x").axes
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in dots] == [5, 5]
    (median,) = [line for line in axes.lines if line.get_gid() == "median"]
    np.testing.assert_allclose(
        median.get_ydata(), [np.median(each.metrics["w1"]) for each in made]
    )


def test_runs_that_diverged_are_marked_on_the_upper_edge():
    _, made = summaries("penalty.weight=1,2,3", lost=(1,))
    (axes,) = figure.draw(made, title="x").axes
    (cross,) = [line for line in axes.lines if line.get_marker() == "x"]
    assert (cross.get_xdata()[0], cross.get_ydata()[0]) == (2, axes.get_ylim()[1])
    assert [text.get_text() for text in axes.texts] == ["3"]


@pytest.mark.parametrize("values", ["(8,8),(4,4)", "(8,8)"])
def test_values_that_are_no_numbers_are_categories(values):
    _, made = summaries(f"critic.hidden={values}")
    (axes,) = figure.draw(made, title="x").axes
    assert axes.get_xscale() == "linear"
    shown = [label.get_text() for label in axes.get_xticklabels()]
    assert shown == ["(8, 8)", "(4, 4)"][: len(shown)]


def test_tables_have_medians_and_what_diverged():
    found, made = summaries("penalty.weight=1,2", lost=(0,))
    made[1].metrics["w1"][:] = 0.3, 0.1, 0.2
    lines = results.markdown(found, made).splitlines()
    assert lines[-4].endswith("| exact W1 | exact W1 of real samples | diverged |")
    assert lines[-2] == "| two_sided | 1.0 |  |  | 3 of 3 |"
    floor = "0.05 (0.05 to 0.05)"
    assert lines[-1] == f"| two_sided | 2.0 | 0.2 (0.1 to 0.3) | {floor} | 0 of 3 |"


def test_each_point_has_the_floor_of_its_own_real_samples():
    found, made = summaries("data.name=8gaussians,25gaussians penalty.weight=1,2")
    for each in made:
        ring = each.point.settings.data.name == "8gaussians"
        each.metrics["floor"][:] = 0.02 if ring else 0.07
    *_, ring, _, grid = results.markdown(found, made).splitlines()[:-1]
    assert "0.02 (0.02 to 0.02)" in ring
    assert "0.07 (0.07 to 0.07)" in grid
    (axes,) = figure.draw(made, title="x").axes
    short = [line for line in axes.lines if line.get_label() == "real samples"]
    assert sorted(line.get_ydata()[0] for line in short) == [0.02, 0.02, 0.07, 0.07]
    _, made = summaries("penalty.weight=1,2")
    (axes,) = figure.draw(made, title="x").axes
    (line,) = [each for each in axes.lines if each.get_label() == "real samples"]
    assert line.get_ydata() == [0.05, 0.05]


def test_points_are_compared_by_a_metric_that_all_have(tmp_path):
    found, made = summaries("penalty.weight=1,2", lost=())
    made[0].metrics["sliced_w1"] = np.full(3, 0.1)
    assert results.quality(made) == "w1"
    figure.draw(made, title="x")
    del made[0].metrics["w1"]
    assert results.quality(made) is None
    table = results.markdown(found, made)
    assert "sliced W1 | exact W1" in table
    assert "of real samples" not in table


def test_a_sweep_that_diverged_altogether_has_tables():
    found, made = summaries("penalty.weight=1,2", lost=(0, 1))
    assert results.quality(made) is None
    assert "3 of 3" in results.markdown(found, made)
    assert results.closing_table(found, made).row_count == 2
    assert isinstance(made[0], Summary)
