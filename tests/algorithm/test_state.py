"""Critics with state of their own: here one that counts its updates."""

from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.games import sample_real, tiny
from tests.helpers import draw_pair, key, unchecked
from wgan_gp import devices, losses, train
from wgan_gp.constraints import CLIP, Constraint, penalise
from wgan_gp.networks import bind, in_bfloat16, rematerialised
from wgan_gp.runs import loop
from wgan_gp.runs.checkpoint import Checkpoints

RATES = train.Hyperparameters(1e-2, 1e-2, strength=10.0)


def counting(network, _=None):
    """The network, scaled down by the number of its updates, which it counts."""

    def prepare(params, state):
        scale = 1 / (1 + 0.1 * state["updates"].astype(jnp.float32))
        return jax.tree.map(lambda leaf: leaf * scale.astype(leaf.dtype), params)

    def update(params, state):
        leaves = [jnp.max(jnp.abs(leaf)) for leaf in jax.tree.leaves(params)]
        return {"updates": state["updates"] + 1, "largest": jnp.max(jnp.stack(leaves))}

    return network._replace(
        init_state=lambda _: {"updates": jnp.zeros((), int), "largest": jnp.zeros(())},
        prepare=prepare,
        update=update,
    )


COUNTING = penalise(losses.gradient_penalty)._replace(wrap=counting)


def game(**choices):
    return tiny(**{"constraint": COUNTING, "batch_size": 16} | choices)


def start(algorithm, rates=RATES, seed=0):
    return train.init(algorithm, rates, key(seed))


def steps(algorithm, count, state, rates=RATES):
    with unchecked():
        run = jax.jit(partial(train.train_steps, algorithm, count=count))
        return run(rates, state)[0]


def counted(state):
    return np.asarray(state.critic.state["updates"]).tolist()


@pytest.mark.parametrize(
    ("choices", "rates"),
    [
        ({"n_critic": 3}, RATES),
        ({"n_critic": 3, "microbatches": 4}, RATES),
        ({"n_critic": 5}, RATES._replace(n_critic=3)),
    ],
    ids=["n_critic", "microbatches", "fewer"],
)
def test_the_state_is_updated_once_in_each_critic_step(choices, rates):
    algorithm = game(**choices)
    state = start(algorithm, rates)
    assert counted(state) == 0
    assert counted(steps(algorithm, 2, state, rates)) == 2 * 3


def test_state_is_prepared_once_a_step_and_microbatches_change_nothing():
    """`prepare` is outside of the scan over the parts of a batch."""
    calls = []

    def spied(network, _):
        wrapped = counting(network)

        def prepare(params, state):
            jax.debug.callback(lambda: calls.append(None))
            return wrapped.prepare(params, state)

        return wrapped._replace(prepare=prepare)

    whole, parts = (
        game(constraint=COUNTING._replace(wrap=spied), microbatches=count, n_critic=1)
        for count in (1, 4)
    )
    found = []
    for algorithm in (whole, parts):
        found.append(steps(algorithm, 3, start(algorithm)))
        jax.effects_barrier()
        assert len(calls) == 3 * 2  # in the critic's and in the generator's step
        calls.clear()
    assert_same(*found)


def assert_same(first, second, rtol=1e-4, atol=1e-6):
    plain = [jax.device_get(devices.unwrap_keys(each)) for each in (first, second)]
    chex.assert_trees_all_close(*plain, rtol=rtol, atol=atol)


def test_the_gradient_passes_through_prepare():
    def doubled(network, _):
        twice = lambda params, _: jax.tree.map(lambda leaf: 2 * leaf, params)  # noqa: E731
        return network._replace(prepare=twice)

    algorithm = tiny(
        constraint=Constraint(wrap=doubled), optimiser=optax.sgd(1.0)
    ).critic
    rates = train.Hyperparameters()
    critic = train.init_critic(algorithm, rates, key())
    fakes = lambda _, n: jnp.zeros((n, 2))  # noqa: E731
    after, _ = train.critic_step(algorithm, rates, fakes, critic, key(1))
    reals = sample_real(jax.random.split(key(1), 3)[0], algorithm.batch_size)

    def loss(params):
        prepared = jax.tree.map(lambda leaf: 2 * leaf, params)
        values = jax.vmap(partial(algorithm.network.apply, prepared))
        return jnp.mean(values(jnp.zeros_like(reals))) - jnp.mean(values(reals))

    expected = optax.apply_updates(
        critic.params, jax.tree.map(jnp.negative, jax.grad(loss)(critic.params))
    )
    chex.assert_trees_all_close(after.params, expected, rtol=1e-5, atol=1e-6)


def test_the_update_sees_projected_parameters():
    algorithm = game(constraint=CLIP._replace(wrap=counting))
    rates = RATES._replace(strength=0.01)
    state = steps(algorithm, 1, start(algorithm, rates), rates)
    assert state.critic.state["largest"] == np.float32(0.01)


