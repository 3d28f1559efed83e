import numpy as np
import pytest

from tests.helpers import key
from wgan_gp import data
from wgan_gp.evaluate import mode_statistics

MODES = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


@pytest.mark.parametrize("name", ["8gaussians", "25gaussians"])
def test_perfect_samples_find_every_mode_and_mostly_lie_within_three_sigma(name):
    dataset = data.load(name)
    samples = np.asarray(dataset.sample(key(), 20_000))
    found, total, share, divergence = mode_statistics(
        samples, dataset.modes, dataset.std
    )
    assert found == total == len(dataset.modes)
    assert abs(share - (1 - np.exp(-4.5))) < 0.004
    assert 0 < divergence < 3 * total / (2 * 20_000)


def test_a_constant_on_a_mode_finds_that_mode_only():
    samples = np.tile(MODES[1], (50, 1))
    assert mode_statistics(samples, MODES, 0.1)[:3] == (1, 3, 1.0)


def test_a_constant_far_from_all_modes_finds_none():
    samples = np.full((50, 2), 5.0)
    assert mode_statistics(samples, MODES, 0.1)[:3] == (0, 3, 0.0)


def test_the_radius_is_in_standard_deviations():
    samples = np.array([[0.25, 0.0], [10.35, 0.0], [0.0, 10.0], [0.0, 9.0]])
    assert mode_statistics(samples, MODES, 0.1)[:3] == (2, 3, 0.5)
    assert mode_statistics(samples, MODES, 0.1, radius=4.0)[:3] == (3, 3, 0.75)
    assert mode_statistics(samples, MODES, 0.1, radius=1.0)[:3] == (1, 3, 0.25)


def test_the_reverse_divergence_is_that_of_the_shares_from_even():
    one = np.tile(MODES[1], (50, 1))
    np.testing.assert_allclose(mode_statistics(one, MODES, 0.1)[3], np.log(3))
    even = np.repeat(MODES, 20, axis=0) + 2.0
    np.testing.assert_allclose(mode_statistics(even, MODES, 0.1)[3], 0, atol=1e-12)
    skewed = MODES[[0, 0, 0, 1]]
    expected = 0.75 * np.log(0.75 * 3) + 0.25 * np.log(0.25 * 3)
    np.testing.assert_allclose(mode_statistics(skewed, MODES, 0.1)[3], expected)


@pytest.mark.parametrize(
    ("samples", "modes"),
    [(np.zeros(4), MODES), (np.zeros((4, 3)), MODES), (np.zeros((4, 2)), MODES[:0])],
)
def test_samples_and_modes_are_of_one_space(samples, modes):
    with pytest.raises(ValueError, match=r"need samples \[n, D\] and modes \[M, D\]"):
        mode_statistics(samples, modes, 0.1)


@pytest.mark.parametrize("bad", [np.zeros((0, 2)), np.full((3, 2), np.nan)])
def test_no_samples_and_nan_samples_are_refused(bad):
    with pytest.raises(ValueError, match="finite samples, at least one"):
        mode_statistics(bad, MODES, 0.1)
