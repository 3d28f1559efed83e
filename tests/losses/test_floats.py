"""Samples of any real type; slopes, penalties and means in float32 at least."""

from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import PENALTIES, direction, draw_pair, key, linear, quadratic
from wgan_gp import losses
from wgan_gp.data.arrays import noisy, resident
from wgan_gp.evaluate import critic_diagnostics

WHOLE = ("uint8", "int8", "uint32", "int32", "bool")
HALF = ("float16", "bfloat16")


def whole(dtype, count=6):
    """Real samples of a whole type that lie above the generated ones, all 0."""
    top = 1 if dtype == "bool" else 100
    reals = jax.random.randint(key(), (count, 3), 0, top + 1).astype(dtype)
    return reals, jnp.zeros((count, 3), dtype)


def as_float32(pair):
    return tuple(x.astype(jnp.float32) for x in pair)


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_of_whole_numbers_is_that_of_their_floats(name):
    pair = whole("uint8")
    for mixed in (pair, (pair[0], pair[1].astype(jnp.float32))):
        chex.assert_trees_all_equal(
            PENALTIES[name](quadratic, *mixed, key()),
            PENALTIES[name](quadratic, *as_float32(pair), key()),
        )


MEASURES = {
    "loss": lambda x, y: losses.critic_loss(quadratic, x, y, key()),
    "estimate": partial(losses.wasserstein_estimate, quadratic),
    "generator": lambda x, y: losses.generator_loss(quadratic, x),
    "endpoints": lambda x, y: losses.endpoints(x, y, key()),
    "segment": lambda x, y: losses.segment_pairs(x, y, key()),
    "independent": lambda x, y: losses.independent_pairs(x, y, key()),
    "box": lambda x, y: losses.uniform_box(-1, 1)(x, y, key()),
    "norm": lambda x, y: losses.gradient_norm(quadratic, x[0]),
    "quotient": lambda x, y: losses.signed_difference_quotient(quadratic, y[0], x[0]),
    "diagnostics": lambda x, y: critic_diagnostics(
        quadratic, x, y, key(), penalty=losses.gradient_penalty
    ),
}


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("dtype", ["uint8", "bool"])
def test_what_is_measured_on_whole_numbers_is_what_their_floats_give(name, dtype):
    pair = whole(dtype)
    floats = MEASURES[name](*as_float32(pair))
    chex.assert_trees_all_equal(MEASURES[name](*pair), floats)


@pytest.mark.parametrize("dtype", WHOLE)
def test_points_between_whole_numbers_lie_between(dtype):
    ones = jnp.ones((400, 1), dtype)
    (points,) = losses.interpolates(ones, jnp.zeros((400, 1)), key())
    chex.assert_type(points, jnp.float32)
    assert abs(points.mean() - 0.5) < 0.1
    assert len(np.unique(points)) > 390


def test_whole_numbers_of_64_bits_do_not_wrap():
    (x,) = losses.as_floats(np.array([2**40], np.int64))
    np.testing.assert_allclose(x, 2.0**40)


def test_the_wider_type_of_the_two_sides_is_taken():
    reals, fakes = draw_pair()
    for types, expected in [
        (("float16", "float32"), "float32"),
        (("float16", "bfloat16"), "float32"),
        (("bfloat16", "uint8"), "float32"),
        (("float8_e4m3fn", "float16"), "float32"),
        (("bfloat16", "bfloat16"), "bfloat16"),
    ]:
        pair = [x.astype(dtype) for x, dtype in zip((reals, fakes), types)]
        assert {x.dtype for x in losses.as_floats(*pair)} == {jnp.dtype(expected)}


def test_double_precision_stays():
    with jax.enable_x64(True):
        reals, fakes = (x.astype(jnp.float64) for x in draw_pair())
        for other in (fakes, fakes.astype(jnp.float32), fakes.astype(jnp.int64)):
            loss = jax.eval_shape(
                lambda x: losses.critic_loss(quadratic, reals, x, key()), other
            )
            chex.assert_type(jax.tree.leaves(loss), jnp.float64)


def half_linear(slope, dtype):
    """A critic of this slope, its arithmetic and its value in half precision."""
    return lambda x: jnp.sum(jnp.asarray(slope, dtype) * x.astype(dtype))


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("name", ["two_sided", "one_sided", "endpoint"])
def test_a_steep_critic_in_half_precision_has_a_finite_penalty(name, dtype):
    reals, fakes = jnp.ones((6, 1), dtype), jnp.zeros((6, 1), dtype)
    slope = float(jnp.asarray(300, dtype))
    penalties = PENALTIES[name](half_linear(300, dtype), reals, fakes, key())
    chex.assert_type(penalties, jnp.float32)
    np.testing.assert_allclose(penalties, (slope - 1) ** 2, rtol=1e-6)


@pytest.mark.parametrize("dtype", HALF)
def test_a_flat_critic_in_half_precision_is_told_to_be_steeper(dtype):
    x = jnp.ones((4, 3), dtype)

    def cost(slope):
        return jnp.mean(
            losses.gradient_penalty(half_linear(slope, dtype), x, 2 * x, key())
        )

    # (s sqrt(3) - 1)^2 at s = 2e-4, where squares of s vanish in float16.
    expected = 2 * np.sqrt(3) * (2e-4 * np.sqrt(3) - 1)
    np.testing.assert_allclose(jax.grad(cost)(2e-4), expected, rtol=1e-2)


