"""What no step could be made of is refused in one line."""

import jax
import numpy as np
import optax
import pytest

from tests.games import tiny
from tests.helpers import draw_pair, key
from wgan_gp import constraints, data, losses, train
from wgan_gp.algorithm import checks
from wgan_gp.constraints import CLIP
from wgan_gp.networks import MLP

RANDOM = np.random.default_rng(0)
ROWS = jax.numpy.asarray(RANDOM.normal(size=(50, 2)))


def drawn(_, n):
    """What is no function of its key."""
    return RANDOM.normal(size=(n, 2))


RATES = train.Hyperparameters(1e-2, 1e-2, strength=10.0)


@pytest.mark.parametrize(
    ("choices", "rates", "error", "words"),
    [
        (
            {"optimiser": optax.adam(1e-3)},
            {},
            ValueError,
            r"critic_learning_rate = 0\.01 has no effect .* make optimiser a function",
        ),
        (
            {"optimiser": optax.adam(1e-3)},
            {"critic_learning_rate": None, "critic_updates": 9},
            ValueError,
            "critic_updates = 9 has no effect",
        ),
        (
            {"generator_optimiser": optax.sgd(1e-3)},
            {},
            ValueError,
            r"generator_learning_rate = 0\.01 has no effect",
        ),
        (
            {},
            {"critic_learning_rate": None},
            ValueError,
            "critic_learning_rate is None, and optimiser is a function of it",
        ),
        (
            {},
            {"generator_learning_rate": None},
            ValueError,
            "generator_learning_rate is None, and generator_optimiser is a function",
        ),
        ({}, {"strength": None}, ValueError, "strength is None.* lambda of a penalty"),
        ({"constraint": CLIP}, {"strength": None}, ValueError, "c of clipping"),
        (
            {"network": MLP((8,), 2)},
            {},
            TypeError,
            r"network must .*\.from_flax\(MODULE",
        ),
        ({"generator": 3}, {}, TypeError, r"generator must be a networks\.Network"),
        (
            {"sample_real": np.ones((9, 2))},
            {},
            TypeError,
            r"sample_real must be .* got a ndarray: of an array write data\.resident",
        ),
        (
            {"sample_real": lambda _, n: np.random.normal(size=(n, 2))},  # noqa: NPY002
            {},
            ValueError,
            r"sample_real draws other samples each time .* data\.resident\(ARRAY\)",
        ),
        (
            {"sample_latent": lambda _, n: ROWS[RANDOM.integers(0, 50, n)]},
            {},
            ValueError,
            "sample_latent draws other samples each time for the same key",
        ),
        (
            {
                "sample_real": jax.jit(
                    lambda _, n: RANDOM.normal(size=(n, 2)), static_argnums=1
                )
            },
            {},
            ValueError,
            "sample_real draws other samples each time for the same key",
        ),
        ({"sample_latent": None}, {}, TypeError, "sample_latent must be a function"),
        ({"generator_optimiser": None}, {}, TypeError, "generator_optimiser must be"),
        ({"microbatches": 3}, {}, ValueError, "must divide batch_size = 8, got 3"),
        ({"n_critic": 0}, {}, ValueError, "n_critic must be a whole number >= 1"),
        ({}, {"n_critic": 0}, ValueError, r"between 1 and Algorithm\.n_critic = 2"),
        ({}, {"n_critic": 3}, ValueError, r"between 1 and Algorithm\.n_critic = 2"),
        ({}, {"n_critic": 1.5}, ValueError, r"a whole number between 1 and"),
        ({}, {"ema_decay": -3.0}, ValueError, r"ema_decay must be in \[0, 1\), got -3"),
        ({"generator_batch_size": 0}, {}, ValueError, "generator_batch_size must be a"),
    ],
)
def test_choices_that_do_not_fit_are_refused(choices, rates, error, words):
    with pytest.raises(error, match=words) as caught:
        train.init(tiny(**choices), RATES._replace(**rates), key())
    assert "\n" not in str(caught.value)


def test_a_penalty_is_evaluated_by_the_network_that_it_is_trained_by():
    slope = losses.slope_penalty(lambda s: s, losses.gradient_norm, losses.interpolates)
    network = tiny().critic.network
    twice = network._replace(apply=lambda params, x: 2 * network.apply(params, x))
    reals, fakes = draw_pair((2,))
    measured = []
    for given in (None, twice):
        algorithm = tiny(
            penalty_network=given, constraint=constraints.penalise(slope)
        ).critic
        critic = train.init_critic(algorithm, RATES, key())
        bound = train.bind_critic(algorithm, critic)
        penalty = train.bind_penalty(algorithm, critic)
        measured.append(penalty(bound, reals, fakes, jax.random.split(key(1), 6)))
    np.testing.assert_allclose(measured[1], 2 * measured[0], rtol=1e-6)
    free = tiny(constraint=constraints.Constraint()).critic
    assert train.bind_penalty(free, critic) is None


def test_a_classifier_is_needed_to_weigh_its_labels():
    critic = tiny().critic._replace(label_weight=1.0)
    with pytest.raises(ValueError, match="needs a critic's network with `classify`"):
        train.init_critic(critic, RATES, key())
    with pytest.raises(ValueError, match=r"the generator's label_weight = 1\.0 needs"):
        train.init(tiny()._replace(label_weight=1.0), RATES, key())
    with pytest.raises(TypeError, match=r"expected train\.Hyperparameters, got None"):
        train.init_critic(tiny().critic, None, key())


@pytest.mark.parametrize("steps", [0, -1, 1.5, True])
def test_a_run_of_no_steps_is_refused(steps):
    with pytest.raises(ValueError, match="steps must be a whole number >= 1, got"):
        train.make_train(tiny(), steps)
    with pytest.raises(ValueError, match="steps must be a whole number >= 1, got"):
        train.make_critic_train(tiny().critic, lambda key, n: None, steps)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (losses.gradient_penalty, r"write constraints\.penalise\(gradient_penalty\)"),
        (losses.clip_weights, "expected a Constraint"),
        (True, r"expected a Constraint, got True: write CLIP, penalise\(PENALTY\)"),
        (None, r"or Constraint\(\) for none"),
    ],
)
def test_what_is_no_constraint_is_refused(given, words):
    with pytest.raises(TypeError, match=words):
        train.init_critic(tiny(constraint=given).critic, RATES, key())


@pytest.mark.parametrize(
    "sample",
    [
        lambda key, n: jax.numpy.zeros((n, 2)),  # a point, as of a Dirac GAN
        lambda key, n: ROWS[:n] + jax.random.normal(key, (n, 2)),
        lambda key, n: jax.random.normal(jax.random.fold_in(key, 3), (n, 2)),
        lambda key, n: jax.random.normal(jax.random.key(7), (n, 2)),
        data.resident(np.ones((9, 2))),
        data.load("8gaussians").sample,
    ],
)
def test_samplers_without_randomness_of_their_own_are_taken(sample):
    checks.check_sampler("sample_real", sample, 8)


def test_a_fixed_generator_that_draws_by_itself_is_refused():
    with pytest.raises(ValueError, match="sample_fake draws other samples"):
        train.make_critic_train(tiny().critic, drawn, 3)


def test_what_is_no_key_is_refused():
    for make in (
        lambda: train.make_train(tiny(), 3)(0, RATES),
        lambda: train.init_critic(tiny().critic, RATES, 0),
        lambda: train.make_critic_train(tiny().critic, tiny().critic.sample_real, 3)(
            0, RATES
        ),
    ):
        with pytest.raises(ValueError, match="expected a JAX random key, got int"):
            make()
