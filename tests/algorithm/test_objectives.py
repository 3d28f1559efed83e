"""Training under the objectives that the Wasserstein one is compared with."""

from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.games import sample_latent, sample_real, tiny
from tests.helpers import cases, key, resolve, unchecked
from wgan_gp import devices, losses, train
from wgan_gp.algorithm.objectives import critic_objective, generator_objective
from wgan_gp.build import build
from wgan_gp.constraints import Constraint
from wgan_gp.networks import bind
from wgan_gp.runs import loop, workdir

RATES = train.Hyperparameters(1e-2, 1e-2, strength=10.0)
OTHERS = [name for name in losses.OBJECTIVES if name != "wasserstein"]


def game(name, **choices):
    return tiny(objective=losses.OBJECTIVES[name], **choices)


def after(algorithm, count=2, mesh=None):
    state = train.init(algorithm, RATES, key())
    run = partial(train.train_steps, algorithm, RATES, count=count)
    with unchecked():
        if mesh is None:
            return jax.jit(run)(state)
        return devices.jit_replicated(run, mesh)(devices.replicate(state, mesh))


@pytest.mark.parametrize("name", cases(OTHERS, soon=("hinge", "nonsaturating")))
def test_players_minimise_the_objective(name):
    """The metrics of a step are the objective's, at the parameters before it."""
    objective = losses.OBJECTIVES[name]
    algorithm = game(name, n_critic=1, constraint=Constraint())
    state = train.init(algorithm, RATES, key())
    critic = bind(algorithm.critic.network, state.critic.params)
    reals, fakes = sample_real(key(1), 8), sample_real(key(2), 8) - 3
    batch = jax.device_put((reals, None, fakes, losses.sample_keys(key(3), 8)))
    gradient = train.critic_gradient(algorithm.critic, RATES, ())
    _, metrics = gradient(state.critic.params, batch)
    values = [jax.vmap(critic)(x) for x in (reals, fakes)]
    np.testing.assert_allclose(
        metrics["critic_loss"], objective.critic(*values), rtol=1e-6
    )
    latents = algorithm.sample_latent(key(4), 8)
    network = algorithm.critic.network
    loss, _ = generator_objective(
        algorithm,
        network,
        state.critic.params,
        state.generator.params,
        (latents, reals),
    )
    made = algorithm.generator.apply(state.generator.params, latents)
    expected = objective.generator(jax.vmap(critic)(made), jax.vmap(critic)(reals))
    np.testing.assert_allclose(loss, expected, rtol=1e-6)


def logits(params, x):
    """A classifier of three classes."""
    return jnp.stack([x[0], 2 * x[1], x[0] - x[1]])


def cross_entropy(samples, labels):
    """By NumPy: minus the mean log-probability of the labels."""
    scores = np.asarray(jax.vmap(partial(logits, None))(samples), np.float64)
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return -logs[np.arange(len(labels)), labels].mean()


LABELS = np.arange(8) % 3


def weighed(label_weight):
    """A game whose critic classifies; its generator looks at the latents alone."""
    plain = tiny(constraint=Constraint())
    make = plain.generator.apply
    critic = plain.critic._replace(
        network=plain.critic.network._replace(classify=logits),
        label_weight=label_weight,
    )
    generator = plain.generator._replace(apply=lambda params, z: make(params, z[0]))
    return plain._replace(critic=critic, generator=generator, label_weight=label_weight)


def test_a_classifier_adds_its_cross_entropy_on_reals_to_the_critics_loss():
    reals, fakes = sample_real(key(1), 8), sample_real(key(2), 8) - 3
    params = tiny().critic.network.init(key())
    found = []
    for weight in (0.0, 0.7):
        batch = (reals, LABELS, fakes, losses.sample_keys(key(3), 8))
        found.append(critic_objective(weighed(weight).critic, None, params, batch))
    (plain, scalars), (loss, more) = found
    expected = cross_entropy(reals, LABELS)
    np.testing.assert_allclose(loss - plain, 0.7 * expected, rtol=1e-5)
    np.testing.assert_allclose(more["classification"], expected, rtol=1e-5)
    assert "classification" not in scalars


def test_a_classifier_adds_its_cross_entropy_on_fakes_to_the_generators_loss():
    first, second = jax.random.split(key())
    params = tiny().critic.network.init(first), tiny().generator.init(second)
    latents = jax.random.normal(key(1), (8, 2)), LABELS
    found = []
    for weight in (0.0, 0.7):
        game, given = weighed(weight), (latents, None)
        found.append(generator_objective(game, game.critic.network, *params, given))
    (plain, scalars), (loss, more) = found
    fakes = tiny().generator.apply(params[1], latents[0])
    expected = cross_entropy(fakes, LABELS)
    np.testing.assert_allclose(loss - plain, 0.7 * expected, rtol=1e-5)
    assert scalars == more  # the generator's loss is reported without the classifier


def test_a_comparing_generator_sees_new_real_samples_and_others_none():
    """Its step draws once more than the critic's do."""
    drawn = []

    def spied(key, n):
        drawn.append(n)
        return sample_real(key, n)

    for name in losses.OBJECTIVES:
        algorithm = game(name, sample_real=spied, n_critic=1)
        state = train.init(algorithm, RATES, key())
        drawn.clear()
        jax.eval_shape(partial(train.train_step, algorithm, RATES), state)
        assert len(drawn) == 1 + losses.OBJECTIVES[name].compares


def test_the_generator_has_a_batch_size_of_its_own():
    drawn = []

    def spied(key, n):
        drawn.append(n)
        return sample_latent(key, n)

    algorithm = game(
        "wasserstein", sample_latent=spied, generator_batch_size=16, batch_size=8
    )
    state = train.init(algorithm, RATES, key())
    drawn.clear()
    jax.eval_shape(partial(train.train_step, algorithm, RATES), state)
    assert sorted({*drawn}) == [8, 16]


def test_from_a_stream_the_comparison_is_with_the_last_batch():
    """A stream hands out n_critic batches of an iteration and no more."""

    def prepare(key, raw):
        return raw + 0.0 * jax.random.normal(key, raw.shape)

    algorithm = game("relativistic", sample_real=prepare, n_critic=2)
    raw = jnp.stack([sample_real(key(i), 8) for i in range(2)])
    still = RATES._replace(critic_learning_rate=0.0)  # so that the critic stays
    state = train.init(algorithm, still, key())
    step = jax.jit(partial(train.train_step, algorithm, still))
    base = step(state, raw)[1]["generator_loss"]
    first, last = (step(state, raw.at[i].add(5.0))[1]["generator_loss"] for i in (0, 1))
    assert base == first
    assert not np.isclose(base, last)


def test_a_comparison_is_the_same_on_one_device_and_on_four():
    found = [
        after(game("relativistic"), mesh=devices.make_mesh(count))[0]
        for count in (1, 4)
    ]
    plain = [jax.device_get(devices.unwrap_keys(each)) for each in found]
    chex.assert_trees_all_close(*plain, rtol=1e-4, atol=1e-6)


def test_a_comparison_needs_as_many_real_samples_as_generated_ones():
    algorithm = game("relativistic", generator_batch_size=16)
    with pytest.raises(ValueError, match="leave generator_batch_size = 16 out"):
        train.init(algorithm, RATES, key())


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.long
def test_a_configuration_chooses_it(name, tmp_path):
    settings = resolve("toy8gauss", objective=name, steps=2, eval_every=2)
    workdir.prepare(tmp_path, settings)
    result = loop.run(settings, tmp_path, build(settings))
    assert np.isfinite(list(result.values())).all()
