from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.games import sample_latent, sample_real, tiny
from tests.helpers import PENALTIES, key, unchecked
from wgan_gp import losses, train
from wgan_gp.algorithm.optimisers import at_count, make_optimiser
from wgan_gp.constraints import CLIP, Constraint, penalise

RATES = train.Hyperparameters(1e-2, 1e-2, strength=10.0)
CLIPPED = RATES._replace(strength=0.01)


train_steps = jax.jit(train.train_steps, static_argnums=0)


def run(algorithm, count, hyperparameters=RATES, state=None):
    if state is None:
        state = train.init(algorithm, hyperparameters, key())
    return train_steps(algorithm, hyperparameters, state, count)


def updates(player):
    """The count of its optimiser's updates."""
    return int(optax.tree_utils.tree_get(player.opt_state, "count"))


def moved(before, after):
    leaves = zip(jax.tree.leaves(before), jax.tree.leaves(after))
    return any(bool(jnp.any(a != b)) for a, b in leaves)


def raw(state):
    """A state with its key as numbers, to be compared."""
    return state._replace(key=jax.random.key_data(state.key))


@pytest.mark.parametrize("n_critic", [1, 3, 5])
def test_each_iteration_is_n_critic_critic_updates_and_one_of_the_generator(n_critic):
    state, _ = run(tiny(n_critic=n_critic), 4)
    assert int(state.step) == 4
    assert updates(state.critic) == 4 * n_critic
    assert updates(state.generator) == 4


def test_critic_steps_leave_the_generator_alone():
    algorithm = tiny()
    rates = RATES._replace(generator_learning_rate=0.0)
    before = train.init(algorithm, rates, key())
    after, _ = jax.jit(partial(train.train_step, algorithm, rates))(before)
    chex.assert_trees_all_equal(after.generator.params, before.generator.params)
    chex.assert_trees_all_equal(after.average, before.average)
    assert moved(before.critic.params, after.critic.params)


def test_generator_steps_leave_the_critic_alone():
    algorithm = tiny()
    rates = RATES._replace(critic_learning_rate=0.0)
    before = train.init(algorithm, rates, key())
    after, _ = jax.jit(partial(train.train_step, algorithm, rates))(before)
    chex.assert_trees_all_equal(after.critic.params, before.critic.params)
    assert moved(before.generator.params, after.generator.params)


def fixed(sampler):
    """A sampler that draws the same whatever its key is."""
    return lambda _, n: sampler(key(11), n)


def test_an_iteration_is_its_critic_steps_and_then_a_generator_step():
    algorithm = tiny(
        n_critic=3,
        sample_real=fixed(sample_real),
        sample_latent=fixed(sample_latent),
        constraint=penalise(PENALTIES["endpoint"]),
    )
    rates = RATES._replace(ema_decay=0.9)
    before, _ = run(algorithm, 2, rates)  # so that the average lags behind
    fakes = partial(train.generate, algorithm, before.generator.params)
    critic = before.critic
    for _ in range(algorithm.n_critic):
        critic, _ = train.critic_step(algorithm.critic, rates, fakes, critic, key())
    generator, _ = train.generator_step(
        algorithm, rates, critic, before.generator, key()
    )
    after, _ = run(algorithm, 1, rates, before)
    assert_close((after.critic, after.generator), (critic, generator))


def recording(name, drawn, function):
    """The function with the values of its first key kept in `drawn`."""

    def record(data):
        drawn.append((name, tuple(np.ravel(data).tolist())))

    def recorded(key, *args):
        jax.debug.callback(record, jax.random.key_data(key))
        return function(key, *args)

    return recorded


def recorded_draws(steps, n_critic):
    """Every key that a sampler or the penalty was given in some iterations."""
    drawn = []
    recorded = recording(
        "penalty", drawn, lambda key, *args: losses.gradient_penalty(*args, key)
    )
    algorithm = tiny(
        n_critic=n_critic,
        sample_real=recording("real", drawn, sample_real),
        sample_latent=recording("latent", drawn, sample_latent),
        constraint=penalise(lambda *args: recorded(args[-1], *args[:-1])),
    )
    jax.block_until_ready(run(algorithm, steps)[0].step)
    jax.effects_barrier()
    return drawn


def test_each_step_draws_new_data_noise_and_epsilon():
    drawn = recorded_draws(steps=4, n_critic=3)
    names = [name for name, _ in drawn]
    assert names.count("real") == names.count("penalty") == 4 * 3
    assert names.count("latent") == 4 * 3 + 4
    assert len({data for _, data in drawn}) == len(drawn)


def test_the_critic_steps_of_an_iteration_see_different_batches():
    batches = []

    def sample(key, n):
        reals = sample_real(key, n)
        jax.debug.callback(lambda x: batches.append(np.array(x)), reals)
        return reals

    jax.block_until_ready(run(tiny(n_critic=5, sample_real=sample), 1)[0].step)
    jax.effects_barrier()
    values = np.ravel(batches)
    assert len(batches) == 5
    assert len(np.unique(values)) == values.size


