import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import key
from wgan_gp.data.pairs.funnels import Funnels, as_pair, make_funnels
from wgan_gp.evaluate.truth import compare_to_truth, skill

compare = jax.jit(compare_to_truth, static_argnums=(0, 3))


@pytest.mark.parametrize("size", [(2, 16), (16, 64)])
def test_the_optimal_critic_is_perfect(size):
    pair = as_pair(make_funnels(*size))
    optimal = lambda x: -pair.potential(x)  # noqa: E731
    truth = compare(optimal, pair, key(), 2000)
    np.testing.assert_allclose(truth.cosine_clear, 1, atol=2e-3)
    np.testing.assert_allclose(truth.estimate, truth.w1, rtol=1e-5)
    assert truth.l2 < 0.1
    np.testing.assert_allclose(truth.skill, 1, atol=0.1 if size[0] == 2 else 2e-3)


def test_its_negative_and_a_scaled_one_are_seen_for_what_they_are():
    pair = as_pair(make_funnels(8, 16))
    potential = pair.potential
    upside_down = compare(potential, pair, key(), 500)
    np.testing.assert_allclose(upside_down.cosine, -1, atol=1e-3)
    np.testing.assert_allclose(upside_down.l2, 4, atol=1e-2)
    np.testing.assert_allclose(upside_down.estimate, -upside_down.w1, rtol=1e-5)
    steep = compare(lambda x: -3 * potential(x), pair, key(), 500)
    np.testing.assert_allclose(steep.cosine, 1, atol=1e-3)
    np.testing.assert_allclose(steep.l2, 4, atol=1e-2)


def test_a_critic_without_slope_has_cosine_zero():
    pair = as_pair(make_funnels(2, 4))
    truth = compare(lambda x: 0.0 * jnp.sum(x), pair, key(), 100)
    assert truth.cosine == truth.estimate == 0
    np.testing.assert_allclose(truth.l2, 1, rtol=1e-5)


def test_samples_at_a_centre_are_left_out_and_counted():
    # In one dimension x = 2.5 t^8 is below 1e-5 where t < 0.2115.
    pair = as_pair(Funnels(jnp.zeros((1, 1)), jnp.zeros(1)))
    optimal = lambda x: -pair.potential(x)  # noqa: E731
    truth = compare(optimal, pair, key(), 20_000)
    np.testing.assert_allclose(truth.left_out, 0.2115, atol=0.01)
    np.testing.assert_allclose(truth.cosine_clear, 1, rtol=1e-6)


def test_a_critic_that_has_learned_only_where_the_origin_is_has_no_skill():
    pair = as_pair(make_funnels(64, 4))
    truth = compare(lambda x: -jnp.linalg.norm(x), pair, key(), 2000)
    assert truth.cosine > 0.5  # which looks like much
    np.testing.assert_allclose(truth.cosine, truth.trivial, atol=1e-5)
    np.testing.assert_allclose(truth.skill, 0, atol=1e-5)
    half = (1 + truth.trivial) / 2
    np.testing.assert_allclose(skill(half, truth.trivial), 0.5, rtol=1e-5)


def test_a_critic_that_returns_more_than_a_scalar_is_refused():
    pair = as_pair(make_funnels(2, 4))
    with pytest.raises(ValueError, match=r"returned \(1,\).*`lambda x: D\(x\)\[0\]`"):
        compare_to_truth(lambda x: x[:1], pair, key(), 8)