def test_means_of_half_precision_values_are_taken_in_float32():
    # 2049 is no number of float16, whose neighbours of 2048 are 2 apart.
    reals, fakes = jnp.array([[2048.0], [2050.0]]), jnp.zeros((2, 1))
    critic = lambda x: x[0].astype(jnp.float16)  # noqa: E731
    assert float(losses.wasserstein_estimate(critic, reals, fakes)) == 2049
    assert float(losses.generator_loss(critic, reals)) == -2049
    penalty = lambda *_: jnp.array([2048.0, 2050.0], jnp.float16)  # noqa: E731
    _, metrics = losses.critic_loss(critic, reals, fakes, key(), penalty=penalty)
    assert float(metrics["penalty"]) == 2049


@pytest.mark.parametrize("dtype", HALF)
def test_points_in_half_precision_are_rounded_once(dtype):
    x = draw_pair(count=200)[0].astype(dtype)
    # Epsilon in half precision would move the point between x and x.
    for points in (losses.interpolates(x, x, key()), losses.segment_pairs(x, x, key())):
        chex.assert_trees_all_equal(points, (x,) * len(points))


@pytest.mark.parametrize("dtype", [*HALF, "uint8"])
@pytest.mark.parametrize("shape", losses.SHAPES.values())
def test_shapes_are_computed_in_float32(shape, dtype):
    cost = shape(jnp.array([200], dtype))
    expected = 200.0**2 if shape is losses.zero_centred else 199.0**2
    chex.assert_trees_all_equal(cost, jnp.array([expected]))


COMPLEX = jnp.ones((6, 3), jnp.complex64)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("side", [0, 1])
def test_complex_samples_are_refused(name, side):
    if side and name in ("generator", "norm"):
        return
    pair = [jnp.ones((6, 3))] * 2
    pair[side] = COMPLEX
    with pytest.raises(ValueError, match=r"expected real numbers, got complex64"):
        MEASURES[name](*pair)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (
            list(jnp.ones((6, 3))),
            r"got a list of 6: stack them, jnp.asarray\(samples\)",
        ),
        ((jnp.ones((6, 3)), jnp.arange(6)), "got a tuple of 2.*condition="),
        ({"x": jnp.ones((6, 3))}, "got a dict of 1.*condition="),
        (np.array(["a", "b"]), "array of real numbers, got <U1"),
        (None, "array of real numbers, got object"),
        (2.0, "a batch of samples.*single number"),
        (
            jnp.ones((0, 3)),
            r"at least one sample, got an empty batch of shape \(0, 3\)",
        ),
        (jax.random.split(jax.random.key(0), 6), "real numbers, got key"),
    ],
    ids=["list", "tuple", "dict", "words", "none", "number", "empty", "keys"],
)
def test_what_is_no_batch_of_samples_is_refused_in_one_line(samples, words):
    for measure in (
        lambda x: losses.critic_loss(quadratic, x, x, key()),
        lambda x: losses.gradient_penalty(quadratic, x, x, key()),
        lambda x: losses.generator_loss(quadratic, x),
        lambda x: losses.wasserstein_estimate(quadratic, x, x),
        lambda x: losses.interpolates(x, x, key()),
    ):
        with pytest.raises(ValueError, match=words) as caught:
            measure(samples)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool", "float64", "float16"])
def test_a_resident_set_draws_floats_of_the_same_values(dtype):
    values = np.arange(6).reshape(3, 2).astype(dtype)
    drawn = resident(values)(key(), 20)
    assert jnp.issubdtype(drawn.dtype, jnp.floating)
    assert {tuple(row) for row in drawn.tolist()} == {tuple(x) for x in values.tolist()}


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.ones((3, 2), complex), "real numbers, got complex128"),
        (np.ones(()), r"at least one sample.*shape \(\)"),
        (np.ones((0, 2)), r"at least one sample.*shape \(0, 2\)"),
    ],
)
def test_a_resident_set_needs_samples_of_real_numbers(samples, words):
    with pytest.raises(ValueError, match=words):
        resident(samples)


@pytest.mark.parametrize("dtype", [*WHOLE, *HALF])
def test_noise_is_added_in_the_type_of_the_floats(dtype):
    fakes = noisy(lambda _, n: jnp.ones((n, 2), dtype), std=0.5)(key(), 400)
    assert fakes.dtype == (dtype if dtype in HALF else jnp.float32)
    assert abs(fakes.astype(jnp.float32).std() - 0.5) < 0.1


def test_a_linear_critic_of_samples_far_from_zero_keeps_its_slope():
    weight = direction((3,), 2.0)
    x = jnp.full((6, 3), 200, jnp.uint8)
    penalties = losses.gradient_penalty(linear(weight), x, jnp.zeros_like(x), key())
    np.testing.assert_allclose(penalties, 1.0, rtol=1e-5)


def test_masked_samples_are_refused():
    reals, fakes = draw_pair()
    masked = np.ma.masked_less(np.asarray(reals), 0)
    with pytest.raises(ValueError, match="without masked values"):
        losses.gradient_penalty(lambda x: x.sum(), masked, fakes, key())
    whole = np.ma.array(np.asarray(reals))  # a masked array without a mask
    losses.gradient_penalty(lambda x: x.sum(), whole, fakes, key())
