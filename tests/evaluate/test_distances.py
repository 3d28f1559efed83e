from functools import partial
from itertools import permutations
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import gammaln

from wgan_gp import data
from wgan_gp.evaluate import (
    distances,
    exact_wasserstein,
    frechet_distance,
    optimal_coupling,
    precision_recall,
    sinkhorn_divergence,
    sliced_wasserstein,
)
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


DISTANCES = {
    "exact": exact_wasserstein,
    "sliced": partial(sliced_wasserstein, directions=64),
    "sinkhorn": partial(sinkhorn_divergence, regularisation=0.5),
}


@pytest.mark.parametrize("name", DISTANCES)
def test_every_distance_is_symmetric_and_zero_on_equal_sets(name):
    distance = DISTANCES[name]
    first, second = draw(seed=0), 1 + draw(seed=1)
    both_ways = distance(first, second), distance(second, first)
    np.testing.assert_allclose(*both_ways, rtol=1e-4)
    assert both_ways[0] > 0.1
    np.testing.assert_allclose(distance(first, first[::-1]), 0, atol=1e-4)


@pytest.mark.parametrize("name", DISTANCES)
def test_every_distance_of_point_masses_is_between_their_points(name):
    first, second = np.zeros((6, 1)), np.full((6, 1), 3.0)
    np.testing.assert_allclose(DISTANCES[name](first, second), 3, rtol=1e-5)


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("other", [(40, 3), (40,), (0, 2), ()])
def test_sets_of_different_shapes_are_rejected(name, other):
    with pytest.raises(ValueError, match=r"one shape|is empty"):
        DISTANCES[name](draw(), np.zeros(other))


@pytest.mark.parametrize("name", ["exact", "sliced"])
def test_unequal_numbers_of_samples_are_rejected(name):
    with pytest.raises(ValueError, match=r"equally many samples.*39 and 40"):
        DISTANCES[name](draw(39), draw(40))


def test_gaussians_on_a_line_are_as_far_as_their_closed_form():
    # W1 of N(0, 1) and N(0, s): E|Z| |s - 1|; of N(0, 1) and N(m, 1): m.
    normal = np.random.default_rng(0).normal(size=(200_000, 1))
    scaled, moved = 3 * normal[::-1], normal[::-1] + 2
    expected = 2 * np.sqrt(2 / np.pi)
    np.testing.assert_allclose(exact_wasserstein(normal, scaled), expected, rtol=1e-2)
    np.testing.assert_allclose(exact_wasserstein(normal, moved), 2, rtol=1e-6)


def test_on_a_line_sorting_agrees_with_assignment():
    first, second = draw(shape=(1,)), 3 * draw(shape=(1,), seed=1)
    padded = (np.pad(x, ((0, 0), (0, 1))) for x in (first, second))
    np.testing.assert_allclose(
        exact_wasserstein(first, second), exact_wasserstein(*padded)
    )


def test_the_coupling_attains_the_distance():
    first, second = draw(seed=0), draw(seed=1)
    moved = np.linalg.norm(first - second[optimal_coupling(first, second)], axis=1)
    np.testing.assert_allclose(moved.mean(), exact_wasserstein(first, second))


@pytest.mark.parametrize("dimension", [2, 3, 50])
def test_a_translation_is_seen_sliced_by_the_mean_cosine(dimension):
    # E|cos| of a random line with a fixed direction: Gamma ratio, 2 / pi at D = 2.
    first, move = draw(50, (dimension,)), np.eye(1, dimension)
    half = dimension / 2
    expected = np.exp(gammaln(half) - gammaln(half + 0.5)) / np.sqrt(np.pi)
    actual = sliced_wasserstein(first, first + move, directions=4000)
    np.testing.assert_allclose(actual, expected, rtol=0.04)


def test_sliced_is_at_most_exact_and_repeats_with_its_seed():
    first, second = draw(seed=0), 1 + draw(seed=1)
    once, again = (sliced_wasserstein(first, second, seed=3) for _ in range(2))
    assert once == again < exact_wasserstein(first, second)
    assert once != sliced_wasserstein(first, second, seed=4)
    with pytest.raises(ValueError, match="directions must be a whole number >= 1"):
        sliced_wasserstein(first, second, directions=0)


