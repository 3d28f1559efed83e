"""From a checked configuration to typed functions: where ConfigDict stops."""

from functools import partial
from typing import NamedTuple

import jax
from ml_collections import FrozenConfigDict

from wgan_gp import data, losses, train
from wgan_gp.critics import make_critic_train
from wgan_gp.data import funnels
from wgan_gp.data.funnels import Funnels
from wgan_gp.networks import MLP, MLPCritic, from_flax
from wgan_gp.optimisers import make_optimiser


class Experiment(NamedTuple):
    """What a configuration describes."""

    dataset: data.Dataset
    algorithm: train.Algorithm
    hyperparameters: train.Hyperparameters


def build(config: FrozenConfigDict) -> Experiment:
    """Builds an experiment, and traces one step so that what can't work fails here.

    Args:
      config: from `configs.resolve`.

    Returns:
      The data set and the training algorithm with its hyperparameters.

    Raises:
      ValueError: the parts do not fit each other.
    """
    dataset = data.load(config.data.name)
    algorithm = train.Algorithm(
        critic=_critic(
            config, dataset.shape, dataset.sample, config.steps * config.n_critic
        ),
        generator=_generator(dataset.shape[0], **config.generator),
        sample_latent=partial(gaussian_latent, dimension=config.generator.latent),
        generator_optimiser=_optimiser(config.generator_optimiser, config.steps),
        n_critic=config.n_critic,
    )
    hyperparameters = _critic_hyperparameters(config)._replace(
        generator_learning_rate=config.generator_optimiser.learning_rate,
        ema_decay=config.ema_decay,
    )
    state = jax.eval_shape(
        partial(train.init, algorithm, hyperparameters), jax.random.key(0)
    )
    jax.eval_shape(partial(train.train_step, algorithm, hyperparameters), state)
    return Experiment(dataset, algorithm, hyperparameters)


class CriticExperiment(NamedTuple):
    """What a configuration of task "critic" describes."""

    funnels: Funnels
    algorithm: train.CriticAlgorithm  # real samples are those of `funnels`
    sample_fake: data.Sampler
    hyperparameters: train.Hyperparameters


def build_critic(config: FrozenConfigDict) -> CriticExperiment:
    """Builds a critic to be trained alone, on a pair of known W1.

    Args:
      config: from `configs.resolve`, of task "critic".

    Raises:
      ValueError: the parts do not fit each other.
    """
    cell = config.data
    pair = funnels.make_funnels(cell.dimension, cell.funnels, cell.seed)
    sample_real = partial(funnels.sample_real, pair)
    algorithm = _critic(config, (cell.dimension,), sample_real, config.steps)
    hyperparameters = _critic_hyperparameters(config)
    sample_fake = partial(funnels.sample_fake, pair)
    train_one = make_critic_train(algorithm, sample_fake, 1)
    jax.eval_shape(train_one, jax.random.key(0), hyperparameters)
    return CriticExperiment(pair, algorithm, sample_fake, hyperparameters)


def make_penalty(config: FrozenConfigDict) -> losses.Penalty | None:
    """The penalty that `lipschitz` and the section `penalty` describe."""
    penalty, points = config.penalty, losses.interpolates
    if penalty.points == "box":
        points = losses.uniform_box(*penalty.box)
    elif penalty.points == "endpoints":
        points = losses.endpoints
    match config.lipschitz:
        case "clip":
            return None
        case "two_sided":
            return partial(losses.gradient_penalty, points=points)
        case "one_sided":
            return partial(
                losses.one_sided_gradient_penalty, power=penalty.power, points=points
            )
    shape = losses.SHAPES[penalty.shape]
    if penalty.shape == "one_sided":
        shape = partial(shape, power=penalty.power)
    return partial(
        losses.difference_penalty,
        pairing=penalty.pairing,
        shape=shape,
        signed=penalty.signed,
        points=points,
    )


def gaussian_latent(key: jax.Array, n: int, *, dimension: int) -> jax.Array:
    """Z ~ N(0, I), `[n, dimension]`."""
    return jax.random.normal(key, (n, dimension))


def _generator(outputs: int, *, latent: int, **settings):
    return from_flax(MLP(outputs=outputs, **settings), (1, latent))


def _critic(
    config: FrozenConfigDict,
    shape: tuple[int, ...],
    sample_real: data.Sampler,
    updates: int,
) -> train.CriticAlgorithm:
    return train.CriticAlgorithm(
        network=from_flax(MLPCritic(**config.critic), shape),
        sample_real=sample_real,
        optimiser=_optimiser(config.critic_optimiser, updates),
        penalty=make_penalty(config),
        clip=config.lipschitz == "clip",
        batch_size=config.batch_size,
    )


def _critic_hyperparameters(config: FrozenConfigDict) -> train.Hyperparameters:
    return train.Hyperparameters(
        critic_learning_rate=config.critic_optimiser.learning_rate,
        weight=0.0 if config.penalty.weight is None else config.penalty.weight,
        clip_bound=0.0 if config.clip_bound is None else config.clip_bound,
    )


def _optimiser(section, updates: int):
    """A function from a learning rate to the optimiser that a section describes."""
    settings = {name: value for name, value in section.items() if value is not None}
    del settings["learning_rate"]
    return partial(make_optimiser, updates=updates, **settings)
