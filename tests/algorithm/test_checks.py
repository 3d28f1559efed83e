"""What no step could be made of is refused in one line."""

import numpy as np
import optax
import pytest

from tests.games import tiny
from tests.helpers import key
from wgan_gp import losses, train
from wgan_gp.constraints import CLIP
from wgan_gp.networks import MLP

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
        ({"sample_latent": None}, {}, TypeError, "sample_latent must be a function"),
        ({"generator_optimiser": None}, {}, TypeError, "generator_optimiser must be"),
        ({"microbatches": 3}, {}, ValueError, "must divide batch_size = 8, got 3"),
        ({"n_critic": 0}, {}, ValueError, "n_critic must be a whole number >= 1"),
        ({}, {"n_critic": 0}, ValueError, r"between 1 and Algorithm\.n_critic = 2"),
        ({}, {"n_critic": 3}, ValueError, r"between 1 and Algorithm\.n_critic = 2"),
    ],
)
def test_choices_that_do_not_fit_are_refused(choices, rates, error, words):
    with pytest.raises(error, match=words) as caught:
        train.init(tiny(**choices), RATES._replace(**rates), key())
    assert "\n" not in str(caught.value)


def test_a_classifier_is_needed_to_weigh_its_labels():
    critic = tiny().critic._replace(label_weight=1.0)
    with pytest.raises(ValueError, match="needs a network with `classify`"):
        train.init_critic(critic, RATES, key())
    with pytest.raises(TypeError, match=r"expected train\.Hyperparameters, got None"):
        train.init_critic(tiny().critic, None, key())


@pytest.mark.parametrize("steps", [0, -1, 1.5, True])
def test_a_run_of_no_steps_is_refused(steps):
    with pytest.raises(ValueError, match="steps must be a whole number >= 1, got"):
        train.make_train(tiny(), steps)


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