def test_twice_k_steps_equal_k_steps_twice():
    algorithm = tiny()
    rates = RATES._replace(ema_decay=0.9)
    halfway, _ = run(algorithm, 3, rates)
    twice, _ = run(algorithm, 3, rates, halfway)
    once, _ = run(algorithm, 6, rates)
    chex.assert_trees_all_equal(raw(twice), raw(once))


def test_train_steps_are_train_steps_one_by_one_with_mean_metrics():
    algorithm = tiny()
    state, records = train.init(algorithm, RATES, key()), []
    step = jax.jit(partial(train.train_step, algorithm, RATES))
    for _ in range(3):
        state, metrics = step(state)
        records.append(metrics)
    chunk, means = run(algorithm, 3)
    expected = jax.tree.map(lambda *x: np.mean(x), *records)
    chex.assert_trees_all_close(raw(chunk), raw(state), rtol=1e-5, atol=1e-6)
    chex.assert_trees_all_close(means, expected, rtol=1e-4, atol=1e-6)
    names = {"critic_loss", "wasserstein", "penalty", "generator_loss"}
    assert set(means) == names


def test_chunks_of_every_length_share_one_trace():
    algorithm = tiny()
    chex.clear_trace_counter()

    @jax.jit
    @chex.assert_max_traces(n=1)
    def step(state, count):
        return train.train_steps(algorithm, RATES, state, count)

    state = train.init(algorithm, RATES, key())
    for count in (5, 1, 3):
        state, _ = step(state, count)
    assert int(state.step) == 9


def scheduled(schedule="linear", **choices):
    """A game whose learning rates fall over 6 steps of 2 critic updates."""
    make = partial(make_optimiser, schedule=schedule)
    return tiny(
        optimiser=partial(make, updates=12),
        generator_optimiser=partial(make, updates=6),
        **choices,
    )


def test_learning_rates_follow_the_step_and_not_what_the_optimisers_counted():
    """As after a run went on with another `n_critic`, or more steps."""
    state, _ = run(scheduled(), 2)
    other = jax.tree.map(jnp.copy, state)
    for player, count in (("critic", 10), ("generator", 99)):
        changed = getattr(other, player)
        opt_state = at_count(changed.opt_state, jnp.asarray(count))
        changed = changed._replace(opt_state=opt_state)
        other = other._replace(**{player: changed})
    expected, found = (run(scheduled(), 2, state=each)[0] for each in (state, other))
    assert moved(state.critic.params, expected.critic.params)
    chex.assert_trees_all_equal(raw(found), raw(expected))


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_past_the_last_step_of_a_schedule_nothing_moves(schedule):
    state, _ = run(scheduled(schedule), 1)
    late = state._replace(step=jnp.asarray(6))
    after, _ = run(scheduled(schedule), 2, state=late)
    for before, now in zip(late[2:4], after[2:4]):
        chex.assert_trees_all_close(now.params, before.params, atol=1e-6)


def test_an_optimiser_of_optax_can_be_taken_and_its_schedule_follows_the_run():
    algorithm = tiny(optimiser=optax.adam, generator_optimiser=optax.sgd)
    train_one = train.make_train(algorithm, 4)
    jax.eval_shape(train_one, key(), RATES)
    own = tiny(optimiser=lambda _: optax.sgd(optax.linear_schedule(1.0, 0.0, 9)))
    state = train.init(own, RATES, key())._replace(step=jnp.asarray(5))
    after, _ = run(own, 1, state=state)
    assert updates(after.critic) == 5 * own.n_critic + own.n_critic


def test_an_optimiser_as_it_is_trains_like_a_function_of_its_rate():
    made = {"optimiser": optax.adam(1e-2), "generator_optimiser": optax.sgd(1e-2)}
    functions = {"optimiser": optax.adam, "generator_optimiser": optax.sgd}
    rates = train.Hyperparameters(strength=10.0)
    found, _ = run(tiny(**made), 3, rates)
    expected, _ = run(tiny(**functions), 3)
    chex.assert_trees_all_close(raw(found), raw(expected), rtol=1e-6, atol=1e-7)


def test_no_steps_change_nothing():
    algorithm = tiny()
    before = train.init(algorithm, RATES, key())
    after, metrics = run(algorithm, 0, state=before)
    chex.assert_trees_all_equal(raw(after), raw(before))
    chex.assert_tree_all_finite(metrics)


@pytest.mark.parametrize("step", [0, 8, 10_000])
@pytest.mark.parametrize("decay", [0.0, 0.5, 0.999])
def test_moving_average_formula(step, decay):
    average, params = {"w": jnp.array([1.0, -2.0])}, {"w": jnp.array([3.0, 4.0])}
    d = min(decay, (1 + step) / (10 + step))
    expected = jax.tree.map(lambda a, p: a + (1 - d) * (p - a), average, params)
    result = train.moving_average(average, params, jnp.asarray(step), decay)
    chex.assert_trees_all_close(result, expected, rtol=1e-5)


