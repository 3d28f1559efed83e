import numpy as np
import pytest

from tests.helpers import unchecked
from wgan_gp.evidence import simplicity


def grid(function):
    axis = np.linspace(-simplicity.EDGE, simplicity.EDGE, 32)
    return function(*np.meshgrid(axis, axis))


def test_an_affine_critic_is_its_own_best_affine_fit():
    assert simplicity.affine_fit(grid(lambda x, y: 2 * x - y + 5)) == pytest.approx(1)


def test_a_critic_without_a_trend_has_no_affine_fit():
    assert simplicity.affine_fit(grid(lambda x, y: x * y)) == pytest.approx(0, abs=1e-9)


def test_the_share_at_the_limits_counts_both_ends():
    weights = np.array([-0.01, 0.00995, 0.0098, 0.0])
    assert simplicity.share_at_limits(weights, 0.01) == 0.5
    assert simplicity.share_at_limits(weights, None) == 0.5
    assert simplicity.share_at_limits(weights, 0.02) == 0


def test_clipped_weights_lie_at_the_limits_and_penalised_ones_do_not():
    sizes = {"seeds": 2, "steps": 150, "width": 16, "samples": 50}
    with unchecked():
        clip, gp = (
            simplicity.numbers(simplicity.train_critics(name, "swissroll", **sizes))
            for name in ("clip", "two_sided")
        )
    assert clip["weights at ±c"][0] > 0.5
    assert gp["weights at ±c"][0] < 0.1


def test_the_seeds_of_one_program_differ():
    sizes = {"seeds": 2, "steps": 3, "width": 8, "samples": 20}
    with unchecked():
        critics = simplicity.train_critics("one_sided", "8gaussians", **sizes)
    assert not np.array_equal(critics.values[0], critics.values[1])
    assert critics.true > 0
