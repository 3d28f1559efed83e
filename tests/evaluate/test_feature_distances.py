import tracemalloc

import numpy as np
import pytest
from scipy.linalg import sqrtm

from wgan_gp.evaluate import nearest_neighbours
from wgan_gp.evaluate.feature_distances import (
    Moments,
    frechet_distance,
    frechet_from_moments,
    gaussian_moments,
    inception_score,
    kernel_distance,
)
from wgan_gp.evaluate.images import compare_features
from wgan_gp.evaluate.nearest_neighbours import precision_recall

SETS = {
    "frechet": frechet_distance,
    "kernel": lambda a, b: kernel_distance(a, b, subset_size=10),
    "precision_recall": precision_recall,
}
BAD_SETS = [
    (np.zeros(20), "must be \\[n, F\\], got the shape \\(20,\\)"),
    (np.zeros((20, 0)), "must be \\[n, F\\]"),
    (np.zeros((1, 3)), "samples are needed, got 1"),
    (np.full((20, 3), np.nan), "finite"),
    (np.full((20, 3), np.inf), "finite"),
    (np.zeros((20, 4)), "equally many features, got \\((3, 4|4, 3)\\)"),
]


def draw(n=40, features=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, features))


def covariance(features=5, rank=5, seed=0):
    factor = draw(features, rank, seed)
    return factor @ factor.T


@pytest.mark.parametrize("measure", SETS.values(), ids=SETS)
@pytest.mark.parametrize(("bad", "match"), BAD_SETS)
def test_sets_that_do_not_fit_are_refused_on_either_side(measure, bad, match):
    for sets in [(draw(), bad), (bad, draw())]:
        with pytest.raises(ValueError, match=match):
            measure(*sets)


# Frechet distance


def test_on_a_line_it_compares_means_and_standard_deviations():
    first, second = draw(30, 1), 3 * draw(50, 1, seed=1) + 2
    expected = (first.mean() - second.mean()) ** 2 + (
        first.std(ddof=1) - second.std(ddof=1)
    ) ** 2
    np.testing.assert_allclose(frechet_distance(first, second), expected)


def test_known_moments_that_commute():
    first = Moments(np.zeros(3), np.diag([1.0, 4.0, 0.0]))
    second = Moments(np.array([3.0, 4.0, 0.0]), np.diag([9.0, 1.0, 16.0]))
    assert frechet_from_moments(first, second) == pytest.approx(25 + 4 + 1 + 16)


def test_known_moments_that_do_not_commute():
    first, second = covariance(), covariance(seed=1)
    expected = np.trace(first + second - 2 * sqrtm(first @ second).real)
    moments = Moments(np.zeros(5), first), Moments(np.zeros(5), second)
    np.testing.assert_allclose(frechet_from_moments(*moments), expected)


@pytest.mark.parametrize("n", [20, 400])
@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_a_translated_set_is_as_far_as_it_was_moved_squared(n, shift):
    """Also with more features than samples, whose covariances are singular."""
    features = 100 * draw(n, 60)
    value = frechet_distance(features, features + shift)
    np.testing.assert_allclose(value, 60 * shift**2, atol=1e-7)


def test_singular_covariances_of_orthogonal_supports_add_up():
    first, second = np.zeros((2, 30, 80))
    first[:, :20], second[:, 20:60] = draw(30, 20), draw(30, 40, seed=1)
    means = np.square(first.mean(0) - second.mean(0)).sum()
    variances = (first.var(0, ddof=1) + second.var(0, ddof=1)).sum()
    expected = means + variances
    np.testing.assert_allclose(frechet_distance(first, second), expected, rtol=1e-12)


def test_the_frechet_distance_is_symmetric_and_takes_sets_of_two_sizes():
    first, second = draw(30, 8), 2 * draw(50, 8, seed=1) + 1
    value = frechet_distance(first, second)
    np.testing.assert_allclose(value, frechet_distance(second, first))
    moments = gaussian_moments(first), gaussian_moments(second)
    assert value == frechet_from_moments(*moments)


