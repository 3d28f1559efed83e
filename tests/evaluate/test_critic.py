import chex
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import PENALTIES, cost, direction, draw_pair, key, linear, quadratic
from wgan_gp import losses
from wgan_gp.evaluate import critic_diagnostics


@pytest.mark.parametrize("norm", [0.5, 3.0])
def test_diagnostics_of_a_linear_critic(norm):
    reals, fakes = draw_pair(count=50)
    weight = direction((3,), norm)
    found = critic_diagnostics(
        linear(weight, bias=9.0), reals, fakes, key(), penalty=losses.gradient_penalty
    )
    expected = {
        "wasserstein": np.mean(reals @ weight) - np.mean(fakes @ weight),
        "penalty": (norm - 1) ** 2,
        "gradient_norm_mean": norm,
        "gradient_norm_min": norm,
        "gradient_norm_max": norm,
    }
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, err_msg=name)


def test_slopes_are_measured_between_the_samples():
    reals, fakes = jnp.full((500, 1), 3.0), jnp.full((500, 1), 1.0)
    found = critic_diagnostics(quadratic, reals, fakes, key(), penalty=None)
    assert 1 <= found["gradient_norm_min"] < 1.1
    assert 2.9 < found["gradient_norm_max"] <= 3
    np.testing.assert_allclose(found["gradient_norm_mean"], 2, atol=0.15)
    assert found["penalty"] == 0


@pytest.mark.parametrize("name", PENALTIES)
def test_the_penalty_in_use_is_the_one_measured(name):
    pair = draw_pair((1,), count=8)
    found = critic_diagnostics(linear(-3.0), *pair, key(), penalty=PENALTIES[name])
    chex.assert_tree_all_finite(found)
    if "signed" not in name:
        np.testing.assert_allclose(found["penalty"], cost(name, 3.0), rtol=1e-3)
