import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import unchecked
from wgan_gp.studies.evidence import simplicity


def gradients(function):
    """Of a function of one point, on the square's grid."""
    axis = jnp.linspace(-simplicity.EDGE, simplicity.EDGE, 32)
    plane = jnp.stack(jnp.meshgrid(axis, axis), axis=-1)
    return np.asarray(jax.vmap(jax.vmap(jax.grad(function)))(plane))


@pytest.mark.parametrize("scale", [1e-4, 1.0, 50.0])
def test_bends_count_ridges_whatever_the_scale(scale):
    affine = gradients(lambda x: scale * (2 * x[0] - x[1]))
    assert simplicity.bends(affine) == pytest.approx(0, abs=1e-5)
    # Rows cross this ridge once, turning the gradient round: 2. Columns do not.
    roof = gradients(lambda x: -scale * jnp.abs(x[0] - 0.05))
    assert simplicity.bends(roof) == pytest.approx(1, rel=1e-5)
    pyramid = gradients(lambda x: -scale * jnp.sum(jnp.abs(x - 0.05)))
    assert simplicity.bends(pyramid) == pytest.approx(2**0.5, rel=1e-5)


def test_more_modes_bend_a_critic_more():
    smooth = gradients(lambda x: jnp.sum(jnp.sin(x)))
    wavy = gradients(lambda x: jnp.sum(jnp.sin(4 * x)))
    assert simplicity.bends(wavy) > 2 * simplicity.bends(smooth)


def test_the_share_at_the_limits_counts_both_ends():
    weights = np.array([-0.01, 0.00995, 0.0098, 0.0])
    assert simplicity.share_at_limits(weights, 0.01) == 0.5
    assert simplicity.share_at_limits(weights, None) == 0.5
    assert simplicity.share_at_limits(weights, 0.02) == 0


@pytest.mark.long
def test_clipped_weights_lie_at_the_limits_and_penalised_ones_do_not():
    sizes = {"seeds": 2, "steps": 150, "width": 16, "samples": 50}
    with unchecked():
        clip, gp = (
            simplicity.table_row(simplicity.train_critics(name, "swissroll", **sizes))
            for name in ("clip", "two_sided")
        )
    assert clip["weights at ±c"][0] > 0.5
    assert gp["weights at ±c"][0] < 0.1


@pytest.mark.long
def test_the_seeds_of_one_program_differ():
    sizes = {"seeds": 2, "steps": 3, "width": 8, "samples": 20}
    with unchecked():
        critics = simplicity.train_critics("one_sided", "8gaussians", **sizes)
    assert not np.array_equal(critics.values[0], critics.values[1])
    assert critics.true > 0