def test_a_checkpoint_holds_the_state_and_training_goes_on_with_it(tmp_path):
    algorithm = game()
    halfway = steps(algorithm, 2, start(algorithm))
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(2, halfway, None)
    checkpoints.close()
    like = jax.eval_shape(partial(start, algorithm))
    checkpoints = Checkpoints(tmp_path)
    saved = checkpoints.load_latest(like, pytest.fail)
    checkpoints.close()
    assert counted(saved.state) == 4
    once = steps(algorithm, 4, start(algorithm))
    twice = steps(algorithm, 2, saved.state)
    assert_same(once, twice, rtol=0, atol=0)


def test_training_is_the_same_on_one_device_and_on_four():
    found, algorithm = [], game(microbatches=2)
    for count in (1, 4):
        mesh = devices.make_mesh(count)
        with unchecked():
            run = partial(train.train_steps, algorithm, RATES, count=3)
            run = devices.jit_replicated(run, mesh)
            found.append(run(devices.replicate(start(algorithm), mesh))[0])
        assert counted(found[-1]) == 6
    assert found[1].critic.state["updates"].sharding.is_fully_replicated
    assert_same(*found)


def test_seeds_can_be_vmapped():
    make, keys = train.make_train(game(), 3), jax.random.split(key(), 2)
    with unchecked():
        states, _ = jax.jit(jax.vmap(make, (0, None)))(keys, RATES)
        alone, _ = jax.jit(make)(keys[1], RATES)
    assert counted(states) == [6, 6]
    largest = states.critic.state["largest"]
    assert largest[0] != largest[1]
    np.testing.assert_allclose(largest[1], alone.critic.state["largest"], rtol=1e-4)


def test_diagnostics_are_those_of_the_critic_with_its_state():
    algorithm = game()
    state = steps(algorithm, 2, start(algorithm))
    reals, fakes = draw_pair((2,), 20)
    found = loop._diagnose(algorithm, state.critic, reals, fakes, key(1))
    assert counted(state) == 4
    scaled = jax.tree.map(lambda leaf: leaf / 1.4, state.critic.params)
    by_hand = partial(algorithm.critic.network.apply, scaled)
    expected = losses.wasserstein_estimate(by_hand, reals, fakes)
    np.testing.assert_allclose(found["wasserstein"], expected, rtol=1e-4)
    bound = train.bind_critic(algorithm.critic, state.critic)
    np.testing.assert_allclose(bound(reals[0]), by_hand(reals[0]), rtol=1e-5)


def times(factor, network, _=None):
    return network._replace(apply=lambda params, x: factor * network.apply(params, x))


def test_the_penalty_is_that_of_its_own_network_wrapped():
    value = lambda critic, reals, fakes, _: jax.vmap(critic)(jnp.ones_like(reals))  # noqa: E731
    plain = tiny().critic
    algorithm = plain._replace(
        constraint=penalise(value)._replace(wrap=partial(times, 2)),
        penalty_network=times(3, plain.network),
    )
    critic = train.init_critic(algorithm, RATES, key())
    fakes = lambda _, n: jnp.zeros((n, 2))  # noqa: E731
    _, metrics = train.critic_step(algorithm, RATES, fakes, critic, key(1))
    expected = 6 * plain.network.apply(critic.params, jnp.ones(2))
    np.testing.assert_allclose(metrics["penalty"], expected, rtol=1e-5)


@pytest.mark.parametrize("computed", [in_bfloat16, rematerialised])
def test_a_network_computed_in_another_way_keeps_its_state(computed):
    network = counting(tiny().critic.network)
    state = {"updates": jnp.asarray(10), "largest": jnp.zeros(())}
    params = network.init(key())
    exact, found = (
        bind(each, params, state)(jnp.ones(2)) for each in (network, computed(network))
    )
    np.testing.assert_allclose(found, exact, rtol=0.02)


def test_a_network_without_state_is_its_parameters():
    network = tiny().critic.network
    params = network.init(key())
    assert network.init_state(params) == ()
    assert network.prepare(params, ()) is params
    assert network.update(params, ()) == ()


@pytest.mark.parametrize(
    ("choices", "error", "words"),
    [
        (
            {"generator": counting(tiny().generator)},
            ValueError,
            "a generator must have parameters only, got one with init_state, prepare",
        ),
        (
            {"constraint": Constraint(wrap=lambda network, _: network.apply)},
            TypeError,
            r"wrap must return a networks\.Network, got a function",
        ),
        (
            {
                "constraint": Constraint(
                    wrap=lambda network, _: network._replace(
                        update=lambda *_: jnp.ones(2)
                    )
                )
            },
            ValueError,
            r"update returned a state of 'float32\[2\]', expected .* \(\): keep its",
        ),
    ],
)
def test_what_state_cannot_be_is_refused(choices, error, words):
    with pytest.raises(error, match=words) as caught:
        start(tiny(**choices))
    assert "\n" not in str(caught.value)