def test_constant_sets_are_as_far_as_their_points_squared():
    assert frechet_distance(np.zeros((4, 2)), np.tile([3.0, 4.0], (5, 1))) == 25


@pytest.mark.parametrize(
    ("moments", "match"),
    [
        (Moments(np.zeros(2), np.eye(3)), "must be twice"),
        (Moments(np.zeros(3), np.full((3, 3), np.nan)), "finite"),
        (Moments(np.zeros(3), np.diag([1.0, 1.0, -1.0])), "negative eigenvalue -1"),
    ],
)
def test_moments_that_are_none_are_refused(moments, match):
    good = Moments(np.zeros(3), np.eye(3))
    for pair in [(good, moments), (moments, good)]:
        with pytest.raises(ValueError, match=match):
            frechet_from_moments(*pair)


# Kernel distance


def double_loop(x, y):
    """The estimator of the paper, term by term."""

    def mean(a, b, skip):
        pairs = [
            (a[i] @ b[j] / a.shape[1] + 1) ** 3
            for i in range(len(a))
            for j in range(len(b))
            if not (skip and i == j)
        ]
        return np.mean(pairs)

    return mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)


def test_a_subset_of_all_samples_is_the_estimator_itself():
    first, second = draw(6, 4), draw(6, 4, seed=1) + 1
    value = kernel_distance(first, second, subsets=3, subset_size=6)
    np.testing.assert_allclose(value.mean, double_loop(first, second))
    np.testing.assert_allclose(value.standard_error, 0, atol=1e-12)


def test_it_is_unbiased_whatever_the_number_of_samples():
    """Of one law the mean is 0; the biased form would give about 1.4 at n = 5."""
    values = [
        kernel_distance(*draw(10, 3, seed).reshape(2, 5, 3), subsets=2, subset_size=5)
        for seed in range(800)
    ]
    means = np.array([value.mean for value in values])
    error = means.std() / np.sqrt(len(means))
    assert error < 0.1
    assert abs(means.mean()) < 3 * error


def test_the_standard_error_covers_the_whole_sets_value():
    first, second = draw(300), draw(400, seed=1) + 0.5
    value = kernel_distance(first, second, subsets=400, subset_size=50)
    within = [x[:300] @ x[:300].T / 3 + 1 for x in (first, second)]
    exact = sum((k**3).sum() - np.trace(k**3) for k in within) / (300 * 299)
    exact -= 2 * ((first @ second[:300].T / 3 + 1) ** 3).mean()
    assert 0 < value.standard_error < 0.05 * exact
    assert value.mean == pytest.approx(exact, rel=0.25)


def test_the_same_seed_draws_the_same_subsets():
    first, second = draw(), draw(seed=1)
    values = [
        kernel_distance(first, second, subsets=3, subset_size=10, seed=seed)
        for seed in (0, 0, 1)
    ]
    assert values[0] == values[1] != values[2]


@pytest.mark.parametrize("fields", [{"subsets": 1}, {"subset_size": 1}])
def test_too_few_subsets_or_too_small_ones_are_refused(fields):
    with pytest.raises(ValueError, match="at least 2"):
        kernel_distance(draw(), draw(), **{"subset_size": 10} | fields)


def test_a_subset_larger_than_a_set_is_refused():
    with pytest.raises(ValueError, match="at least 1000 samples are needed, got 40"):
        kernel_distance(draw(), draw())


# Precision and recall


def test_equal_sets_have_precision_and_recall_one():
    features = 1e3 + draw(50, 8)
    assert precision_recall(features, features[::-1]) == (1, 1)


def test_far_sets_have_neither():
    assert precision_recall(draw(), draw() + 100) == (0, 0)


def test_a_sub_cluster_is_precise_and_covers_its_part():
    real = np.concatenate([draw(30), draw(60, seed=1) + 100])
    assert precision_recall(real, real[:30]) == (1, 1 / 3)
    assert precision_recall(real[:30], real) == (1 / 3, 1)


