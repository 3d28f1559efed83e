"""Algorithm 1 of Gulrajani et al. 2017 (arXiv:1704.00028), as pure functions.

Everything here can be jit-compiled, scanned and vmapped: the main loop and a study
of many seeds or lambdas share each line but the outermost loop.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

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
    generate,
    generator_batch_size,
    in_parts,
    moving_average,
    update,
)
from wgan_gp.networks import Network, bind


def train_step(
    algorithm: Algorithm,
    hyperparameters: Hyperparameters,
    state: TrainState,
    raw: Any = None,
) -> tuple[TrainState, Metrics]:
    """One iteration of Algorithm 1: n_critic critic steps, then a generator step.

    Args:
      algorithm: the choices that shape the program.
      hyperparameters: the continuous choices.
      state: where training is.
      raw: batches from a stream, `[n_critic, B, ...]`; None where real samples are
        drawn on the device.

    Returns:
      The next state, and scalars: the critic's averaged over its n_critic steps.
    """
    step_key = jax.random.fold_in(state.key, state.step)
    critic_key, generator_key = jax.random.split(step_key)
    sample_fake = partial(generate, algorithm, state.generator.params)
    keys = jax.random.split(critic_key, algorithm.n_critic)
    counts = _critic_counts(algorithm, hyperparameters, state.step)
    one = partial(critic_step, algorithm.critic, hyperparameters, sample_fake)
    critic, critic_metrics = _critic_steps(
        one, state.critic, (keys, raw, counts), hyperparameters.n_critic
    )
    generator, generator_metrics = generator_step(
        algorithm,
        hyperparameters,
        critic.params,
        state.generator,
        generator_key,
        state.step,
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
      hyperparameters: the continuous choices.
      sample_fake: `(key, n) -> [n, ...]`, the generator held fixed.
      critic: the critic to update.
      key: this step's key.
      raw: a batch from a stream, for `sample_real` to prepare; None where it draws.
      count: as in `update`.

    Returns:
      The updated critic and the scalars of `losses.critic_loss`; with an auxiliary
      classifier also `classification`, its cross entropy on real samples.
    """
    real_key, fake_key, penalty_key = jax.random.split(key, 3)
    source = algorithm.batch_size if raw is None else raw
    reals, labels = _with_labels(algorithm.sample_real(real_key, source))
    fakes = sample_fake(fake_key, algorithm.batch_size)
    keys = losses.sample_keys(penalty_key, len(reals))
    batch = devices.shard_batch((reals, labels, fakes, keys))
    loss = partial(_critic_objective, algorithm, hyperparameters)
    gradient = in_parts(jax.grad(loss, has_aux=True), algorithm.microbatches)
    optimiser = _optimiser(algorithm, hyperparameters)
    gradient = devices.data_parallel_mean(gradient)
    critic, metrics = update(optimiser, gradient, critic, batch, count)
    if (project := algorithm.constraint.project) is not None:
        projected = project(critic.params, hyperparameters.clip_bound)
        critic = critic._replace(params=projected)
    return critic, metrics


def _critic_objective(algorithm, hyperparameters, params, batch):
    """The critic's loss; with a classifier, and its cross entropy on real samples."""
    reals, labels, fakes, keys = batch
    loss, metrics = losses.critic_loss(
        bind(algorithm.network, params),
        reals,
        fakes,
        keys,
        penalty=_penalty(algorithm, params),
        weight=hyperparameters.weight,
    )
    if algorithm.label_weight:
        entropy = _cross_entropy(algorithm.network, params, reals, labels)
        loss += algorithm.label_weight * entropy
        metrics["classification"] = entropy
    return loss, metrics


def _penalty(algorithm: CriticAlgorithm, params: Any) -> losses.Penalty | None:
    """The penalty, of a critic that is computed as `penalty_network` says."""
    penalty, network = algorithm.constraint.penalty, algorithm.penalty_network
    if penalty is None or network is None:
        return penalty
    critic = bind(network, params)
    return lambda _, reals, fakes, keys: penalty(critic, reals, fakes, keys)


def _cross_entropy(network: Network, params: Any, samples, labels) -> jax.Array:
    """Of an auxiliary classifier (Odena et al. 2017, arXiv:1610.09585), a mean."""
    assert network.classify is not None
    logits = jax.vmap(partial(network.classify, params))(samples)
    entropy = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    return jnp.mean(entropy)


def _with_labels(drawn: Any) -> tuple[jax.Array, jax.Array | None]:
    return drawn if isinstance(drawn, tuple) else (drawn, None)


def generator_step(
    algorithm: Algorithm,
    hyperparameters: Hyperparameters,
    critic_params: Any,
    generator: Player,
    key: jax.Array,
    count: jax.Array | None = None,
) -> tuple[Player, Metrics]:
    """Lines 11 and 12: one generator update on new noise, the critic held fixed."""
    network = algorithm.critic.network
    size = generator_batch_size(algorithm)
    latents = devices.shard_batch(algorithm.sample_latent(key, size))

    def loss(params, latents):
        fakes = algorithm.generator.apply(params, latents)
        value = losses.generator_loss(bind(network, critic_params), fakes)
        metrics = {"generator_loss": value}
        if algorithm.label_weight:
            labels = _with_labels(latents)[1]
            entropy = _cross_entropy(network, critic_params, fakes, labels)
            value += algorithm.label_weight * entropy
        return value, metrics

    optimiser = algorithm.generator_optimiser(hyperparameters.generator_learning_rate)
    gradient = devices.data_parallel_mean(jax.grad(loss, has_aux=True))
    return update(optimiser, gradient, generator, latents, count)


