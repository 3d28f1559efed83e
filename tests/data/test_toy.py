import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import make_swiss_roll

from tests.helpers import key
from wgan_gp import data
from wgan_gp.data.arrays import resident

MIXTURES = ("8gaussians", "25gaussians")
N = 8000


def draw(name, n=N, seed=0):
    return np.asarray(data.load(name).sample(key(seed), n))


def nearest(samples, modes):
    offsets = samples[:, None] - modes[None]
    chosen = np.linalg.norm(offsets, axis=-1).argmin(axis=1)
    return chosen, samples - modes[chosen]


@pytest.mark.parametrize("name", data.DATASETS)
@pytest.mark.parametrize("n", [1, 7])
def test_samples_have_the_declared_shape_and_type(name, n):
    dataset = data.load(name)
    samples = jax.jit(dataset.sample, static_argnums=1)(key(), n)
    chex.assert_shape(samples, (n, *dataset.shape))
    chex.assert_type(samples, jnp.float32)
    assert dataset.name == name


def test_resident_samples_may_have_any_byte_order_and_must_be_finite():
    values = np.arange(6.0).reshape(3, 2)
    for dtype in (">f4", ">f8", ">i2", "<f4"):
        drawn = resident(values.astype(dtype))(key(), 50)
        assert {*map(tuple, np.asarray(drawn).tolist())} == {
            *map(tuple, values.tolist())
        }
    for bad in (1e300, np.nan, np.inf):
        with pytest.raises(
            ValueError, match="must be finite in float32, got values that"
        ):
            resident(np.array([[1.0], [bad]]))


@pytest.mark.parametrize("name", data.DATASETS)
def test_a_key_gives_the_same_samples_and_another_gives_others(name):
    np.testing.assert_array_equal(draw(name, 20), draw(name, 20))
    assert not np.any(draw(name, 20) == draw(name, 20, seed=1))


def test_ring_modes_lie_evenly_on_a_circle():
    modes = data.load("8gaussians").modes
    assert modes.shape == (8, 2)
    np.testing.assert_allclose(np.linalg.norm(modes, axis=1), 2 / 1.414)
    angles = np.sort(np.arctan2(*modes.T[::-1]) % (2 * np.pi))
    np.testing.assert_allclose(np.diff(angles), np.pi / 4)
    assert data.load("8gaussians").std == 0.02 / 1.414


def test_grid_modes_are_a_five_by_five_grid():
    modes = data.load("25gaussians").modes * 2.828
    expected = {(x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)}
    assert {tuple(mode) for mode in np.round(modes).astype(int)} == expected
    np.testing.assert_allclose(modes, np.round(modes))
    assert data.load("25gaussians").std == 0.05 / 2.828


@pytest.mark.parametrize("name", MIXTURES)
def test_mixture_samples_lie_about_their_modes_with_the_stated_std(name):
    dataset = data.load(name)
    _, noise = nearest(draw(name), dataset.modes)
    assert np.linalg.norm(noise, axis=1).max() < 5 * dataset.std
    np.testing.assert_allclose(noise.std(axis=0), dataset.std, rtol=0.04)
    assert stats.kstest(noise[:, 0] / dataset.std, "norm").pvalue > 1e-4
    assert abs(np.corrcoef(noise.T)[0, 1]) < 5 / np.sqrt(N)


@pytest.mark.parametrize("name", MIXTURES)
def test_modes_are_equally_likely(name):
    modes = data.load(name).modes
    chosen, _ = nearest(draw(name), modes)
    counts = np.bincount(chosen, minlength=len(modes))
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("name", MIXTURES)
def test_mixtures_are_centred_with_about_unit_scale(name):
    samples = draw(name)
    np.testing.assert_allclose(samples.mean(axis=0), 0, atol=0.06)
    np.testing.assert_allclose(samples.std(axis=0), 1, atol=0.06)


def test_swissroll_has_the_law_of_scikit_learns():
    ours = draw("swissroll")
    theirs = make_swiss_roll(N, noise=0.25, random_state=0)[0][:, [0, 2]] / 7.5
    np.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), atol=0.06)
    np.testing.assert_allclose(ours.std(axis=0), theirs.std(axis=0), rtol=0.04)
    for quantity in (lambda x: x[:, 0], lambda x: x[:, 1], np.ravel, radius):
        result = stats.ks_2samp(quantity(ours), quantity(theirs))
        assert result.pvalue > 1e-4
    levels = np.linspace(0.05, 0.95, 10)
    np.testing.assert_allclose(
        np.quantile(ours, levels, axis=0),
        np.quantile(theirs, levels, axis=0),
        atol=0.1,
    )


def radius(x):
    return np.linalg.norm(x, axis=1)


def test_swissroll_noise_has_the_stated_std():
    samples = draw("swissroll") * 7.5
    t = np.linspace(1.5 * np.pi, 4.5 * np.pi, 3000)
    spiral = t[:, None] * np.stack([np.cos(t), np.sin(t)], axis=1)
    gaps = np.linalg.norm(samples[:1000, None] - spiral[None], axis=-1).min(axis=1)
    np.testing.assert_allclose(np.sqrt(np.mean(gaps**2)), 0.25, rtol=0.1)


def test_unknown_names_are_rejected_with_those_there_are():
    with pytest.raises(ValueError, match=r"25gaussians.*8gaussians.*swissroll"):
        data.load("moons")
