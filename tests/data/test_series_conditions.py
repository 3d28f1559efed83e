"""Labels and numbers of series: channels that are constant in time."""

import re

import jax
import numpy as np
import pytest

from tests.data.test_sequences import saved, simulated, text_file
from tests.helpers import key, resolve
from wgan_gp.build import open_dataset
from wgan_gp.data import Dataset
from wgan_gp.data.conditions import with_label_entries
from wgan_gp.data.sequences import open_series
from wgan_gp.data.sources import split_indices
from wgan_gp.evaluate.classes import by_class
from wgan_gp.evaluate.held_out import Evaluation, hold_out

LABELS = np.array(["b", "a"] * 50)
X = simulated(100) + np.where(LABELS == "a", 3.0, 0.0)[:, None, None]
GIVEN = np.stack([X.mean(axis=(1, 2)), np.arange(100.0)], axis=1)


def told_of(dataset, n=400):
    """What was drawn of the told channels `[n, k]`, the same at each step."""
    drawn = np.asarray(jax.jit(dataset.sample, static_argnums=1)(key(), n))
    told = drawn[..., list(dataset.columns.told)]
    np.testing.assert_array_equal(told, np.broadcast_to(told[:, :1], told.shape))
    return drawn, told[:, 0]


def test_labels_are_channels_of_their_own_series(tmp_path):
    path = saved(tmp_path / "a.npz", samples=X, labels=LABELS, channels=["volts"])
    dataset = open_series(path, conditional=True)
    assert dataset.shape == (64, 3)
    assert (dataset.classes, dataset.class_names) == (2, ("a", "b"))
    train = LABELS[split_indices(100, "train")]
    shares = np.mean(train == "a"), np.mean(train == "b")
    np.testing.assert_allclose(dataset.class_shares, shares, rtol=1e-6)
    drawn, told = told_of(dataset)
    assert (told.sum(axis=1) == 1).all()
    means = drawn[..., 0].mean(axis=1)  # series of "a" lie higher
    assert means[told[:, 0] == 1].mean() > means[told[:, 1] == 1].mean() + 1
    held = np.asarray(dataset.held_out(key(), 10))
    assert held.shape == (10, 64, 3)
    assert (held[..., 1:].sum(axis=-1) == 1).all()


def test_numbers_are_standardised_channels(tmp_path):
    names = ["mean", "count"]
    path = saved(tmp_path / "a.npz", samples=X, given=GIVEN, given_names=names)
    dataset = open_series(path, conditional=True)
    assert dataset.shape == (64, 3)
    assert dataset.columns.given == ("mean", "count")
    assert dataset.conditions.shape == (80, 2)
    np.testing.assert_allclose(dataset.conditions.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(dataset.conditions.std(axis=0), 1, rtol=1e-6)
    drawn, told = told_of(dataset)
    kept = {tuple(row) for row in dataset.conditions.tolist()}
    assert {tuple(row) for row in told.tolist()} <= kept
    np.testing.assert_allclose(  # each series has its own
        np.corrcoef(drawn[..., 0].mean(axis=1), told[:, 0])[0, 1], 1, rtol=1e-3
    )


@pytest.mark.parametrize("more", [{"labels": LABELS}, {"given": GIVEN}])
def test_without_conditional_they_are_ignored(more, tmp_path):
    dataset = open_series(saved(tmp_path / "a.npz", samples=X, **more))
    plain = open_series(saved(tmp_path / "b.npz", samples=X))
    assert dataset.shape == (64, 1)
    assert dataset.columns == plain.columns
    np.testing.assert_array_equal(dataset.sample(key(), 5), plain.sample(key(), 5))


REFUSED = {
    "neither": ({}, "neither labels [N] nor given [N, k]"),
    "both": ({"labels": LABELS, "given": GIVEN}, "both labels and given"),
    "labels of another length": (
        {"labels": LABELS[:9]},
        "labels must be integers [100",
    ),
    "a label is missing": ({"labels": [-1] * 100}, "labels must be at least 0"),
    "given of another length": ({"given": GIVEN[:9]}, "given must be [100, k]"),
    "given of text": ({"given": LABELS}, "given must be numbers [N, k]"),
    "a gap": (
        {"given": np.where(GIVEN > 98, np.inf, GIVEN)},
        "row 100: given has no finite number in column 2",
    ),
    "constant": ({"given": np.ones(100)}, "given 'given1' is constant"),
    "names": (
        {"given": GIVEN, "given_names": ["u"]},
        "given_names must be 2 names, got <U1 [1]",
    ),
    "a channel's name": (
        {"labels": LABELS, "channels": ["label"]},
        "a channel and a condition have the name 'label'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_condition_is_refused_in_one_line(name, tmp_path):
    more, message = REFUSED[name]
    path = saved(tmp_path / "a.npz", samples=X, **more)
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        open_series(path, conditional=True)
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_file_of_lines_has_no_conditions(tmp_path):
    named = {"data.name": text_file(tmp_path / "a.txt"), "conditional": True}
    with pytest.raises(ValueError, match="has lines without labels: conditional"):
        open_dataset(resolve("language", "smoke", **named))


def test_series_are_compared_by_their_own_channels(tmp_path):
    told = saved(tmp_path / "a.npz", samples=X, labels=LABELS)
    plain = saved(tmp_path / "b.npz", samples=X)
    floors = []
    for dataset in (open_series(told, conditional=True), open_series(plain)):
        held = hold_out(dataset, Evaluation(10, 1), key())
        floors.append(held.floor)
        assert held.quality(held.reals)["values_w1"] == 0
    assert floors[0] == floors[1]


def test_each_class_of_series_is_compared_with_its_own(tmp_path):
    path = saved(tmp_path / "a.npz", samples=X, labels=LABELS)
    dataset = open_series(path, conditional=True)
    reals, others = (np.asarray(dataset.sample(key(i), 60)) for i in (0, 1))
    swapped = others[..., [0, 2, 1]]  # the other class's name on each series
    right, wrong = (by_class(dataset, x, reals, others) for x in (others, swapped))
    for name in ("a", "b"):
        assert right[name].distance == right[name].floor
        assert wrong[name].distance > 5 * wrong[name].floor
        assert right[name].share == pytest.approx(
            np.mean(others[:, 0, 1] == 1), abs=0.2
        )


def test_a_sampler_of_series_with_labels_has_them_as_channels():
    def sample(key, n):
        return jax.random.normal(key, (n, 5, 2)), jax.numpy.arange(n) % 3

    dataset = with_label_entries(Dataset("own", (5, 2), sample, classes=3))
    assert dataset.shape == (5, 5)
    assert dataset.columns.told == (2, 3, 4)
    drawn = np.asarray(dataset.sample(key(), 4))
    np.testing.assert_array_equal(drawn[:, 4, 2:], np.eye(3)[[0, 1, 2, 0]])