@pytest.mark.parametrize(("k", "precision"), [(1, 0.25), (2, 0.5), (3, 0.75)])
def test_balls_are_as_wide_as_the_kth_neighbour_is_far(k, precision):
    """The ball about 0 reaches 1, 3, 7; the others reach no farther to the left."""
    real = np.array([[0.0], [1.0], [3.0], [7.0]])
    fake = np.array([[-0.5], [-2.0], [-5.0], [-8.0]])
    assert precision_recall(real, fake, k=k).precision == precision


def test_copies_of_samples_are_a_support_of_single_points():
    """Whatever rounding makes of distances that are 0."""
    copies = np.tile(draw(200, 300), (2, 1))
    values = [precision_recall(copies, copies[:n], k=1) for n in range(2, 60)]
    assert {value.precision for value in values} == {1}
    assert precision_recall(copies, copies + 1e-3, k=1).precision == 0


def test_blocks_change_nothing(monkeypatch):
    real, fake = draw(50), 2 * draw(30, seed=1)
    whole = precision_recall(real, fake)
    monkeypatch.setattr(nearest_neighbours, "_BLOCK", 70)
    assert precision_recall(real, fake) == whole
    assert 0 < whole.precision < 1


@pytest.mark.parametrize(
    ("k", "match"), [(0, "k must be at least 1, got 0"), (40, "at least 41 samples")]
)
def test_a_neighbour_that_is_none_is_refused(k, match):
    with pytest.raises(ValueError, match=match):
        precision_recall(draw(), draw(), k=k)


# Inception score


def test_certain_and_even_predictions_score_the_number_of_classes():
    score = inception_score(np.tile(np.eye(7), (20, 1)))
    np.testing.assert_allclose(score, (7, 0), atol=1e-12)


def test_constant_predictions_score_one():
    rows = np.tile([0.7, 0.2, 0.1, 0.0], (30, 1))
    np.testing.assert_allclose(inception_score(rows), (1, 0), atol=1e-12)


def test_parts_are_scored_by_themselves():
    rows = np.concatenate([np.tile(np.eye(4), (5, 1)), np.tile(np.eye(4)[0], (20, 1))])
    np.testing.assert_allclose(inception_score(rows, splits=2), (2.5, 1.5))
    whole = np.array([5 / 8, 1 / 8, 1 / 8, 1 / 8])
    entropy = -(whole * np.log(whole)).sum()
    np.testing.assert_allclose(inception_score(rows, splits=1), (np.exp(entropy), 0))


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        (np.full((20, 3), 0.5), "sum to 1"),
        (np.tile([1.5, -0.5], (20, 1)), "at least 0"),
        (np.eye(3), "at least 10 samples are needed, got 3"),
        (np.full((20, 3), np.nan), "finite"),
        (np.ones(20), "must be"),
    ],
)
def test_rows_that_are_no_distributions_are_refused(rows, match):
    with pytest.raises(ValueError, match=match):
        inception_score(rows)


def test_no_parts_are_refused():
    with pytest.raises(ValueError, match="splits must be at least 1, got 0"):
        inception_score(np.eye(3), splits=0)


def test_precision_and_recall_hold_some_blocks_and_not_all(monkeypatch):
    monkeypatch.setattr(nearest_neighbours, "_BLOCK", 20_000)
    real, fake = np.random.default_rng(0).normal(size=(2, 1000, 2))
    precision_recall(real[:10], fake[:10])
    tracemalloc.start()
    try:
        precision_recall(real, fake)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 3e6  # all distances in float64 take 8e6 bytes


def test_one_of_two_clusters_is_precise_and_recalls_half():
    rng = np.random.default_rng(0)
    near, far = rng.normal(size=(2, 200, 3))
    reals = np.concatenate([near, far + 100])
    fakes = rng.normal(size=(200, 3))
    found = compare_features(reals, fakes, subset_size=100)
    assert found["precision"] > 0.8
    assert 0.3 < found["recall"] < 0.6
