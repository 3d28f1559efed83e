"""The bracket of W1: it contains the truth, has a floor, and keeps units."""

import numpy as np
import pytest
import scipy

from benchmarks import distance as benchmark
from benchmarks.lower_bound import known_pairs
from wgan_gp.evaluate import exact_wasserstein, upper_bound, w1_bracket
from wgan_gp.evaluate.bracket import blurred_distances
from wgan_gp.evaluate.upper_bound import LEVEL, cut_subsets, w1_upper_bound

N = 60  # samples a side: all brackets share one compiled program


def normal(n=N, dimension=2, seed=0):
    return np.random.default_rng(seed).normal(size=(n, dimension))


def test_it_contains_w1():
    for name, found in benchmark.brackets(2, N, range(20, 22)).items():
        assert benchmark.contained(found) == 2, name


@pytest.mark.long
@pytest.mark.parametrize("dimension", benchmark.DIMENSIONS)
def test_it_contains_w1_in_95_of_100_draws(dimension):
    for name, found in benchmark.brackets(dimension, 200, range(100)).items():
        assert benchmark.contained(found) >= 95, name


def test_its_ends_are_near_w1_where_that_is_known():
    """A bracket from 0 to infinity would contain it, too."""
    pair = known_pairs(2, N)["moved by 3"]
    low, high = w1_bracket(pair.reals, pair.fakes).interval
    assert 0.75 * pair.distance < low < pair.distance < high < 1.3 * pair.distance


def test_equal_distributions_may_have_the_distance_0():
    found = w1_bracket(normal(), normal(seed=1))
    assert found.lower_interval[0] == 0
    assert found.interval == (0, found.upper_interval[1])
    # Of as many samples, the floor is as high.
    np.testing.assert_allclose(found.upper, found.floor, rtol=0.3)


def test_the_mean_of_exact_distances_is_above_w1_and_its_interval_is_of_the_mean():
    """Of numbers, which are sorted rather than assigned; the best critic is x."""
    error = (2 / 200) ** 0.5
    found = []
    for i in range(300):
        sides = normal(200, 1, 2 * i) + 0.3, normal(200, 1, 2 * i + 1)
        found.append(w1_upper_bound(cut_subsets(*sides), *sides, error))
    values = np.array([each.value for each in found])
    reach = np.array([each.interval[1] for each in found]) - values
    assert values.mean() > 0.3
    assert np.mean(values + reach < values.mean()) <= 0.02
    assert 2 * values.std() < reach.mean() < 4 * values.std()
    assert LEVEL == 0.98


@pytest.mark.parametrize(
    ("real", "fake", "subset", "pairs", "size", "floors"),
    [
        (60, 60, 2000, 2, 30, 1),
        (60, 25, 2000, 1, 25, 1),
        (25, 60, 2000, 2, 12, 1),
        (500, 500, 100, 5, 100, 2),
        (500, 250, 100, 3, 83, 3),
        (20, 20, 2, 10, 2, 5),
    ],
)
def test_subsets_are_disjoint_and_the_floor_is_of_their_size(
    real, fake, subset, pairs, size, floors
):
    rows = np.arange(real)[:, None], 1000.0 + np.arange(fake)[:, None]
    found = cut_subsets(*rows, subset)
    assert found.reals.shape == found.fakes.shape == (pairs, size, 1)
    assert found.floor.shape == (2, floors, size, 1)
    for each in found:
        assert len(np.unique(each)) == each.size
    assert found.floor.max() < real


def test_the_bound_is_the_mean_over_the_pairs():
    sides = normal(60, 1), normal(60, 1, seed=1)
    found = w1_upper_bound(cut_subsets(*sides, 20), *sides, 0.1)
    pairs = zip(*(each.reshape(3, 20, 1) for each in sides))
    expected = np.mean([exact_wasserstein(x, y) for x, y in pairs])
    np.testing.assert_allclose(found.value, expected, rtol=1e-9)


def test_blocks_of_many_samples_are_no_larger_than_subsets(monkeypatch):
    solve, sizes = upper_bound.exact_wasserstein_of_pairs, []

    def seen(first, second):
        sizes.append(first.shape[1])
        return solve(first, second)

    monkeypatch.setattr(upper_bound, "exact_wasserstein_of_pairs", seen)
    sides = normal(4000, 1), normal(4000, 1, seed=1) + 3  # W1 is the means' difference
    whole = w1_upper_bound(cut_subsets(*sides, 40), *sides, 0.0)
    assert sizes[-1] == 400
    monkeypatch.setattr(upper_bound, "SUBSET", 40)
    capped = w1_upper_bound(cut_subsets(*sides, 40), *sides, 0.0)
    assert sizes[-1] == 40
    widths = [high - low for low, high in (whole.interval, capped.interval)]
    error = (2 / 4000) ** 0.5
    t = scipy.stats.t.ppf((1 + LEVEL) / 2, 9)
    np.testing.assert_allclose(widths, 2 * t * error, rtol=0.5)


@pytest.mark.long
@pytest.mark.parametrize("scale", [1e-150, 1e200])
def test_all_numbers_are_in_the_units_of_the_samples(scale):
    sides = normal() + 1, normal(seed=1)
    scaled = [scale * each for each in sides]
    for function in (w1_bracket, blurred_distances):
        one, other = function(*sides), function(*scaled)
        for name, value in one._asdict().items():
            unit = 1 if name in ("subset", "pairs", "floor_pairs") else scale
            found = np.array(getattr(other, name)) / unit
            np.testing.assert_allclose(found, value, rtol=0.02, atol=1e-3)


def test_the_bracket_of_sets_that_do_not_vary_contains_their_distance():
    """The bound has no standard error then, and float32 rounds it."""
    for count, other in ((30, 1.0), (40, 1.0), (40, 1e5), (60, 3e-7)):
        zeros = np.zeros((count, 2))
        low, high = w1_bracket(zeros, zeros + other).interval
        assert low <= other * 2**0.5 <= high * (1 + 1e-12)
        assert low == pytest.approx(high, rel=1e-5)


@pytest.mark.long
def test_rows_that_are_all_the_same_are_at_no_distance():
    ones = np.ones((N, 2))
    found = w1_bracket(ones, ones)
    assert (found.lower, found.upper, found.floor) == (0, 0, 0)
    assert found.interval == (0, 0)
    assert blurred_distances(ones, ones)[:4] == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("sides", "options", "says"),
    [
        ((normal(19), normal()), {}, "at least 20 samples a side, got 19 and 60"),
        ((normal(), normal(dimension=3)), {}, "of one shape"),
        ((normal(), np.full((N, 2), np.nan)), {}, "NaN or infinity"),
        ((normal(), normal()), {"subset": 1}, "at least 2"),
        ((1e307 * normal(), -1.7e308 * np.ones((N, 2))), {}, "than a float"),
    ],
)
def test_what_has_no_bracket_is_refused_in_one_line(sides, options, says):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=says) as error:
        w1_bracket(*sides, **options)
    assert "\n" not in str(error.value)
