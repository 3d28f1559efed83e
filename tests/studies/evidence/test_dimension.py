import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import key, unchecked
from wgan_gp.evaluate import exact_wasserstein
from wgan_gp.studies.evidence import dimension


@pytest.mark.parametrize("size", [2, 5, 64])
def test_the_two_sides_are_one_shift_apart(size):
    real, fake = dimension.sides(size)
    reals, fakes = np.asarray(real(key(1), 300)), np.asarray(fake(key(1), 300))
    assert reals.shape == (300, size)
    assert exact_wasserstein(reals, fakes) <= dimension.SHIFT * (1 + 1e-5)
    centres = np.asarray(real(key(2), 20_000)).mean(0) - reals.mean(0)
    assert np.abs(centres).max() < 0.3
    np.testing.assert_allclose(np.linalg.norm(fakes - reals, axis=1), 1, rtol=1e-4)


def test_the_data_lie_in_a_plane_up_to_noise():
    real, _ = dimension.sides(6)
    spread = jnp.linalg.svd(real(key(), 2000), compute_uv=False) / 2000**0.5
    np.testing.assert_allclose(spread[:2], 1.0, atol=0.1)
    np.testing.assert_allclose(spread[2:], dimension.NOISE, atol=0.02)


@pytest.mark.long
def test_a_box_of_many_dimensions_leaves_the_critic_free_between_the_data():
    sizes = {"seeds": 2, "steps": 400, "width": 16, "samples": 200}
    with unchecked():
        line, box = (
            dimension.measure("one_sided", points, 16, **sizes)
            for points in ("interpolates", "box")
        )
    assert (line.between.mean(axis=1) < 1.2).all()
    assert (box.between.mean(axis=1) > 1.35).all()
