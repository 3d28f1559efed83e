"""What a run measures and shows is of the averaged generator, at all times."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from tests.games import tiny
from tests.helpers import key
from wgan_gp.build import Experiment
from wgan_gp.data import Dataset
from wgan_gp.data.columns import CATEGORY, NUMBER, Column, Columns
from wgan_gp.evaluate.held_out import Evaluation, HeldOutSets
from wgan_gp.networks import Network
from wgan_gp.runs import animation, class_tables, drawing, grids, loop, series_figures
from wgan_gp.train import Player, TrainState

SETTINGS = SimpleNamespace(seed=0, data=SimpleNamespace(scale="symmetric"))
GREY = Dataset("grey", (2, 2, 1), None)
LINES = Dataset("lines", (2, 2), None, characters="ab")
PLANE = Dataset("plane", (2,), None)
CLASS = Column("class", CATEGORY, values=("a", "b"))
PAIRS = np.zeros((1, 4, 2))
TABLE = Columns((Column("x", NUMBER), CLASS), "class")


def made(dataset, average, classes=None):
    """A run whose generator makes its parameters; they are minus their average."""
    algorithm = tiny()
    if classes:
        sample = algorithm.sample_latent
        algorithm = algorithm._replace(
            sample_latent=lambda key, n: (sample(key, n), jnp.arange(n) % classes)
        )

    def apply(params, z):
        count = len(z[0] if isinstance(z, tuple) else z)
        return jnp.broadcast_to(params, (count, *dataset.shape))

    average = jnp.asarray(average, jnp.float32)
    state = TrainState(
        jnp.int32(1),
        key(),
        Player({"params": algorithm.critic.network.init(key(1))["params"]}, ()),
        Player(-average, ()),
        average,
    )
    algorithm = algorithm._replace(generator=Network(None, apply))
    evaluation = Evaluation(4, 1, data=SETTINGS.data)
    dataset = dataset._replace(classes=classes)
    return Experiment(dataset, algorithm, None, evaluation), state


def held(reals=PAIRS, **fields):
    return HeldOutSets(reals, {}, lambda fakes: {"made": fakes.mean()}, **fields)


def test_an_evaluation(monkeypatch):
    experiment, state = made(PLANE, [3.0, 5.0])
    diagnosed = []
    diagnose = lambda *args: diagnosed.append(args[3]) or {}  # noqa: E731
    monkeypatch.setattr(loop, "_diagnose", diagnose)
    assert loop.evaluate(experiment, state, held(), key(), 1) == {"made": 4.0}
    np.testing.assert_array_equal(diagnosed[0], np.tile([3.0, 5.0], (4, 1)))


def test_an_animations_frame(tmp_path):
    experiment, state = made(PLANE, [3.0, 5.0])
    keep = animation.keeper(
        experiment,
        tmp_path,
        title="",
        reals=np.ones((4, 2)),
        steps=frozenset({1}),
        seed=0,
    )
    keep(state, 1)
    (frame,) = animation.read_scene(tmp_path).frames
    np.testing.assert_array_equal(np.unique(frame.fakes, axis=0), [[3.0, 5.0]])


@pytest.mark.parametrize("draw", [grids.image_grid, grids.interpolations])
def test_a_grid_of_images(draw):
    experiment, state = made(GREY, 1.0)
    assert draw(experiment, SETTINGS, state)[0, 0] == 255


@pytest.mark.parametrize("classes", [None, 2])
def test_lines_of_text(classes):
    experiment, state = made(LINES, [[-1.0, 1.0], [1.0, -1.0]], classes)
    lines = series_figures.text_samples(experiment, SETTINGS, state)
    assert {line[-2:] for line in lines} == {"ba"}


class Seen(Exception):  # noqa: N818
    pass


def show(images):
    raise Seen(images)


def test_generated_samples_of_a_figure():
    experiment, state = made(PLANE, [3.0, 5.0])
    _, fakes = drawing._real_and_generated(experiment, state, held(), key())
    np.testing.assert_array_equal(np.unique(fakes, axis=0), [[3.0, 5.0]])


def test_the_figure_of_the_plane(monkeypatch, tmp_path):
    experiment, state = made(PLANE, [3.0, 5.0])
    for name in ("_title", "save_figure"):
        monkeypatch.setattr(drawing, name, lambda *_: "")
    monkeypatch.setattr(drawing.figures, "training_curves", lambda *_, **__: None)
    contours = lambda *args, **_: show(args[4])  # noqa: E731
    monkeypatch.setattr(drawing.figures, "critic_contours", contours)
    sets = held(np.ones((1, 4, 2)))
    with pytest.raises(Seen) as seen:
        drawing.draw_figures(experiment, None, state, sets, (), key(), tmp_path)
    np.testing.assert_array_equal(seen.value.args[0], np.tile([3.0, 5.0], (1000, 1)))


def test_a_table_of_classes_that_are_recognised():
    experiment, state = made(GREY, 1.0, 2)
    sets = held(np.zeros((1, 4, 2, 2, 1)), classify=show)
    with pytest.raises(Seen) as seen:
        class_tables.class_table(experiment, state, sets, key())
    assert (seen.value.args[0] == 1).all()


def test_a_table_of_classes_among_the_entries(monkeypatch):
    rows = Dataset("rows", (3,), lambda key, n: jnp.zeros((n, 3)), columns=TABLE)
    experiment, state = made(rows, [7.0, 0.0, 1.0])
    by_class = lambda dataset, fakes, *_, **__: show(fakes)  # noqa: E731
    monkeypatch.setattr(class_tables, "by_class", by_class)
    with pytest.raises(Seen) as seen:
        class_tables.class_table(experiment, state, held(np.zeros((1, 4, 3))), key())
    np.testing.assert_array_equal(
        np.unique(seen.value.args[0], axis=0), [[7.0, 0.0, 1.0]]
    )