def test_sliced_w1_of_large_samples_is_finite():
    first = np.full((3, 2), 1.6e308)
    second = 0.9 * first
    scaled = 1e300 * sliced_wasserstein(first / 1e300, second / 1e300)
    np.testing.assert_allclose(sliced_wasserstein(first, second), scaled)


def test_sliced_w1_is_the_same_of_bytes_and_in_small_blocks(monkeypatch):
    first, second = np.random.default_rng(0).integers(0, 256, (2, 40, 3, 2), np.uint8)
    whole = sliced_wasserstein(first.astype(float), second.astype(float))
    monkeypatch.setattr(distances, "_BLOCK", 50)
    np.testing.assert_allclose(sliced_wasserstein(first, second), whole, rtol=1e-12)


def test_the_entropic_distance_tends_to_the_exact_one():
    first, second = draw(seed=0), 2 + draw(seed=1)
    exact = exact_wasserstein(first, second)
    errors = [
        abs(sinkhorn_divergence(first, second, regularisation=each) - exact)
        for each in (1.0, 0.1, 0.02)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.02 * exact


def test_the_entropic_distance_takes_unequal_numbers():
    first, second = draw(40), np.concatenate([draw(40), draw(40)])
    assert abs(sinkhorn_divergence(first, second, regularisation=0.5)) < 1e-4


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_a_regularisation_that_is_not_positive_is_refused(bad):
    with pytest.raises(ValueError, match="regularisation must be > 0"):
        sinkhorn_divergence(draw(), draw(), regularisation=bad)


def test_an_entropic_distance_that_does_not_converge_is_refused(monkeypatch):
    found = 0.0, SimpleNamespace(converged=[True, False, True])
    name = "ott.tools.sinkhorn_divergence.sinkhorn_divergence"
    monkeypatch.setattr(name, lambda *_, **__: found)
    with pytest.raises(ValueError, match=r"did not converge .*= 0\.5: take a larger"):
        sinkhorn_divergence(draw(), draw(), regularisation=0.5)


def test_more_samples_than_memory_holds_are_refused_with_what_fits(monkeypatch):
    monkeypatch.setattr(distances, "max_exact_samples", lambda: 39)
    with pytest.raises(ValueError, match=r"40 samples needs.*at most 39 samples fit"):
        exact_wasserstein(draw(), draw(seed=1))
    assert exact_wasserstein(draw(39), draw(39)) == 0


def test_what_fits_is_a_quarter_of_a_gigabyte_or_more():
    assert 16 * distances.max_exact_samples() ** 2 > 2**28


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("which", [0, 1])
def test_samples_that_are_not_finite_are_rejected(bad, which):
    sets = [draw(), draw(seed=1)]
    sets[which][3, 0] = bad
    for distance in DISTANCES.values():
        with pytest.raises(ValueError, match="finite"):
            distance(*sets)


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("offset", [1e7, -3e5])
def test_an_offset_that_both_sets_share_changes_no_distance(name, offset):
    first, second = draw(seed=0), 1 + draw(seed=1)
    moved = DISTANCES[name](first + offset, second + offset)
    np.testing.assert_allclose(moved, DISTANCES[name](first, second), rtol=1e-5)


@pytest.mark.parametrize("name", ["exact", "sliced"])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool", "float16", "bfloat16"])
def test_samples_of_any_real_type_are_those_of_their_values(name, dtype):
    first, second = np.eye(6), np.tri(6)
    distance = DISTANCES[name]
    mixed = distance(jnp.asarray(first, dtype), second.astype(np.float32))
    assert mixed == distance(first, second) > 0


@pytest.mark.parametrize("bad", [draw() + 1j, np.full((40, 2), "a")])
def test_samples_that_are_not_real_are_rejected(bad):
    distances_of_sets = [*DISTANCES.values(), frechet_distance, precision_recall]
    for distance in distances_of_sets:
        for sets in ((draw(), bad), (bad, draw())):
            with pytest.raises(ValueError, match="of real numbers, got"):
                distance(*sets)


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
    assert ring["reverse_kl"] > 0


def test_sinkhorn_is_of_jax_s_floats():
    x = np.random.default_rng(0).normal(size=(50, 2))
    single = sinkhorn_divergence(x, x + 1, regularisation=1.0)
    with jax.enable_x64(True):
        double = sinkhorn_divergence(x, x + 1, regularisation=1.0)
    assert single == pytest.approx(double, rel=1e-5)
    assert single != double
