import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from wgan_gp import losses

SLOPES = jnp.array([-1.0, 0.0, 0.5, 1.0, 1.5, 3.0])


def test_two_sided_costs_both_sides_of_one():
    expected = jnp.array([4.0, 1.0, 0.25, 0.0, 0.25, 4.0])
    chex.assert_trees_all_equal(losses.two_sided(SLOPES), expected)


@pytest.mark.parametrize(
    ("power", "expected"),
    [(1, [0.0, 0.0, 0.0, 0.0, 0.5, 2.0]), (2, [0.0, 0.0, 0.0, 0.0, 0.25, 4.0])],
)
def test_one_sided_costs_slopes_above_one_only(power, expected):
    cost = losses.one_sided(SLOPES, power=power)
    chex.assert_trees_all_equal(cost, jnp.array(expected))


def test_one_sided_is_squared_by_default():
    chex.assert_trees_all_equal(
        losses.one_sided(SLOPES), losses.one_sided(SLOPES, power=2)
    )


@pytest.mark.parametrize("power", [1, 2])
def test_one_sided_has_no_gradient_below_one(power):
    slope = jax.grad(lambda s: losses.one_sided(s, power=power))
    assert slope(0.5) == 0
    assert slope(1.5) == 1


@pytest.mark.parametrize("power", [0, 3, 1.5, -1])
def test_other_powers_are_rejected(power):
    with pytest.raises(ValueError, match="power must be 1 or 2"):
        losses.one_sided(SLOPES, power=power)


def test_shapes_are_listed_by_name():
    for name, shape in losses.SHAPES.items():
        assert shape is getattr(losses, name)


@pytest.mark.parametrize("target", [0.5, 2.0])
def test_a_target_moves_the_slope_that_costs_nothing(target):
    for shape in (losses.two_sided, losses.one_sided):
        at_one = shape(SLOPES)
        moved = shape(SLOPES * target, target=target)
        chex.assert_trees_all_close(moved, at_one * target**2, rtol=1e-6)
    linear = losses.one_sided(SLOPES, power=1, target=target)
    chex.assert_trees_all_close(linear, jnp.maximum(SLOPES - target, 0))


@pytest.mark.parametrize("target", [0, -1.0, jnp.inf, jnp.nan, None, "1", np.ones(2)])
@pytest.mark.parametrize("shape", [losses.two_sided, losses.one_sided])
def test_targets_that_are_no_slope_are_rejected(shape, target):
    with pytest.raises(ValueError, match="target must be a finite number > 0, got"):
        shape(SLOPES, target=target)


@pytest.mark.parametrize("exponent", [1, 2, 2.5, 6])
def test_zero_centred_is_a_power_with_a_finite_derivative_at_zero(exponent):
    cost = losses.zero_centred(SLOPES, exponent=exponent)
    chex.assert_trees_all_close(cost, jnp.abs(SLOPES) ** exponent, rtol=1e-6)
    slope = jax.grad(lambda s: losses.zero_centred(s, exponent=exponent))
    chex.assert_tree_all_finite(slope(0.0))
    chex.assert_trees_all_close(slope(3.0), exponent * 3.0 ** (exponent - 1))


@pytest.mark.parametrize("exponent", [0.5, 0, -2, jnp.inf, jnp.nan])
def test_exponents_below_one_are_rejected(exponent):
    with pytest.raises(ValueError, match="exponent must be a finite number >= 1"):
        losses.zero_centred(SLOPES, exponent=exponent)
