import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import key, linear
from wgan_gp import losses
from wgan_gp.studies.evidence import slope_forms
from wgan_gp.studies.evidence.slope_forms import FORMS, Draws

each_form = pytest.mark.parametrize("name", FORMS)
DRAWS = Draws(jnp.array([0.3, -0.7, -0.2, 0.9]), jnp.array([0.6, 0.8]))


@each_form
def test_a_linear_critic_has_the_slope_of_its_weight(name):
    critic = linear(jnp.array([3.0, 4.0]))
    slope = FORMS[name].slope(critic, jnp.array([0.1, 0.2]), DRAWS, 0.5)
    along = 3 * 0.6 + 4 * 0.8 if "random" in name else 5.0
    chex.assert_trees_all_close(slope, along, rtol=1e-5)


def mean_over_points(slope, kink):
    """The mean slope of a critic whose slope is 1 before its kink and 3 behind it."""

    def critic(x):
        return x[0] + 2 * jax.nn.relu(x[0] - kink)

    nodes = jnp.linspace(-1, 1, 401)[:, None]
    draws = Draws(DRAWS.along, jnp.ones(1))
    return jnp.mean(jax.vmap(lambda x: slope(critic, x, draws, 0.25))(nodes))


@each_form
def test_a_form_sees_a_kink_move_or_does_not(name):
    """Moved by 1, the kink takes the slope 2 from a share of 1 / 2 of the points."""
    form = FORMS[name]
    derivative = jax.grad(mean_over_points, argnums=1)(form.slope, 0.101)
    expected = -1.0 if form.sees_kinks else 0.0
    np.testing.assert_allclose(derivative, expected, rtol=0.02)


def test_mean_slope_and_difference_are_one_number():
    """With as many points as fit, of a critic with curvature and kinks."""

    def critic(x):
        return jnp.sum(jnp.sin(2 * x)) + 3 * jax.nn.relu(x[0] - 0.1)

    at = jnp.array([0.0, 0.4])
    along = jnp.linspace(-1, 1, 4001)
    draws = Draws(0.5 * (along[1:] + along[:-1]), jnp.ones(2))
    slopes = [
        FORMS[name].slope(critic, at, draws, 0.6)
        for name in ("mean slope", "difference along ĝ")
    ]
    chex.assert_trees_all_close(*slopes, rtol=1e-3)
    assert abs(float(slopes[0] - losses.gradient_norm(critic, at))) > 0.1


def test_draws_cover_the_segment_evenly_and_directions_have_length_one():
    draws = jax.vmap(lambda k: slope_forms._draw(5, k))(jax.random.split(key(), 500))
    parts = jnp.sort(jnp.floor((draws.along + 1) / 2 * slope_forms.SEGMENT), axis=1)
    assert (parts == jnp.arange(slope_forms.SEGMENT)[None]).all()
    assert abs(float(draws.along[:, 0].mean())) < 0.1  # shuffled
    lengths = jnp.linalg.norm(draws.anywhere, axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)
    assert float(jnp.abs(draws.anywhere.mean(axis=0)).max()) < 0.1


def test_a_penalty_of_a_form_is_one_sided_and_at_the_samples():
    penalty = slope_forms.form_penalty(FORMS["difference along ĝ"].slope, 0.01)
    reals, fakes = jnp.full((8, 1), 2.0), jnp.full((8, 1), 0.3)
    costs = penalty(lambda x: x[0] ** 2 / 2, reals, fakes, key())
    assert {round(float(cost), 4) for cost in costs} == {0.0, 1.0}