def test_without_decay_the_average_is_the_generator():
    state, _ = run(tiny(), 3)
    chex.assert_trees_all_equal(state.average, state.generator.params)


def test_the_average_follows_the_generator_step_by_step():
    algorithm, rates = tiny(), RATES._replace(ema_decay=0.3)
    state = train.init(algorithm, rates, key())
    for step in range(3):
        previous = state.average
        state, _ = run(algorithm, 1, rates, state)
        d = min(0.3, (1 + step) / (10 + step))
        expected = jax.tree.map(
            lambda a, p, d=d: d * a + (1 - d) * p, previous, state.generator.params
        )
        chex.assert_trees_all_close(state.average, expected, rtol=1e-5, atol=1e-7)


def largest(params):
    return max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize("bound", [0.01, 0.1])
def test_after_a_critic_step_every_parameter_is_within_the_clip_bound(bound):
    algorithm = tiny(constraint=CLIP)
    rates = RATES._replace(strength=bound, critic_learning_rate=0.5)
    critic = train.init(algorithm, rates, key()).critic
    fakes = lambda _, n: jnp.zeros((n, 2))  # noqa: E731
    step = jax.jit(partial(train.critic_step, algorithm.critic, rates, fakes))
    for seed in range(3):
        critic, _ = step(critic, key(seed))
        chex.assert_trees_all_close(largest(critic.params), bound, rtol=1e-6)
        assert largest(critic.params) <= np.float32(bound)


def test_a_constraint_is_one_choice():
    assert train.CriticAlgorithm._field_defaults["constraint"] == penalise(
        losses.gradient_penalty
    )
    assert CLIP.penalty is None
    assert penalise(losses.gradient_penalty).project is None
    assert Constraint() == (None, None, None)
    with pytest.raises(TypeError, match=r"penalise takes a penalty .* got None"):
        penalise(None)


def test_clipping_alone_penalises_nothing():
    _, metrics = run(tiny(constraint=CLIP), 1, CLIPPED)
    assert metrics["penalty"] == 0
    assert metrics["critic_loss"] == -metrics["wasserstein"]


def test_without_clip_parameters_pass_the_bound():
    state, _ = run(tiny(), 2)
    assert largest(state.critic.params) > CLIPPED.strength


def test_the_critic_learns_and_the_generator_follows():
    algorithm = tiny(batch_size=64, n_critic=5)
    rates = train.Hyperparameters(3e-3, 3e-3, strength=10.0)
    state, metrics = run(algorithm, 1000, rates)
    fakes = train.generate(algorithm, state.generator.params, key(5), 500)
    np.testing.assert_allclose(fakes.mean(axis=0), [2, 2], atol=0.6)
    assert np.isfinite(list(metrics.values())).all()


def test_training_vmapped_over_seeds_equals_separate_runs():
    make = train.make_train(tiny(), 6)
    keys = jax.random.split(key(), 2)
    with unchecked():
        states, metrics = jax.jit(jax.vmap(make, (0, None)))(keys, RATES)
    single = jax.jit(make)
    for i in range(2):
        state, scalars = single(jax.random.split(key(), 2)[i], RATES)
        pick = lambda leaf, i=i: leaf[i]  # noqa: E731
        assert_close((raw(state), scalars), jax.tree.map(pick, (raw(states), metrics)))


@pytest.mark.long
def test_training_vmapped_over_lambdas_equals_separate_runs():
    make = train.make_train(tiny(), 6)
    axes = train.Hyperparameters(*([None] * len(RATES)))._replace(strength=0)
    weights = RATES._replace(strength=jnp.array([0.1, 10.0]))
    together = jax.jit(jax.vmap(make, (None, axes)))
    _, metrics = together(key(), weights)
    single = jax.jit(make)
    for i, weight in enumerate((0.1, 10.0)):
        _, scalars = single(key(), RATES._replace(strength=weight))
        assert_close(scalars, jax.tree.map(lambda leaf, i=i: leaf[i], metrics))
    assert metrics["penalty"][0, -1] != metrics["penalty"][1, -1]


def assert_close(first, second):
    chex.assert_trees_all_close(first, second, rtol=1e-3, atol=1e-5)


def test_a_whole_run_is_its_steps_and_reports_each_one():
    algorithm = tiny()
    state, curves = jax.jit(train.make_train(algorithm, 20))(key(), RATES)
    head, first = run(algorithm, 18)
    tail, last = run(algorithm, 2, state=head)
    assert_close(raw(state), raw(tail))
    for part, means in ((slice(18), first), (slice(18, 20), last)):
        assert_close(jax.tree.map(lambda x, p=part: x[p].mean(), curves), means)
    chex.assert_tree_shape_prefix(curves, (20,))
