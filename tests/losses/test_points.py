import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests.helpers import SAMPLE_SHAPES, draw_pair, key
from wgan_gp import losses

MANY = 4000
LIMIT = 4.5 / np.sqrt(MANY)  # of a correlation, in its standard deviations


def ends(count=MANY, shape=(2,)):
    """Real samples at 1 and generated ones at 0: a point on the line is epsilon."""
    return jnp.ones((count, *shape)), jnp.zeros((count, *shape))


def distance(x, y):
    return np.linalg.norm(np.reshape(x - y, (len(x), -1)), axis=1)


def assert_uniform(values):
    values = np.ravel(values)
    assert values.min() >= 0
    assert values.max() <= 1
    assert abs(values.mean() - 1 / 2) < 5 * np.sqrt(1 / 12 / values.size)
    assert abs(values.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / values.size)
    assert stats.kstest(values, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
def test_interpolate_follows_its_formula(shape):
    reals, fakes = draw_pair(shape)
    epsilon = np.linspace(0, 1, len(reals))
    batch = losses.interpolate(reals, fakes, jnp.asarray(epsilon))
    for x, fake, e, point in zip(reals, fakes, epsilon, batch):
        expected = e * np.asarray(x) + (1 - e) * np.asarray(fake)
        chex.assert_trees_all_close(point, expected, atol=1e-6)
        chex.assert_trees_all_close(
            losses.interpolate(x, fake, float(e)), expected, atol=1e-6
        )


def test_epsilon_one_is_the_real_end():
    reals, fakes = draw_pair()
    chex.assert_trees_all_equal(losses.interpolate(reals, fakes, 1.0), reals)
    chex.assert_trees_all_equal(losses.interpolate(reals, fakes, 0.0), fakes)


@pytest.mark.parametrize("shape", [(1,), (6, 1), (6, 3), (5,)])
def test_epsilon_that_is_not_one_per_sample_is_rejected(shape):
    with pytest.raises(ValueError, match="one number per sample"):
        losses.interpolate(*draw_pair(), jnp.ones(shape))


def test_interpolate_rejects_shapes_that_would_broadcast():
    reals, fakes = draw_pair()
    with pytest.raises(ValueError, match="one shape"):
        losses.interpolate(reals, fakes[:1], 0.5)


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
def test_interpolates_lie_on_the_segments(shape):
    reals, fakes = draw_pair(shape, count=64)
    (points,) = losses.interpolates(reals, fakes, key())
    chex.assert_equal_shape([points, reals])
    detour = distance(points, reals) + distance(points, fakes)
    np.testing.assert_allclose(detour, distance(reals, fakes), rtol=1e-5)


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
def test_epsilon_is_one_number_per_sample(shape):
    (points,) = losses.interpolates(*ends(64, shape), key())
    flat = np.reshape(points, (64, -1))
    np.testing.assert_array_equal(flat, np.broadcast_to(flat[:, :1], flat.shape))
    assert len(np.unique(flat[:, 0])) == 64


def test_epsilon_is_uniform():
    (points,) = losses.interpolates(*ends(), key())
    assert_uniform(points[:, 0])


def test_epsilon_of_each_key_differs():
    (first,) = losses.interpolates(*ends(64), key(0))
    (second,) = losses.interpolates(*ends(64), key(1))
    assert not np.any(np.asarray(first) == np.asarray(second))


def test_points_keep_the_type_of_the_samples():
    reals, fakes = (x.astype(jnp.bfloat16) for x in draw_pair())
    (points,) = losses.interpolates(reals, fakes, key())
    chex.assert_type(points, jnp.bfloat16)


@pytest.mark.parametrize("count", [None, 6])
def test_legacy_keys_draw_what_typed_keys_draw(count):
    legacy, typed = jax.random.PRNGKey(3), jax.random.key(3)
    if count:
        legacy, typed = jax.random.split(legacy, count), jax.random.split(typed, count)
    reals, fakes = draw_pair()
    chex.assert_trees_all_equal(
        losses.interpolates(reals, fakes, legacy),
        losses.interpolates(reals, fakes, typed),
    )


@pytest.mark.parametrize("count", [1, 5, 7])
def test_a_wrong_number_of_keys_is_rejected(count):
    keys = jax.random.split(key(), count)
    with pytest.raises(ValueError, match="one key or 6"):
        losses.interpolates(*draw_pair(), keys)


@pytest.mark.parametrize("seed", [0, 1.5, None, np.int64(3), [1, 2], jnp.arange(6)])
def test_a_seed_for_a_key_is_rejected(seed):
    for penalty in (losses.gradient_penalty, losses.difference_penalty):
        with pytest.raises(ValueError, match=r"random key, got .*jax\.random\.key"):
            penalty(lambda x: x[0], *draw_pair(), seed)


def test_points_that_are_no_tuple_of_rows_are_rejected():
    for points, words in [
        (lambda r, f, k: r, r"array of shape \(6, 3\): write `return \(x,\)`"),
        (lambda r, f, k: (r[:2],), r"one row per sample, \[6, ...\].*\(2, 3\)"),
        (lambda r, f, k: (1.0,), r"one row per sample, \[6, ...\], got float"),
    ]:
        for penalty in (losses.gradient_penalty, losses.difference_penalty):
            with pytest.raises(ValueError, match=words):
                penalty(lambda x: x[0], *draw_pair(), key(), points=points)
    with pytest.raises(ValueError, match="one array are needed, got 2"):
        losses.independent_pairs(*draw_pair(), key(), points=losses.segment_pairs)


def test_box_points_fill_the_box_evenly():
    low, high = jnp.array([-3.0, 1.0]), jnp.array([-1.0, 5.0])
    (points,) = losses.uniform_box(low, high)(*ends(), key())
    chex.assert_shape(points, (MANY, 2))
    unit = (np.asarray(points) - np.asarray(low)) / np.asarray(high - low)
    assert_uniform(unit[:, 0])
    assert_uniform(unit[:, 1])
    assert abs(np.corrcoef(unit.T)[0, 1]) < LIMIT


def test_a_box_has_two_corners():
    samples = jnp.zeros((4, 2))
    lists, arrays = (
        losses.uniform_box(kind([0, 1]), kind([1, 3]))(samples, samples, key())
        for kind in (list, jnp.array)
    )
    chex.assert_trees_all_equal(lists, arrays)
    for low, high in ((1.0, 0.0), ([0, 1], [1, 1]), (np.nan, 1.0)):
        with pytest.raises(ValueError, match="a box needs low < high"):
            losses.uniform_box(low, high)


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
def test_box_points_take_only_the_shape_of_the_samples(shape):
    box = losses.uniform_box(-2.0, 3.0)
    (points,) = box(*draw_pair(shape), key())
    (same,) = box(*draw_pair(shape, seed=1), key())
    chex.assert_shape(points, (6, *shape))
    chex.assert_trees_all_equal(points, same)
    assert points.min() >= -2
    assert points.max() <= 3


def test_independent_pairs_share_no_epsilon():
    x1, x2 = losses.independent_pairs(*ends(), key())
    assert_uniform(x1[:, 0])
    assert_uniform(x2[:, 0])
    for shift in (-1, 0, 1):
        together = np.corrcoef(x1[:, 0], np.roll(x2[:, 0], shift))
        assert abs(together[0, 1]) < LIMIT


def test_independent_pairs_are_uncorrelated():
    x1, x2 = losses.independent_pairs(*draw_pair((2,), count=MANY), key())
    assert abs(np.corrcoef(x1[:, 0], x2[:, 0])[0, 1]) < LIMIT
    assert abs(np.corrcoef(x1[:, 0], x2[:, 1])[0, 1]) < LIMIT


def test_independent_pairs_share_no_sample():
    reals, fakes = draw_pair()
    x1, x2 = losses.independent_pairs(reals, fakes, key())
    moved = losses.independent_pairs(reals.at[2].add(1), fakes.at[2].add(1), key())
    changed = [set(np.flatnonzero(np.any(a != b, 1))) for a, b in zip((x1, x2), moved)]
    assert changed == [{2}, {1}]


def test_independent_pairs_use_the_points_they_are_given():
    points = losses.uniform_box(10.0, 11.0)
    x1, x2 = losses.independent_pairs(*draw_pair(), key(), points=points)
    for x in (x1, x2):
        assert x.min() >= 10
        assert x.max() <= 11
    assert not np.any(np.asarray(x1) == np.asarray(x2))


def test_independent_pairs_need_two_samples():
    with pytest.raises(ValueError, match="at least 2"):
        losses.independent_pairs(*draw_pair(count=1), key())


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
def test_segment_pairs_lie_on_the_segments_in_order(shape):
    reals, fakes = draw_pair(shape, count=64)
    x1, x2 = losses.segment_pairs(reals, fakes, key())
    assert np.all(distance(x1, reals) < distance(x2, reals))
    path = distance(reals, x1) + distance(x1, x2) + distance(x2, fakes)
    np.testing.assert_allclose(path, distance(reals, fakes), rtol=1e-5)


def test_segment_pairs_are_two_ordered_uniform_draws():
    x1, x2 = losses.segment_pairs(*ends(), key())
    # The larger of two uniform draws has distribution function e^2.
    assert_uniform(np.square(x1[:, 0]))
    assert_uniform(1 - np.square(1 - x2[:, 0]))


def test_endpoint_pairs_are_the_samples():
    reals, fakes = draw_pair()
    pair = losses.endpoint_pairs(reals, fakes, key())
    chex.assert_trees_all_equal(pair, (reals, fakes))


@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_endpoints_are_samples_from_either_side(shape):
    reals, fakes = draw_pair(shape, count=400)
    (points,) = losses.endpoints(reals, fakes, key())
    flat = [np.asarray(x).reshape(400, -1) for x in (points, reals, fakes)]
    from_real = (flat[0] == flat[1]).all(axis=1)
    from_fake = (flat[0] == flat[2]).all(axis=1)
    assert (from_real ^ from_fake).all()
    assert 0.4 < from_real.mean() < 0.6


def test_endpoints_take_a_key_per_sample():
    reals, fakes = draw_pair(count=8)
    keys = jax.random.split(key(1), 8)
    (points,) = losses.endpoints(reals, fakes, keys)
    keys = jax.random.split(key(1), 8)
    (half,) = losses.endpoints(reals[4:], fakes[4:], keys[4:])
    chex.assert_trees_all_equal(points[4:], half)


def test_real_and_generated_samples_are_points():
    reals, fakes = draw_pair()
    chex.assert_trees_all_equal(losses.at_reals(reals, fakes, key()), (reals,))
    chex.assert_trees_all_equal(losses.at_fakes(reals, fakes, key()), (fakes,))


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
def test_noise_around_real_samples_has_the_length_of_its_share(shape):
    reals, fakes = draw_pair(shape, count=4000)
    (points,) = jax.jit(losses.around_reals(0.5))(reals, fakes, key())
    moved = (points - reals).reshape(4000, -1)
    distances = np.linalg.norm((reals - fakes).reshape(4000, -1), axis=1)
    shares = moved / distances[:, None]
    np.testing.assert_allclose(np.mean(np.sum(shares**2, axis=1)), 0.25, rtol=0.05)
    # Independent of the sample and alike in all coordinates.
    np.testing.assert_allclose(np.mean(shares, axis=0), 0, atol=0.03)
    variances = np.var(shares, axis=0)
    np.testing.assert_allclose(variances, variances.mean(), rtol=0.2)


def test_noise_around_a_sample_depends_on_its_own_key_alone():
    reals, fakes = draw_pair()
    around = losses.around_reals(0.1)
    (whole,) = around(reals, fakes, jax.random.split(key(), 6))
    (part,) = around(reals[3:], fakes[3:], jax.random.split(key(), 6)[3:])
    chex.assert_trees_all_close(whole[3:], part, rtol=1e-6)


@pytest.mark.parametrize("spread", [0, -0.1, np.inf, np.nan, "wide"])
def test_spreads_that_are_no_share_are_refused(spread):
    with pytest.raises(ValueError, match="spread must be a finite number > 0"):
        losses.around_reals(spread)
