from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import key, unchecked
from wgan_gp.data.pairs import PairData, make_pair
from wgan_gp.evaluate.critic import cosine_similarity
from wgan_gp.studies.evidence import generators


def test_transport_of_the_toys_goes_to_the_nearest_mode():
    """Of a ring with noise much smaller than the distance of its modes."""
    problem = generators.make_problem("8gaussians", 400)
    angles = np.arange(8) * np.pi / 4
    modes = np.sqrt(2) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    towards = modes[None] - np.asarray(problem.fakes)[:, None]
    nearest = np.linalg.norm(towards, axis=2).argmin(axis=1)
    wanted = towards[np.arange(400), nearest]
    cosines = jax.vmap(cosine_similarity)(wanted, problem.directions)
    assert np.mean(cosines) > 0.95
    assert 0 < problem.floor < 0.4


def test_transport_of_the_pair_is_that_of_its_optimal_critic():
    with unchecked():
        problem = generators.make_problem(generators.FUNNELS, 50)
    pair = make_pair(PairData(kind="funnels", dimension=16, funnels=16))
    gradients, _ = jax.vmap(pair.optimal_gradient)(problem.fakes)
    cosines = jax.vmap(cosine_similarity)(gradients, problem.directions)
    np.testing.assert_allclose(cosines, 1, atol=1e-3)


@pytest.mark.long
def test_a_critic_is_compared_by_the_direction_of_its_gradient():
    sizes = {"seeds": 2, "steps": 2, "critic_steps": 150, "width": 16, "samples": 40}
    with unchecked():
        problem = generators.make_problem(generators.FUNNELS, 40)
        outcome = generators.measure("one_sided", "funnels", problem, **sizes)
    assert outcome.cosine.shape == outcome.quality.shape == (2,)
    assert outcome.cosine.min() > 0.1  # at the start it is about 0
    assert outcome.quality.min() > 1  # a generator of two updates makes noise


def test_samples_are_those_of_the_averaged_generator(monkeypatch):
    state = SimpleNamespace(average="average", generator=SimpleNamespace(params="last"))
    trained = SimpleNamespace(
        make_train=lambda algorithm, steps: lambda key, hyperparameters: (state, {}),
        generate=lambda algorithm, params, key, n: (params, n),
    )
    monkeypatch.setattr(generators, "train", trained)
    experiment = SimpleNamespace(algorithm=None, hyperparameters=None)
    assert generators._generated(experiment, 3, 40, key()) == ("average", 40)


def test_the_rank_correlation_is_that_of_each_seed():
    cosines = np.array([[0.1, 0.9], [0.5, 0.5], [0.9, 0.1]])
    qualities = np.array([[9.0, 9.0], [4.0, 4.0], [2.0, 2.0]])
    values = np.array([cosines, qualities])
    assert generators.rank_correlation(values) == pytest.approx((0, 2**0.5))  # -1 and 1
    assert generators.rank_correlation(values[:, :, [0, 0]]) == (-1, 0)


def test_an_assignment_to_the_same_place_has_no_direction():
    points = jnp.array([[0.0, 0.0], [3.0, 4.0]])
    moved = points + jnp.array([[0.0, 0.0], [0.0, 2.0]])
    directions = generators._assigned(points, moved)
    np.testing.assert_allclose(directions, [[0, 0], [0, 1]], atol=1e-6)
