import chex
import jax
import jax.numpy as jnp
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
    named = {"two_sided": losses.two_sided, "one_sided": losses.one_sided}
    assert named == losses.SHAPES
