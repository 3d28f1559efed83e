from itertools import permutations

import numpy as np
import pytest

from wgan_gp import data
from wgan_gp.evaluate import exact_wasserstein
from wgan_gp.evaluate.samples import sample_quality, sampling_floor


def draw(n=40, shape=(2,), seed=0):
    return np.random.default_rng(seed).normal(size=(n, *shape))


def brute_force(first, second):
    """The least mean distance over all ways to pair two small sets."""
    cost = np.linalg.norm(first[:, None] - second[None], axis=-1)
    rows = np.arange(len(first))
    return min(cost[rows, list(order)].mean() for order in permutations(rows))


@pytest.mark.parametrize("shape", [(1,), (2,), (2, 3)])
def test_a_translated_set_is_as_far_as_it_was_moved(shape):
    points, move = draw(shape=shape), draw(1, shape, seed=1)
    expected = np.linalg.norm(move.ravel())
    shuffled = np.random.default_rng(2).permutation(points + move)
    np.testing.assert_allclose(exact_wasserstein(points, shuffled), expected)


def test_point_masses_are_as_far_as_their_points():
    first, second = np.zeros((6, 2)), np.tile([3.0, 4.0], (6, 1))
    assert exact_wasserstein(first, second) == 5


def test_a_set_is_at_distance_zero_from_itself_in_any_order():
    points = draw()
    assert exact_wasserstein(points, points) == 0
    np.testing.assert_allclose(exact_wasserstein(points, points[::-1]), 0)


def test_the_distance_is_symmetric():
    first, second = draw(seed=0), draw(seed=1)
    np.testing.assert_allclose(
        exact_wasserstein(first, second), exact_wasserstein(second, first)
    )


def test_on_a_line_it_is_the_mean_difference_of_the_sorted_values():
    first, second = draw(shape=(1,)), 3 * draw(shape=(1,), seed=1)
    expected = np.abs(np.sort(first, 0) - np.sort(second, 0)).mean()
    np.testing.assert_allclose(exact_wasserstein(first, second), expected)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_best_of_all_pairings(seed):
    first, second = draw(5, seed=seed), draw(5, seed=seed + 100)
    np.testing.assert_allclose(
        exact_wasserstein(first, second), brute_force(first, second)
    )


@pytest.mark.parametrize("other", [(39, 2), (40, 3), (40,)])
def test_sets_of_different_shapes_are_rejected(other):
    with pytest.raises(ValueError, match="one shape"):
        exact_wasserstein(draw(), np.zeros(other))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("which", [0, 1])
def test_samples_that_are_not_finite_are_rejected(bad, which):
    sets = [draw(), draw(seed=1)]
    sets[which][3, 0] = bad
    with pytest.raises(ValueError, match="finite"):
        exact_wasserstein(*sets)


def test_the_floor_is_the_mean_over_the_pairs_of_sets():
    first = np.zeros((2, 4, 2))
    second = first + np.array([1.0, 3.0])[:, None, None] * [1.0, 0.0]
    assert sampling_floor(first, second) == 2


def test_sample_quality_is_the_mean_and_spread_over_the_sets():
    reals = np.zeros((2, 4, 2))
    fakes = reals + np.array([1.0, 3.0])[:, None, None] * [1.0, 0.0]
    quality = sample_quality(data.load("swissroll"), fakes, reals)
    assert quality == {"w1": 2.0, "w1_std": 1.0}
    ring = sample_quality(data.load("8gaussians"), fakes, reals)
    assert (ring["modes"], ring["share"]) == (0, 0)
