"""From a checked configuration to typed functions: where ConfigDict stops."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import FrozenConfigDict

from wgan_gp import data, train
from wgan_gp.algorithm.optimisers import make_optimiser
from wgan_gp.configs.checks import get
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data import funnels
from wgan_gp.data.funnels import Funnels
from wgan_gp.data.image_sets import load_images
from wgan_gp.data.sources import Example, ImageSource
from wgan_gp.evaluate import memory
from wgan_gp.evaluate.held_out import count_evaluated
from wgan_gp.evaluate.images import check_digits
from wgan_gp.networks import (
    CRITICS,
    GENERATORS,
    Network,
    from_flax,
    in_bfloat16,
    rematerialised,
)
from wgan_gp.system.values import show
from wgan_gp.train import make_critic_train


class Experiment(NamedTuple):
    """What a configuration describes."""

    dataset: data.Dataset
    algorithm: train.Algorithm
    hyperparameters: train.Hyperparameters


def build(config: FrozenConfigDict, dataset: data.Dataset | None = None) -> Experiment:
    """Builds an experiment, and traces one step so that what can't work fails here.

    Args:
      config: from `configs.resolve`.
      dataset: what `open_dataset` made of this configuration, or of one with the same
        fields of the data; opened here by default.

    Returns:
      The data set and the training algorithm with its hyperparameters.

    Raises:
      ValueError: the parts do not fit each other.
    """
    dataset = open_dataset(config) if dataset is None else dataset
    _check_sizes(config, dataset)
    experiment = assemble(config, dataset)
    _trace(config, *experiment)
    return experiment


def assemble(config: FrozenConfigDict, dataset: data.Dataset) -> Experiment:
    """The same with a data set that is there already, and without a trace of a step.

    Args:
      config: from `configs.resolve`.
      dataset: its data set; of one that is only sampled from, a description will do.
    """
    algorithm = train.Algorithm(
        critic=_critic(
            config,
            dataset.shape,
            dataset.sample,
            updates=config.steps * config.n_critic,
            classes=dataset.classes,
        ),
        generator=_generator(config, dataset),
        sample_latent=partial(
            gaussian_latent,
            dimension=config.generator.latent,
            classes=dataset.classes or 0,
            shares=dataset.class_shares,
        ),
        generator_optimiser=_optimiser(config.generator_optimiser, config.steps),
        n_critic=config.n_critic,
    )
    if config.critic.network != "mlp":
        algorithm = _for_images(config, dataset, algorithm)
    hyperparameters = _critic_hyperparameters(config)._replace(
        generator_learning_rate=config.generator_optimiser.learning_rate,
        ema_decay=config.ema_decay,
    )
    return Experiment(dataset, algorithm, hyperparameters)


def open_dataset(config: FrozenConfigDict) -> data.Dataset:
    """The data set that a configuration names; on the device, if it fits there.

    Raises:
      ValueError: it cannot be read, or does not fit the configuration.
    """
    if config.critic.network == "mlp":
        return data.load(config.data.name)
    try:
        return load_images(
            **config.data,
            conditional=config.conditional,
            check=_check_digits if config.features.network == "digits" else _no_check,
        )
    except _NoDigitsError:
        raise
    except ValueError as error:
        raise ValueError(f"data.name = {show(config.data.name)}: {error}") from error


def _check_sizes(config: FrozenConfigDict, dataset: data.Dataset) -> None:
    """Raises ValueError where the set is smaller than a batch, or than evaluation."""
    if config.batch_size > (dataset.count or config.batch_size):
        raise ValueError(
            f"batch_size must be at most the {dataset.count} images that"
            f" {dataset.name} has to train on, got {config.batch_size}"
        )
    samples, repeats = count_evaluated(config, dataset)
    if (held_out := dataset.held_out) is not None:
        count = samples * repeats
        jax.eval_shape(lambda key: held_out(key, count), jax.random.key(0))


def _no_check(train: ImageSource) -> None:
    pass


class _NoDigitsError(ValueError):
    """A data set that is not of digits; the message names the field that needs them."""


def _check_digits(train: ImageSource) -> None:
    try:
        check_digits(train)
    except ValueError as error:
        raise _NoDigitsError(
            f"features.network = 'digits': {error}; set it to 'none'"
        ) from None


def _trace(config, dataset, algorithm, hyperparameters) -> None:
    """Raises ValueError if a step of training cannot be, or its state fit in memory."""
    state = jax.eval_shape(
        partial(train.init, algorithm, hyperparameters), jax.random.key(0)
    )
    memory.check(config, dataset, state)
    raw = None
    if dataset.stream is not None:
        raw = _raw_batches(dataset, config)
    jax.eval_shape(partial(train.train_step, algorithm, hyperparameters), state, raw)


def _raw_batches(dataset: data.Dataset, config: FrozenConfigDict) -> Any:
    """What a step takes from the data set's stream, without numbers in it."""
    shape = config.n_critic, config.batch_size
    images = np.broadcast_to(np.uint8(0), (*shape, *dataset.shape))
    return Example(images, np.broadcast_to(np.int32(0), shape))


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
    algorithm = _critic(config, (cell.dimension,), sample_real, updates=config.steps)
    hyperparameters = _critic_hyperparameters(config)
    sample_fake = partial(funnels.sample_fake, pair)
    train_one = make_critic_train(algorithm, sample_fake, 1)
    jax.eval_shape(train_one, jax.random.key(0), hyperparameters)
    return CriticExperiment(pair, algorithm, sample_fake, hyperparameters)


