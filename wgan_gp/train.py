"""Algorithm 1 of Gulrajani et al. 2017 (arXiv:1704.00028), as pure functions.

Everything here can be jit-compiled, scanned and vmapped. The main loop and a study of
many seeds or strengths share each line but the outermost loop. What the functions are
made of, and the types that they take, are in `wgan_gp.algorithm` and found here too.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp import devices, losses
from wgan_gp.algorithm import (
    Algorithm,
    CriticAlgorithm,
    Hyperparameters,
    Metrics,
    Player,
    Sampler,
    TrainState,
    checks,
    constrain,
    critic_gradient,
    critic_network,
    critic_optimiser,
    critic_updates_before,
    generate,
    generator_batch_size,
    generator_objective,
    generator_optimiser,
    moving_average,
    repeat_critic_steps,
    split_labels,
    update,
)
from wgan_gp.algorithm import Optimiser as Optimiser
from wgan_gp.algorithm import bind_critic as bind_critic
from wgan_gp.algorithm import bind_penalty as bind_penalty
from wgan_gp.losses.points import check_key


def train_step(
    algorithm: Algorithm,
    hyperparameters: Hyperparameters,
    state: TrainState,
    raw: Any = None,
) -> tuple[TrainState, Metrics]:
    """One iteration of Algorithm 1: n_critic critic steps, then a generator step.

    Args:
      algorithm: the choices that shape the program.
      hyperparameters: the numbers that can change without recompiling.
      state: where training is, from `init` or from the step before.
      raw: batches from a stream, `[n_critic, B, ...]`; None where real samples are
        drawn on the device.

    Returns:
      The next state, and scalars `[]`: those of `critic_step`, averaged over the
      n_critic steps, and those of `generator_step`.
    """
    step_key = jax.random.fold_in(state.key, state.step)
    critic_key, generator_key = jax.random.split(step_key)
    # Lines 2 to 10.
    sample_fake = partial(generate, algorithm, state.generator.params)
    keys = jax.random.split(critic_key, algorithm.n_critic)
    counts = critic_updates_before(algorithm, hyperparameters, state.step)
    one = partial(critic_step, algorithm.critic, hyperparameters, sample_fake)
    critic, critic_metrics = repeat_critic_steps(
        one, state.critic, (keys, raw, counts), hyperparameters.n_critic
    )
    # Lines 11 and 12.
    generator, generator_metrics = generator_step(
        algorithm,
        hyperparameters,
        critic,
        state.generator,
        generator_key,
        state.step,
        jax.tree.map(lambda each: each[-1], raw),
    )
    average = moving_average(
        state.average, generator.params, state.step, hyperparameters.ema_decay
    )
    metrics = critic_metrics | generator_metrics
    return TrainState(state.step + 1, state.key, critic, generator, average), metrics


def critic_step(
    algorithm: CriticAlgorithm,
    hyperparameters: Hyperparameters,
    sample_fake: Sampler,
    critic: Player,
    key: jax.Array,
    raw: Any = None,
    count: jax.Array | None = None,
) -> tuple[Player, Metrics]:
    """Lines 3 to 9: one critic update on new data, noise and epsilon.

    Args:
      algorithm: the choices that shape the program.
      hyperparameters: the numbers that can change without recompiling.
      sample_fake: `(key, n) -> [n, ...]`, the generator held fixed; called once.
      critic: the critic to update.
      key: this step's key.
      raw: a batch from a stream, for `sample_real` to prepare; None where it draws.
      count: as in `algorithm.update`.

    Returns:
      The updated critic and the scalars `[]` of `losses.critic_loss`; with an auxiliary
      classifier also `classification`, its cross entropy on real samples.
    """
    real_key, fake_key, penalty_key = jax.random.split(key, 3)
    source = algorithm.batch_size if raw is None else raw
    reals, labels = split_labels(algorithm.sample_real(real_key, source))
    fakes = sample_fake(fake_key, algorithm.batch_size)
    keys = losses.sample_keys(penalty_key, len(reals))
    batch = devices.shard_batch((reals, labels, fakes, keys))
    gradient = critic_gradient(algorithm, hyperparameters, critic.state)
    optimiser = critic_optimiser(algorithm, hyperparameters)
    critic, metrics = update(optimiser, gradient, critic, batch, count)
    return constrain(algorithm, hyperparameters, critic), metrics


def generator_step(
    algorithm: Algorithm,
    hyperparameters: Hyperparameters,
    critic: Player,
    generator: Player,
    key: jax.Array,
    count: jax.Array | None = None,
    raw: Any = None,
) -> tuple[Player, Metrics]:
    """Lines 11 and 12: one generator update on new noise, the critic held fixed.

    Args:
      algorithm: the choices that shape the program.
      hyperparameters: the numbers that can change without recompiling.
      critic: the critic; its parameters and its state stay as they are.
      generator: the generator to update.
      key: this step's key.
      count: as in `algorithm.update`.
      raw: as in `critic_step`, for an objective that compares with real samples.

    Returns:
      The updated generator and the scalar `generator_loss` `[]`, without the cross
      entropy of an auxiliary classifier.
    """
    size, reals = generator_batch_size(algorithm), None
    if algorithm.critic.objective.compares:
        key, real_key = jax.random.split(key)
        source = size if raw is None else raw
        reals, _ = split_labels(algorithm.critic.sample_real(real_key, source))
    batch = devices.shard_batch((algorithm.sample_latent(key, size), reals))
    network = critic_network(algorithm.critic)
    prepared = network.prepare(critic.params, critic.state)
    objective = partial(generator_objective, algorithm, network, prepared)
    gradient = devices.data_parallel_mean(jax.grad(objective, has_aux=True))
    optimiser = generator_optimiser(algorithm, hyperparameters)
    return update(optimiser, gradient, generator, batch, count)


def init(
    algorithm: Algorithm, hyperparameters: Hyperparameters, key: jax.Array
) -> TrainState:
    """The state before the first step.

    Args:
      algorithm: the choices that shape the program.
      hyperparameters: the numbers that can change without recompiling.
      key: the run's key; the same key gives the same run.

    Returns:
      New networks, their optimisers' states, and an average equal to the generator.

    Raises:
      TypeError: as `algorithm.checks.check_algorithm`.
      ValueError: as `algorithm.checks.check_algorithm`, or `key` is no random key.
    """
    checks.check_algorithm(algorithm, hyperparameters)
    check_key(key)
    critic_key, generator_key, train_key = jax.random.split(key, 3)
    generator = algorithm.generator.init(generator_key)
    optimiser = generator_optimiser(algorithm, hyperparameters)
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        key=train_key,
        critic=init_critic(algorithm.critic, hyperparameters, critic_key),
        generator=Player(generator, optimiser.init(generator)),
        average=jax.tree.map(jnp.copy, generator),
    )


def init_critic(
    algorithm: CriticAlgorithm, hyperparameters: Hyperparameters, key: jax.Array
) -> Player:
    """The critic before its first update.

    Args:
      algorithm: the choices that shape the program.
      hyperparameters: the numbers that can change without recompiling.
      key: of its initial parameters.

    Returns:
      Its parameters, its optimiser's state, and its own state.

    Raises:
      TypeError: as `algorithm.checks.check_critic_algorithm`.
      ValueError: as `algorithm.checks.check_critic_algorithm`, `key` is no random key,
        or an update of the critic's state would change its structure.
    """
    checks.check_critic_algorithm(algorithm, hyperparameters)
    check_key(key)
    network = critic_network(algorithm)
    params = network.init(key)
    state = network.init_state(params)
    checks.check_state(network, params, state)
    optimiser = critic_optimiser(algorithm, hyperparameters)
    return Player(params, optimiser.init(params), state)


def train_steps(
    algorithm: Algorithm,
    hyperparameters: Hyperparameters,
    state: TrainState,
    count: int | jax.Array,
) -> tuple[TrainState, Metrics]:
    """`count` iterations without leaving the device.

    Args:
      algorithm: the choices that shape the program.
      hyperparameters: the numbers that can change without recompiling.
      state: where training is.
      count: how many. It may be traced, so that one compiled program serves chunks of
        any length; this is why metrics are means and not curves.

    Returns:
      The state after them, and each scalar's mean over them, `[]`.
    """
    one = partial(train_step, algorithm, hyperparameters)
    totals = jax.tree.map(
        lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(one, state)[1]
    )

    def body(_, carry):
        state, totals = carry
        state, metrics = one(state)
        return state, jax.tree.map(jnp.add, totals, metrics)

    state, totals = jax.lax.fori_loop(0, count, body, (state, totals))
    return state, jax.tree.map(lambda total: total / jnp.maximum(count, 1), totals)


def make_train(
    algorithm: Algorithm, steps: int
) -> Callable[[jax.Array, Hyperparameters], tuple[TrainState, Metrics]]:
    """A whole training run as one pure function, to jit, vmap and shard.

    Args:
      algorithm: the choices that shape the program.
      steps: generator updates.

    Returns:
      `train(key, hyperparameters) -> (state, curves)`. A curve is a scalar of
      `train_step` at each step, `[steps]`. `jax.vmap` over keys trains many seeds in
      one program, over a field of `Hyperparameters` many strengths, or numbers of
      critic steps.

    Raises:
      ValueError: `steps` is not a whole number >= 1.
    """
    checks.check_whole("steps", steps)

    def train(key, hyperparameters):
        state = init(algorithm, hyperparameters, key)
        step = partial(train_step, algorithm, hyperparameters)
        return jax.lax.scan(lambda state, _: step(state), state, length=steps)

    return train


def critic_steps(
    algorithm: CriticAlgorithm,
    hyperparameters: Hyperparameters,
    sample_fake: Sampler,
    critic: Player,
    keys: jax.Array,
) -> tuple[Player, Metrics]:
    """One `critic_step` for each key: a critic trained alone, on a fixed generator.

    The critic's optimiser has counted the run's steps, which a schedule follows.

    Args:
      algorithm: the choices that shape the program.
      hyperparameters: the numbers that can change without recompiling.
      sample_fake: `(key, n) -> [n, ...]`, the fixed generator; called in each step.
      critic: the critic to update.
      keys: a key for each step, `[steps]`.

    Returns:
      The critic, and curves `[steps]`: the scalars of `critic_step` at each update.
    """
    step = partial(critic_step, algorithm, hyperparameters, sample_fake)
    return jax.lax.scan(step, critic, keys)


def make_critic_train(
    algorithm: CriticAlgorithm, sample_fake: Sampler, steps: int
) -> Callable[[jax.Array, Hyperparameters], tuple[Player, Metrics]]:
    """The training of a critic alone as one pure function, to jit and vmap.

    Args:
      algorithm: the choices that shape the program.
      sample_fake: `(key, n) -> [n, ...]`, the fixed generator; called in each step.
      steps: critic updates.

    Returns:
      `train(key, hyperparameters) -> (critic, curves)`, as from `critic_steps`.

    Raises:
      ValueError: steps is no whole number >= 1; or `sample_fake` draws by itself.
    """
    checks.check_whole("steps", steps)
    checks.check_sampler("sample_fake", sample_fake, algorithm.batch_size)

    def train(key, hyperparameters):
        check_key(key)
        init_key, train_key = jax.random.split(key)
        critic = init_critic(algorithm, hyperparameters, init_key)
        keys = jax.random.split(train_key, steps)
        return critic_steps(algorithm, hyperparameters, sample_fake, critic, keys)

    return train
