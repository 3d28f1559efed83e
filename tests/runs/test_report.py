"""What a run tells at its end: tables, curves and grids that can be read."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from rich.console import Console

from tests.helpers import resolve
from wgan_gp import data
from wgan_gp.constraints import RECOMMENDED
from wgan_gp.evaluate.held_out import Evaluation
from wgan_gp.evaluate.samples import sample_quality
from wgan_gp.runs import axes, closing, drawing, figures, grids, series_figures, solve
from wgan_gp.runs.advice import recommendation

RESULT = {
    "wasserstein": 3.14159e-7,
    "penalty": 2.5e-9,
    "gradient_norm_mean": 1.25e-5,
    "gradient_norm_min": 1e-6,
    "gradient_norm_max": 2e-4,
    "w1": 0.5,
    "floor": 0.04,
    "seconds": 1.0,
}


def printed(table):
    console = Console(width=200)
    with console.capture() as capture:
        console.print(table.for_console())
    return capture.get()


def closing_table(**fields):
    changed = {name: fields.pop(name) for name in set(RESULT) & set(fields)}
    spread = {"w1_std": fields.pop("w1_std")} if "w1_std" in fields else {}
    config = resolve("swissroll", **fields)
    experiment = SimpleNamespace(
        dataset=data.load("swissroll"),
        evaluation=Evaluation(config.eval_samples, config.eval_repeats),
    )
    return printed(closing.closing_table(experiment, config, RESULT | changed | spread))


def test_small_numbers_keep_their_digits():
    text = closing_table(lipschitz="clip")
    for shown in ("3.142e-07", "1.25e-05", "1e-06 to 0.0002"):
        assert shown in text
    assert "without lambda" not in text
    assert "penalty, without lambda" in closing_table()


def test_a_run_on_vectors_names_the_recommended_constraint_if_it_is_another():
    ring, pictures = data.load("8gaussians"), described(None)
    line = recommendation(ring, resolve())
    for words in (f"--config.lipschitz={RECOMMENDED}", "docs/constraints.md"):
        assert words in line
    assert recommendation(ring, resolve(lipschitz=RECOMMENDED)) is None
    assert recommendation(pictures, resolve("digits", "smoke")) is None


def test_a_spread_is_shown_with_what_it_is_and_not_of_one_set():
    text = closing_table(w1_std=0.0123)
    assert "0.5 ± 0.012" in text
    assert "± standard deviation of 2 sets" in text
    assert "±" not in closing_table()
    reals = np.zeros((1, 5, 2))
    assert set(sample_quality(data.load("swissroll"), reals, reals)) == {"w1"}


def test_a_lone_critics_small_numbers_keep_their_digits():
    fields = {"dimension": 2, "funnels": 4}
    config = SimpleNamespace(
        name="w1", lipschitz="clip", data=SimpleNamespace(**fields)
    )
    names = ("cosine", "cosine_clear", "l2", "w1", "left_out", "seconds")
    result = dict.fromkeys(names, 0.5) | {"estimate": 1.5e-6}
    assert "1.5e-06" in printed(solve.closing_table(config, result))


def curves(steps, estimate, slope, name, values, least=None):
    """A figure of a run whose numbers these functions of the step give."""
    training = [
        {"step": step, "wasserstein": estimate(step), "penalty": 0.0} for step in steps
    ]
    evaluation = [
        {"step": step, "wasserstein": estimate(step), name: values(step)}
        | {f"gradient_norm_{each}": factor * slope(step) for each, factor in SPREAD}
        for step in steps[::2]
    ]
    key = {"w1": "floor", "share": "floor"}.get(name, f"floor_{name}")
    floor = {} if least is None else {key: least}
    return figures.training_curves(training, evaluation, floor=floor, title="digits")


SPREAD = (("min", 0.2), ("mean", 1.0), ("max", 3.0))
STEPS = range(20, 2001, 20)
RUNS = {
    "toy": (STEPS, lambda t: 5 / t, lambda t: 1.0, "w1", lambda t: 9 / t, 0.04),
    "image": (
        *(STEPS, lambda t: 3 + 60 / t, lambda t: 1.1),
        *("frechet", lambda t: 600 * np.exp(-t / 300) + 27, 11.5),
    ),
    "pixels": (STEPS, lambda t: 3.0, lambda t: 1.0, "sliced_w1", lambda t: 0.1, None),
    "clipped": (
        *(STEPS, lambda t: 1e-7 * np.sin(t), lambda t: 1e-5),
        *("share", lambda t: 0.4, None),
    ),
    "diverging": (
        *(STEPS, lambda t: -(t**2.0), lambda t: np.exp(t / 300)),
        *("sliced_w1", lambda t: 1 + t, None),
    ),
    "spike": (
        *(
            STEPS,
            lambda t: 1e5 * np.exp(-t / 9) + 0.1 * np.sin(t),
            lambda t: 1 + 90 / t,
        ),
        *("frechet", lambda t: 9 + t % 3, 8.0),
    ),
    "flat": (STEPS, lambda t: 0.0, lambda t: 0.0, "share", lambda t: 0.0, None),
    "short": ((2, 4), lambda t: 0.3, lambda t: 1.0, "sliced_w1", lambda t: 0.2, 0.1),
    "one": ((2,), lambda t: -0.3, lambda t: 1.0, "sliced_w1", lambda t: 0.2, None),
}


@pytest.mark.parametrize("run", RUNS)
def test_each_axis_has_labels_and_no_legend_hides_a_curve(run):
    figure = curves(*RUNS[run])
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    assert figure.get_suptitle() == "digits"
    for panel in figure.axes:
        for axis in (panel.xaxis, panel.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = zip(axis.get_majorticklocs(), axis.get_ticklabels())
            shown = [label.get_text() for at, label in ticks if low <= at <= high]
            assert len(set(shown)) == len(shown) >= 3, shown
            boxes = [label.get_window_extent() for label in axis.get_ticklabels()]
            assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))
        legend = panel.get_legend().get_window_extent()
        inside = panel.get_window_extent()
        assert legend.y0 >= inside.y1 - 2
        notes = [note.get_text()[:1] for note in panel.texts]
        for line in panel.get_lines():
            points = panel.transData.transform(line.get_xydata())
            if line.get_linestyle() != ":":  # a level line's x is a share of the axis
                assert np.all(points[:, 1] >= inside.y0 - 1) or "↓" in notes
                assert np.all(points[:, 1] <= inside.y1 + 1) or "↑" in notes


def test_scales_are_chosen_from_the_values():
    def scale(*series):
        panel = figures.Figure().add_subplot()
        for values in series:
            panel.plot(values)
        axes.scale_y(panel, *series)
        return panel

    assert scale([3.0, 4.0, 5.0]).get_yscale() == "linear"
    assert scale([1.0, 10.0, 100.0]).get_yscale() == "log"
    assert scale([0.0, 0.0]).get_yscale() == scale([]).get_yscale() == "linear"
    # An outlier among values of both signs is told of, and a whole curve is not one.
    spike = [-0.1, *[0.1] * 40, 100.0]
    panel = scale(spike)
    assert panel.get_yscale() == "linear"
    notes = [note.get_text() for note in panel.texts]
    assert notes == ["↑ up to 100", "↓ down to -0.1"]
    assert panel.get_ylim()[1] < 1
    low, high = scale(spike, [5.0, 6.0]).get_ylim()
    assert low < 0.1
    assert 6 < high < 10


@pytest.mark.parametrize("low", [1e-28, 3e-3, 0.9])
@pytest.mark.parametrize("ratio", [1.04, 1.5, 20, 1e28])
def test_a_log_axis_has_labels_that_let_one_read_values(low, ratio):
    panel = figures.Figure().add_subplot(yscale="log", ylim=(low, ratio * low))
    axes.label_decades(panel.yaxis)
    ticks = panel.yaxis.get_majorticklocs()
    assert 2 <= len(ticks) <= 8
    assert np.diff(ticks).min() > 0


def described(classes, names=None):
    shape = (8, 8, 1)
    return data.Dataset("set", shape, None, classes=classes, class_names=names)


@pytest.mark.parametrize("classes", [1, 2, 3, 8, 10, 16, 17, 100, 256, 300])
def test_every_class_is_in_the_grid(classes):
    grid = grids.grid_layout(described(classes))
    assert set(grid.labels) == set(range(min(classes, 256)))
    assert len(grid.labels) % grid.columns == 0
    table = grid.labels.reshape(-1, grid.columns)
    assert len(table) >= 8
    if classes <= 16:
        assert (table == table[0]).all()
        assert grid.headings["columns"] == [str(label) for label in table[0]]
    else:
        assert grid.headings["rows"][1] == f"16 to {table[1, -1]}"
    assert grids.grid_layout(described(None)).labels is None


def test_headings_stand_beside_the_picture_and_change_none_of_it(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    names = ("cat\n", "a very long name of a class")
    columns = grids.grid_layout(described(2, names)).headings["columns"]
    figures.save_image(tmp_path / "plain.png", image)
    figures.save_image(tmp_path / "columns.png", image, columns=columns)
    figures.save_image(tmp_path / "rows.png", image[..., :1], rows=["0 to 15"] * 8)
    plain, columns, rows = (
        np.asarray(Image.open(tmp_path / f"{name}.png"))
        for name in ("plain", "columns", "rows")
    )
    np.testing.assert_array_equal(columns[-512:, -512:], plain)
    np.testing.assert_array_equal(rows[-512:, -512:], plain[..., 0])
    assert columns[:-512].min() < 128
    assert rows[:, :-512].min() < 128


def test_a_title_names_the_data_and_not_the_folders_they_are_in():
    experiment = SimpleNamespace(dataset=described(None)._replace(name="npz:/a/b.npz"))
    title = drawing._title(experiment, resolve("digits", "smoke"))
    assert title == "npz:b.npz: two_sided, 4 generator updates"
    experiment.dataset = described(None)._replace(name="folder:$x_{")
    figure = curves(*RUNS["one"])
    figure.suptitle(drawing._title(experiment, resolve("digits", "smoke")))
    FigureCanvasAgg(figure).draw()


def test_what_a_user_named_with_dollars_is_no_formula():
    series = np.random.RandomState(0).normal(size=(30, 16, 1))
    drawn = [
        series_figures.series_figure(["a$_$b"], series, series),
    ]
    for figure in drawn:
        FigureCanvasAgg(figure).draw()
    assert axes.plain_text("abcdef", 3) == "abc…"


def test_curves_are_of_what_the_last_evaluation_has():
    """A run may have gone on with other data, of which other things are measured."""
    norms = {f"gradient_norm_{each}": 1.0 for each in ("mean", "min", "max")}
    record = {"wasserstein": 0.1, "penalty": 0.0} | norms
    first = record | {"step": 1, "w1": 0.3, "share": 0.5}
    second = record | {"step": 2, "sliced_w1": 0.2}
    training = [{"step": 1} | record, {"step": 2} | record]
    figure = figures.training_curves(training, [first, second], floor={})
    (line,) = figure.axes[2].lines
    np.testing.assert_array_equal(line.get_xydata(), [[2, 0.2]])
    labels = [each.get_label() for each in figure.axes[0].lines]
    assert not any("W1" in label for label in labels)
