"""Metrics of vectors: exact on known sets, and not misled by many dimensions."""

import numpy as np
import pytest

from tests.helpers import cases, key
from wgan_gp import data
from wgan_gp.data.arrays import resident
from wgan_gp.evaluate.distances import exact_wasserstein
from wgan_gp.evaluate.held_out import _some_of_training
from wgan_gp.evaluate.vectors import (
    marginal_wasserstein,
    nearest_ratio,
    spread,
    two_sample_accuracy,
    vector_quality,
)

DIMENSIONS = (1, 2, 5, 10, 20, 64)
# How much worse than other real samples each metric must call a bad generator.
WORSE = {"marginal_w1": 2.0, "sliced_w1": 2.0, "sinkhorn": 3.0}
BAD = {
    "half the spread": lambda reals: 0.5 * reals,
    "all at the mean": lambda reals: 1e-3 * reals,
}


def normal(dimension, n=400, seed=0):
    return np.random.default_rng(seed).normal(size=(n, dimension))


@pytest.mark.parametrize("dimension", cases(DIMENSIONS, soon=(5, 64)))
def test_a_narrow_generator_is_called_bad_in_every_dimension(dimension):
    reals, others = normal(dimension), normal(dimension, seed=1)
    floor = vector_quality(others, reals, None)
    assert abs(floor["two_sample"] - 0.5) < 0.1
    assert abs(floor["spread"] - 1) < 0.1
    for name, worsen in BAD.items():
        found = vector_quality(worsen(normal(dimension, seed=2)), reals, None)
        for metric, factor in WORSE.items():
            assert found[metric] > factor * floor[metric], (name, metric)
        assert found["two_sample"] > floor["two_sample"] + 0.1, name
        assert found["spread"] < 0.6, name
        assert found["recall"] < floor["recall"] - 0.05, name


def test_exact_w1_is_misled_by_many_dimensions():
    """The reason for the other metrics; with it `W1 / floor` is better than 1."""
    reals, others = normal(20), normal(20, seed=1)
    assert exact_wasserstein(0.5 * others, reals) < exact_wasserstein(others, reals)


def test_the_marginal_distance_of_a_translation_is_its_mean_length():
    reals = normal(3)
    moved = reals + np.array([1.0, -2.0, 0.0])
    np.testing.assert_allclose(marginal_wasserstein(moved, reals), 1.0)
    shuffled = np.stack(
        [np.random.default_rng(i).permutation(reals[:, i]) for i in range(3)]
    )
    np.testing.assert_allclose(marginal_wasserstein(shuffled.T, reals), 0, atol=1e-12)


def test_the_spread_is_the_ratio_of_deviations():
    reals = normal(3, n=1000)
    reals[:, 2] = 0.01 * (np.arange(1000) == 0)  # hardly varies
    found = spread(reals * np.array([0.5, 2.0, 0.0]), reals)
    np.testing.assert_allclose(found[1:], (0.5, 2.0))
    np.testing.assert_allclose(found.overall, (4.25 / 2) ** 0.5, rtol=0.05)
    assert spread(np.ones((4, 2)), np.ones((4, 2))).overall == 1


@pytest.mark.parametrize("bad", ["moved", "uncorrelated", "wide"])
def test_the_classifier_sees_means_correlations_and_spreads(bad):
    def correlated(seed):
        return normal(4, 600, seed) @ np.linalg.cholesky(0.2 * np.eye(4) + 0.8).T

    reals, good = correlated(0), correlated(1)
    fakes = {
        "moved": correlated(2) + 0.7,
        "uncorrelated": normal(4, 600, 2),
        "wide": 1.5 * correlated(2),
    }[bad]
    assert abs(two_sample_accuracy(good, reals) - 0.5) < 0.06
    assert two_sample_accuracy(fakes, reals) > 0.58
    assert two_sample_accuracy(reals + 50, reals) == 1


def test_copies_of_the_training_rows_are_near_them():
    train, reals = normal(5, n=500), normal(5, seed=1)
    copies = train[:100]
    assert nearest_ratio(copies, reals, train) == 0
    assert abs(nearest_ratio(normal(5, seed=2), reals, train) - 1) < 0.2
    assert nearest_ratio(reals, copies, train) == 1


@pytest.mark.parametrize("count", [20_000, 400_000])
def test_copies_are_seen_among_more_rows_than_are_searched(count):
    """A run looks at 10,000 training rows, drawn with replacement."""
    rows = normal(3, n=count).astype(np.float32)
    dataset = data.Dataset("t", (3,), resident(rows), count=count)
    train, share = _some_of_training(dataset, key())
    assert len(train) == 10_000
    copies = np.random.default_rng(1).choice(rows, 2000)
    reals, new = (normal(3, seed=seed, n=2000) for seed in (1, 2))
    assert nearest_ratio(copies, reals, train, share) == 0
    assert 0.7 < nearest_ratio(new, reals, train, share) < 1.4
    assert nearest_ratio(copies, reals, train, 1e-4) is None
    known = np.concatenate([reals[:1900], train[:100]])
    assert nearest_ratio(new, known, train, min(share, 0.05)) is None


def test_a_few_samples_and_constant_entries_have_finite_metrics():
    few = vector_quality(normal(2, n=4), normal(2, n=4, seed=1), normal(2))
    assert set(few) == {
        "marginal_w1",
        "sliced_w1",
        "spread",
        "spread_min",
        "spread_max",
    }
    flat = np.zeros((20, 3))
    found = vector_quality(flat, flat, flat)
    assert np.isfinite(list(found.values())).all()
    assert found["two_sample"] == 0.5


def test_sets_that_are_the_same_are_told_apart_by_chance_alone():
    x = normal(3)
    assert two_sample_accuracy(x, x) == 0.5


def test_a_generator_that_is_far_away_is_measured():
    """Its Sinkhorn divergence would not converge at the width of real samples."""
    reals = normal(8, n=60)
    found = vector_quality(1e5 * normal(8, n=60, seed=1) + 1e5, reals, reals)
    exact = exact_wasserstein(1e5 * normal(8, n=60, seed=1) + 1e5, reals)
    assert found["sinkhorn"] == pytest.approx(exact, rel=0.05)