def _critic_counts(
    algorithm: Algorithm, hyperparameters: Hyperparameters, step: jax.Array
) -> jax.Array:
    """The critic's updates before each one of this step, `[n_critic]`.

    As if the whole run had this many critic steps: what its schedule is built for.
    """
    n_critic = hyperparameters.n_critic
    each = algorithm.n_critic if n_critic is None else n_critic
    return step * each + jnp.arange(algorithm.n_critic, dtype=step.dtype)


def _critic_steps(
    one, critic: Player, given: Any, count: int | jax.Array | None
) -> tuple[Player, Metrics]:
    """Scans critic steps; those from number `count` on have no effect.

    Returns:
      The critic, and the mean of each scalar over the steps that have one.
    """
    if count is None:
        critic, metrics = jax.lax.scan(lambda c, each: one(c, *each), critic, given)
        return critic, jax.tree.map(jnp.mean, metrics)
    effective = jnp.arange(len(given[0])) < count

    def body(critic, given):
        effective, each = given
        updated, metrics = one(critic, *each)
        keep = partial(jnp.where, effective)
        zero = jax.tree.map(jnp.zeros_like, metrics)
        return jax.tree.map(keep, updated, critic), jax.tree.map(keep, metrics, zero)

    critic, metrics = jax.lax.scan(body, critic, (effective, given))
    steps = jnp.sum(effective)
    return critic, jax.tree.map(lambda each: jnp.sum(each) / steps, metrics)


def init(
    algorithm: Algorithm, hyperparameters: Hyperparameters, key: jax.Array
) -> TrainState:
    """The state before the first step.

    Raises:
      TypeError: as `checks.check_algorithm`.
      ValueError: as `checks.check_algorithm`.
    """
    checks.check_algorithm(algorithm, hyperparameters)
    critic_key, generator_key, train_key = jax.random.split(key, 3)
    generator = algorithm.generator.init(generator_key)
    generator_opt = algorithm.generator_optimiser(
        hyperparameters.generator_learning_rate
    )
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        key=train_key,
        critic=init_critic(algorithm.critic, hyperparameters, critic_key),
        generator=Player(generator, generator_opt.init(generator)),
        average=jax.tree.map(jnp.copy, generator),
    )


def init_critic(
    algorithm: CriticAlgorithm, hyperparameters: Hyperparameters, key: jax.Array
) -> Player:
    """The critic before its first update.

    Raises:
      TypeError: as `checks.check_critic_algorithm`.
      ValueError: as `checks.check_critic_algorithm`.
    """
    checks.check_critic_algorithm(algorithm, hyperparameters)
    params = algorithm.network.init(key)
    return Player(params, _optimiser(algorithm, hyperparameters).init(params))


def _optimiser(
    algorithm: CriticAlgorithm, hyperparameters: Hyperparameters
) -> optax.GradientTransformation:
    updates = hyperparameters.critic_updates
    options = {} if updates is None else {"updates": updates}
    return algorithm.optimiser(hyperparameters.critic_learning_rate, **options)


def train_steps(
    algorithm: Algorithm,
    hyperparameters: Hyperparameters,
    state: TrainState,
    count: int | jax.Array,
) -> tuple[TrainState, Metrics]:
    """`count` iterations without leaving the device.

    `count` may be traced, so that one compiled program serves chunks of any length.

    Returns:
      The state after them, and each scalar's mean over them.
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
      `train(key, hyperparameters) -> (state, metrics)`; metrics are means over the
      last tenth of the run. `jax.vmap` over keys trains many seeds in one program,
      over a field of `Hyperparameters` many lambdas, or numbers of critic steps.

    Raises:
      ValueError: `steps` is not a whole number >= 1.
    """
    checks.check_whole("steps", steps)
    tail = max(1, steps // 10)

    def train(key, hyperparameters):
        state = init(algorithm, hyperparameters, key)
        state, _ = train_steps(algorithm, hyperparameters, state, steps - tail)
        return train_steps(algorithm, hyperparameters, state, tail)

    return train


def critic_steps(
    algorithm: CriticAlgorithm,
    hyperparameters: Hyperparameters,
    sample_fake: Sampler,
    critic: Player,
    keys: jax.Array,
) -> tuple[Player, Metrics]:
    """One update of a critic for each key `[steps]`; the same as `train.critic_step`.

    The critic's optimiser has counted the run's steps, which a schedule follows.

    Returns:
      The critic, and metrics `[steps]`, those of `losses.critic_loss` at each update.
    """
    step = partial(critic_step, algorithm, hyperparameters, sample_fake)
    return jax.lax.scan(step, critic, keys)


def make_critic_train(
    algorithm: CriticAlgorithm, sample_fake: Sampler, steps: int
) -> Callable[[jax.Array, Hyperparameters], tuple[Player, Metrics]]:
    """The training of a critic as one pure function, to jit and vmap.

    Args:
      algorithm: its critic, real samples, penalty and batch size are used.
      sample_fake: `(key, n) -> [n, ...]`, the fixed generator.
      steps: critic updates.

    Returns:
      `train(key, hyperparameters) -> (critic, metrics)`; metrics `[steps]` are those
      of `losses.critic_loss` at each update.
    """

    def train(key, hyperparameters):
        init_key, train_key = jax.random.split(key)
        critic = init_critic(algorithm, hyperparameters, init_key)
        keys = jax.random.split(train_key, steps)
        return critic_steps(algorithm, hyperparameters, sample_fake, critic, keys)

    return train