def gaussian_latent(
    key: jax.Array,
    n: int,
    *,
    dimension: int,
    classes: int = 0,
    shares: np.ndarray | None = None,
) -> Any:
    """Z ~ N(0, I), `[n, dimension]`; with classes, that and labels `[n]`.

    Args:
      key: a key.
      n: number of latents.
      dimension: of each.
      classes: number of classes; 0 for none.
      shares: of each class, `[classes]`; None for even ones. A share of 0 is never
        drawn.
    """
    if not classes:
        return jax.random.normal(key, (n, dimension))
    latent_key, label_key = jax.random.split(key)
    weights = None if shares is None else jnp.asarray(shares, jnp.float32)
    labels = jax.random.choice(label_key, classes, (n,), p=weights)
    return jax.random.normal(latent_key, (n, dimension)), labels


def _generator(config: FrozenConfigDict, dataset: data.Dataset) -> Network:
    settings = dict(config.generator)
    module, latent = GENERATORS[settings.pop("network")], settings.pop("latent")
    if config.generator.network == "mlp":
        settings["outputs"] = dataset.shape[0]
    else:
        settings["shape"] = dataset.shape
    if dataset.classes:
        settings["classes"] = dataset.classes
    made = module(**settings)
    return from_flax(made, (1, latent), labelled=dataset.classes is not None)


def _for_images(
    config: FrozenConfigDict, dataset: data.Dataset, algorithm: train.Algorithm
) -> train.Algorithm:
    """The same with what only a configuration for images has."""
    compute, weights, critic = config.compute, config.label_weights, algorithm.critic
    network = critic.network
    if compute.rematerialise:
        network = rematerialised(network)
    precise, low = network, in_bfloat16(network)
    by_dtype = {"float32": precise, "bfloat16": low}
    critic = critic._replace(
        network=by_dtype[compute.dtype],
        penalty_network=by_dtype[compute.penalty_dtype],
        microbatches=compute.microbatches,
        label_weight=weights.critic if dataset.classes else 0.0,
    )
    generator = algorithm.generator
    if compute.dtype == "bfloat16":
        generator = in_bfloat16(generator)
    return algorithm._replace(
        critic=critic,
        generator=generator,
        generator_batch_size=config.generator_batch_size,
        label_weight=weights.generator if dataset.classes else 0.0,
    )


def _critic(
    config: FrozenConfigDict,
    shape: tuple[int, ...],
    sample_real: data.Sampler,
    *,
    updates: int,
    classes: int | None = None,
) -> train.CriticAlgorithm:
    settings = dict(config.critic) | ({"classes": classes} if classes else {})
    module = CRITICS[config.critic.network]
    del settings["network"]
    return train.CriticAlgorithm(
        network=from_flax(module(**settings), shape),
        sample_real=sample_real,
        optimiser=_optimiser(config.critic_optimiser, updates),
        constraint=CONSTRAINTS[config.lipschitz].make(config.penalty),
        batch_size=config.batch_size,
    )


def _critic_hyperparameters(config: FrozenConfigDict) -> train.Hyperparameters:
    return train.Hyperparameters(
        critic_learning_rate=config.critic_optimiser.learning_rate,
        strength=get(config, CONSTRAINTS[config.lipschitz].strength),
    )


def _optimiser(section, updates: int):
    """A function from a learning rate to the optimiser that a section describes."""
    settings = {name: value for name, value in section.items() if value is not None}
    del settings["learning_rate"]
    return partial(make_optimiser, updates=updates, **settings)
