"""What generated samples are compared with, and the metrics that measure them."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import key, own_tables, record_names
from wgan_gp.data import Dataset
from wgan_gp.evaluate import held_out
from wgan_gp.evaluate.held_out import Evaluation, hold_out
from wgan_gp.evaluate.lower_bound import LowerBound, w1_lower_bound
from wgan_gp.evaluate.metrics import METRICS, Metric

VECTORS = Dataset(
    "ones",
    (2,),
    sample=lambda key, n: (jnp.zeros((n, 2)), jnp.zeros(n, int)),
    held_out=lambda key, n: jnp.ones((n, 2)),
    classes=1,
)
TWO_SETS = Evaluation(samples=4, repeats=2)


@pytest.fixture
def metric():
    """Puts a function into the table of metrics, for a test."""
    with own_tables():
        yield lambda measure: METRICS.update(
            x=Metric("x of a test", "x", floor="floor_x", measure=measure)
        )


@pytest.mark.parametrize("held", [True, False], ids=["held out", "training"])
@pytest.mark.parametrize(
    ("shape", "fields"),
    [
        ((2,), {"classes": 1}),
        ((2, 2), {"characters": "ab"}),
        ((8, 2), {}),
        ((2, 2, 1), {"classes": 1}),
    ],
    ids=["vectors", "text", "series", "images"],
)
def test_samples_are_compared_with_those_that_are_held_out(shape, fields, held):
    """With training samples where none are held out."""

    def sample(key, n):
        zeros = jnp.zeros((n, *shape))
        return (zeros, jnp.zeros(n, int)) if "classes" in fields else zeros

    held_out = (lambda key, n: jnp.ones((n, *shape))) if held else None
    dataset = Dataset("constant", shape, sample, held_out=held_out, **fields)
    evaluation = TWO_SETS._replace(data=SimpleNamespace(scale="symmetric"))
    reals = hold_out(dataset, evaluation, key()).reals
    np.testing.assert_array_equal(reals, np.full((2, 4, *shape), float(held)))


def test_a_metric_is_the_mean_over_sets_and_has_a_floor(metric):
    metric(lambda fakes, reals, dataset: (fakes - reals).sum() / len(fakes))
    held = hold_out(VECTORS, TWO_SETS, key())
    # The floor is of training samples, which are zeros here, beside the held-out ones.
    assert held.floor["floor_x"] == -2
    fakes = np.stack([np.full((4, 2), 2.0), np.full((4, 2), 5.0)])
    assert held.quality(fakes)["x"] == (2 + 8) / 2
    assert held.quality(fakes[:1])["x"] == 2


def test_a_metric_of_images_sees_bytes(metric):
    shapes = []

    def measure(fakes, reals, dataset):
        shapes.append((fakes.shape, reals.shape, fakes.dtype, reals.dtype))
        return fakes.mean()

    metric(measure)
    images = Dataset("grey", (2, 2, 1), lambda key, n: jnp.zeros((n, 2, 2, 1)))
    evaluation = TWO_SETS._replace(data=SimpleNamespace(scale="symmetric"))
    held = hold_out(images, evaluation, key())
    assert held.floor["floor_x"] == 128
    assert held.quality(np.ones((1, 4, 2, 2, 1), np.float32))["x"] == 255
    (found,) = set(shapes)
    assert found == ((4, 2, 2, 1), (4, 2, 2, 1), np.uint8, np.uint8)


def test_a_metric_may_not_apply(metric):
    metric(lambda fakes, reals, dataset: None)
    held = hold_out(VECTORS, TWO_SETS, key())
    assert not {"x", "floor_x"} & {*held.floor, *held.quality(np.zeros((2, 4, 2)))}


def test_the_floor_is_that_of_as_many_sets_as_are_evaluated():
    """N-grams of few lines differ more, also of real ones."""
    draw = lambda key, n: jax.nn.one_hot(  # noqa: E731
        jax.random.choice(key, 3, (n, 6)), 3
    )
    letters = Dataset("abc", (6, 3), draw, characters="abc")
    held = hold_out(letters, Evaluation(samples=30, repeats=8), key())
    assert held.floor_beside(8) == held.floor
    one = held.floor_beside(1)
    assert one.keys() == held.floor.keys()
    assert one["floor_js_4"] > 1.5 * held.floor["floor_js_4"]
    alone = hold_out(letters, Evaluation(samples=30, repeats=1), key())
    assert alone.floor_beside(1) == alone.floor


def test_the_last_evaluation_has_a_lower_bound_with_its_floor():
    rows = np.random.default_rng(0).normal(size=(6, 40, 2))
    seen = Dataset("normal", (2,), lambda key, n: rows[:4].reshape(n, 2))
    held = hold_out(seen, Evaluation(samples=40, repeats=2), key())
    fakes = rows[4:] + 4
    found = held.final_quality(fakes)
    bound = w1_lower_bound(held.reals.reshape(-1, 2), fakes.reshape(-1, 2))
    assert (found["lower_bound"], found["lower_bound_error"]) == bound
    assert bound.value > 4
    assert abs(found["floor_lower_bound"]) < 3 * found["floor_lower_bound_error"]
    assert not set(found) & {*held.quality(fakes), *held.floor}
    assert set(found) <= record_names()


def test_few_samples_have_no_lower_bound():
    held = hold_out(VECTORS, TWO_SETS._replace(repeats=1), key())
    assert held.final_quality(np.zeros((1, 4, 2))) == {}


def test_wide_samples_have_a_lower_bound_of_fewer_or_none(monkeypatch):
    shapes = []
    monkeypatch.setattr(
        held_out,
        "w1_lower_bound",
        lambda *sides: shapes.append([x.shape for x in sides]) or LowerBound(1.0, 0.1),
    )
    for width, rows in ((3, 2000), (1024, 512), (5000, None)):
        sets = np.broadcast_to(np.float32(0), (2, 3000, width))
        assert bool(held_out._bounded_below(sets, sets)) == (rows is not None)
        assert (shapes and shapes.pop()) == ([(rows, width)] * 2 if rows else [])


@pytest.mark.parametrize("value", ["high", np.zeros(3), {}])
def test_a_metric_that_is_no_number_is_refused(metric, value):
    metric(lambda fakes, reals, dataset: value)
    with pytest.raises(ValueError, match=r"the metric 'x' measured .*return a number"):
        hold_out(VECTORS, TWO_SETS, key())
