from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from tests.helpers import (
    COMPARING,
    HELD,
    ONE_SIDED,
    PENALTIES,
    SAMPLE_SHAPES,
    cost,
    direction,
    draw_pair,
    key,
    linear,
    quadratic,
    tanh_critic,
    tanh_params,
)
from wgan_gp import losses

ALL = pytest.mark.parametrize("name", PENALTIES)
PAIRWISE = [name for name in PENALTIES if name not in COMPARING]
NORMS = pytest.mark.parametrize("norm", [0.3, 1.0, 2.5])


def mean_penalty(name, critic, reals, fakes, seed=0):
    return jnp.mean(PENALTIES[name](critic, reals, fakes, key(seed)))


def steep(x):
    """A smooth critic with slopes on both sides of 1 at the drawn samples."""
    return tanh_critic(tanh_params(inputs=x.size), x)


def quotients(weight, x1, x2):
    """|w . (x1 - x2)| / ||x1 - x2|| of each pair, in NumPy."""
    along = np.reshape(np.asarray(x1 - x2, np.float64), (len(x1), -1))
    return np.abs(along @ np.ravel(weight)) / np.linalg.norm(along, axis=1)


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
@NORMS
def test_gradient_penalties_of_a_linear_critic(shape, norm):
    pair, critic = draw_pair(shape), linear(direction(shape, norm))
    excess = max(0.0, norm - 1)
    expected = {
        "two_sided": (norm - 1) ** 2,
        "one_sided": excess**2,
        "one_sided_1": excess,
    }
    for name, value in expected.items():
        penalties = PENALTIES[name](critic, *pair, key())
        chex.assert_shape(penalties, (6,))
        chex.assert_trees_all_close(penalties, jnp.full(6, value), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
@pytest.mark.parametrize("pairing", ["endpoint", "segment"])
@NORMS
def test_difference_penalty_of_a_linear_critic_on_a_segment(shape, pairing, norm):
    reals, fakes = draw_pair(shape)
    weight = direction(shape, norm)
    penalties = PENALTIES[pairing](linear(weight), reals, fakes, key())
    # Any two points of a segment are as steep as its ends; close ones are rounded.
    expected = (quotients(weight, reals, fakes) - 1) ** 2
    tolerance = 1e-6 if pairing == "endpoint" else 3e-4
    np.testing.assert_allclose(penalties, expected, rtol=1e-5, atol=tolerance)


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
@NORMS
def test_difference_penalty_of_a_linear_critic_on_independent_pairs(shape, norm):
    reals, fakes = draw_pair(shape)
    weight = direction(shape, norm)
    x1, x2 = losses.independent_pairs(reals, fakes, key())
    penalties = PENALTIES["independent"](linear(weight), reals, fakes, key())
    expected = (quotients(weight, x1, x2) - 1) ** 2
    np.testing.assert_allclose(penalties, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("pairing", losses.PAIRINGS)
@pytest.mark.parametrize("slope", [-2.5, -0.3, 0.3, 2.5])
def test_difference_penalty_of_a_line_is_that_of_its_slope(pairing, slope):
    penalties = PENALTIES[pairing](linear(slope), *draw_pair((1,)), key())
    expected = jnp.full(6, (abs(slope) - 1) ** 2)
    chex.assert_trees_all_close(penalties, expected, rtol=1e-3)


@pytest.mark.parametrize("pairing", ["segment", "endpoint"])
def test_a_signed_slope_costs_a_critic_that_prefers_generated_samples(pairing):
    reals, fakes = jnp.full((6, 1), 2.0), jnp.zeros((6, 1))
    penalty = PENALTIES[f"{pairing}_signed"]
    right = penalty(linear(1.0), reals, fakes, key())
    wrong = penalty(linear(-1.0), reals, fakes, key())
    chex.assert_trees_all_close(right, jnp.zeros(6), atol=1e-5)
    chex.assert_trees_all_close(wrong, jnp.full(6, 4.0), rtol=1e-4)


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
def test_gradient_penalty_of_a_quadratic_critic_is_that_of_the_points_norm(shape):
    reals, fakes = draw_pair(shape)
    (points,) = losses.interpolates(reals, fakes, key())
    norms = np.linalg.norm(np.reshape(points, (6, -1)), axis=1)
    penalties = losses.gradient_penalty(quadratic, reals, fakes, key())
    np.testing.assert_allclose(penalties, (norms - 1) ** 2, rtol=1e-5)
    # Distinct points: a norm over the whole batch would make these equal.
    assert len(np.unique(penalties)) == 6


@pytest.mark.parametrize("name", ["two_sided", "one_sided"])
def test_gradient_penalties_use_the_points_they_are_given(name):
    penalty = partial(PENALTIES[name], points=losses.uniform_box(10.0, 10.001))
    penalties = penalty(quadratic, *draw_pair(), key())
    expected = (10 * np.sqrt(3) - 1) ** 2
    np.testing.assert_allclose(penalties, expected, rtol=1e-3)


@ALL
def test_penalty_of_a_constant_critic(name):
    pair = draw_pair()
    penalties = PENALTIES[name](lambda x: 3.0 + 0.0 * jnp.sum(x), *pair, key())
    expected = jnp.full(6, float(cost(name, 0)))
    chex.assert_trees_all_close(penalties, expected, atol=1e-20)


DEAD = {
    "ignores its input": lambda c, x: c["a"] + c["b"],
    "times zero": lambda c, x: 0 * c["a"] * jnp.sum(x) + c["b"],
    "zero weight": lambda c, x: (c["a"] - 1) * jnp.sum(x) + c["b"],
    "dead relu": lambda c, x: c["a"] * jax.nn.relu(jnp.sum(x) - 1e6) + c["b"],
}


@ALL
@pytest.mark.parametrize("critic", DEAD.values(), ids=DEAD)
def test_parameter_gradients_of_a_dead_critic_are_finite(name, critic):
    pair, params = draw_pair(), {"a": 1.0, "b": 2.0}
    grads = jax.grad(lambda p: mean_penalty(name, lambda x: critic(p, x), *pair))(
        params
    )
    chex.assert_tree_all_finite(grads)


@ALL
def test_equal_real_and_generated_samples_give_finite_gradients(name):
    reals, _ = draw_pair()
    value, grads = jax.value_and_grad(
        lambda p, x: mean_penalty(name, lambda y: tanh_critic(p, y), x, x),
        argnums=(0, 1),
    )(tanh_params(), reals)
    chex.assert_tree_all_finite((value, grads))


@pytest.mark.parametrize("name", PAIRWISE)
def test_permuting_the_batch_permutes_the_penalties(name):
    reals, fakes = draw_pair()
    order = jnp.array([3, 0, 5, 1, 4, 2])
    straight = PENALTIES[name](steep, reals, fakes, jax.random.split(key(), 6))
    keys = jax.random.split(key(), 6)[order]
    permuted = PENALTIES[name](steep, reals[order], fakes[order], keys)
    chex.assert_trees_all_close(permuted, straight[order], rtol=1e-5)
    assert len(np.unique(straight)) > 1


def test_rolling_the_batch_rolls_the_penalties_of_independent_pairs():
    reals, fakes = draw_pair()
    penalty = PENALTIES["independent"]
    straight = penalty(steep, reals, fakes, jax.random.split(key(), 6))
    keys = jnp.roll(jax.random.split(key(), 6), 2)
    rolled = penalty(steep, jnp.roll(reals, 2, 0), jnp.roll(fakes, 2, 0), keys)
    chex.assert_trees_all_close(rolled, jnp.roll(straight, 2), rtol=1e-5)


@ALL
def test_one_key_stands_for_the_keys_split_from_it(name):
    pair = draw_pair()
    chex.assert_trees_all_equal(
        PENALTIES[name](steep, *pair, key()),
        PENALTIES[name](steep, *pair, jax.random.split(key(), 6)),
    )


@pytest.mark.parametrize("name", [each for each in PENALTIES if each != "max_slope"])
def test_other_samples_change_nothing_for_a_sample(name):
    reals, fakes = draw_pair()
    others = [2, 3, 4, 5]  # an independent pair takes in the next sample too
    before = PENALTIES[name](steep, reals, fakes, key())
    moved = (x.at[jnp.array(others)].multiply(-3) for x in (reals, fakes))
    after = PENALTIES[name](steep, *moved, key())
    chex.assert_trees_all_close(after[0], before[0], rtol=1e-6)
    if name not in ONE_SIDED:
        assert np.all(np.asarray(after)[2:] != np.asarray(before)[2:])


@ALL
def test_adding_a_constant_to_the_critic_changes_no_penalty(name):
    pair = draw_pair()
    plain = PENALTIES[name](steep, *pair, key())
    shifted = PENALTIES[name](lambda x: steep(x) + 4, *pair, key())
    chex.assert_trees_all_close(shifted, plain, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", [each for each in PENALTIES if each not in HELD])
def test_numerical_gradients_agree(name):
    with jax.enable_x64(True):
        pair = draw_pair(count=4)
        params = tanh_params(scale=2.0)
        check_grads(
            jax.jit(lambda p: mean_penalty(name, lambda x: tanh_critic(p, x), *pair)),
            (params,),
            order=1,
            modes=["rev"],
            atol=1e-5,
            rtol=1e-5,
        )


@pytest.mark.parametrize("norm", [0.5, 2.0])
def test_the_gradient_of_the_two_sided_penalty_reaches_the_critic(norm):
    weight = direction((3,), norm)
    grads = jax.grad(lambda w: mean_penalty("two_sided", linear(w), *draw_pair()))
    expected = 2 * (norm - 1) * weight / norm
    chex.assert_trees_all_close(grads(weight), expected, rtol=1e-5)


@ALL
def test_the_gradient_of_every_penalty_reaches_a_steep_critic(name):
    grads = jax.grad(
        lambda p: mean_penalty(name, lambda x: tanh_critic(p, x), *draw_pair())
    )(tanh_params(scale=3.0))
    for leaf in jax.tree.leaves(grads):
        assert jnp.abs(leaf).max() > 1e-3


@ALL
def test_legacy_keys_are_accepted(name):
    pair = draw_pair()
    chex.assert_trees_all_equal(
        PENALTIES[name](steep, *pair, jax.random.PRNGKey(5)),
        PENALTIES[name](steep, *pair, jax.random.key(5)),
    )


@ALL
@pytest.mark.parametrize("outputs", [1, 2])
def test_critics_that_return_more_than_a_scalar_are_rejected(name, outputs):
    with pytest.raises(ValueError, match="scalar"):
        PENALTIES[name](lambda x: x[:outputs], *draw_pair(), key())


@ALL
def test_samples_of_different_shapes_are_rejected(name):
    reals, fakes = draw_pair()
    for other in (fakes[:3], fakes[:1], fakes[:, :1]):
        with pytest.raises(ValueError, match="one shape"):
            PENALTIES[name](quadratic, reals, other, key())


def test_an_unknown_pairing_is_rejected_with_the_valid_ones():
    with pytest.raises(ValueError, match=r"endpoint.*independent.*segment.*'nearest'"):
        losses.difference_penalty(quadratic, *draw_pair(), key(), pairing="nearest")


def test_independent_pairs_have_no_sign():
    with pytest.raises(ValueError, match="direction"):
        losses.difference_penalty(quadratic, *draw_pair(), key(), signed=True)


@pytest.mark.parametrize("pairing", ["segment", "endpoint"])
def test_points_are_rejected_where_they_do_not_apply(pairing):
    points = losses.uniform_box(0.0, 1.0)
    with pytest.raises(ValueError, match="independent pairs only"):
        losses.difference_penalty(
            quadratic, *draw_pair(), key(), pairing=pairing, points=points
        )


def test_pairings_that_are_functions_have_the_rules_of_their_names():
    def penalty(pairing, **options):
        return losses.difference_penalty(
            quadratic, *draw_pair(), key(), pairing=pairing, **options
        )

    for name, pairing in losses.PAIRINGS.items():
        chex.assert_trees_all_equal(penalty(pairing), penalty(name))
    with pytest.raises(ValueError, match="have no direction"):
        penalty(losses.independent_pairs, signed=True)
    for pairing in (losses.segment_pairs, partial(losses.segment_pairs)):
        with pytest.raises(ValueError, match="points applies to"):
            penalty(pairing, points=losses.at_reals)
    with pytest.raises(ValueError, match=r"pairing must be one of .* got \['x'\]"):
        penalty(["x"])
