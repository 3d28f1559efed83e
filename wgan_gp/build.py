"""Builds the functions of a run from its settings: data, networks, algorithm."""

from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from wgan_gp import configs, data, train
from wgan_gp.algorithm.critics import constrained
from wgan_gp.algorithm.latents import gaussian_latent
from wgan_gp.algorithm.optimisers import make_optimiser
from wgan_gp.configs import CriticSettings, Settings
from wgan_gp.configs.settings import OptimiserSettings
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data.conditions import drawn_conditions
from wgan_gp.data.kinds import KINDS
from wgan_gp.data.pairs import Pair, make_pair
from wgan_gp.data.sources import Example, ImageSource
from wgan_gp.evaluate import memory
from wgan_gp.evaluate.held_out import Evaluation, check_weights, count_evaluated
from wgan_gp.evaluate.images import check_digits
from wgan_gp.losses import OBJECTIVES
from wgan_gp.networks import (
    CRITICS,
    GENERATORS,
    Network,
    from_flax,
    in_bfloat16,
    rematerialised,
)
from wgan_gp.networks.conditions import conditioned
from wgan_gp.system.values import show

_WIDTHS = "hidden", "width", "multipliers", "blocks"


class Experiment(NamedTuple):
    """The functions and values that the settings of task "gan" describe."""

    dataset: data.Dataset
    algorithm: train.Algorithm
    hyperparameters: train.Hyperparameters
    evaluation: Evaluation


def build(settings: Settings, dataset: data.Dataset | None = None) -> Experiment:
    """Builds an experiment, and traces one training step to find errors early.

    Args:
      settings: from `configs.resolve`.
      dataset: from `open_dataset` with these settings, or with settings of the same
        data; opened here by default.

    Returns:
      The data set, the training algorithm with its hyperparameters, and the sizes and
      features of evaluations.

    Raises:
      ValueError: the data, the networks and the sizes do not fit each other, or memory
        does not suffice.
    """
    dataset = open_dataset(settings) if dataset is None else dataset
    experiment = assemble(settings, dataset)
    _check_sizes(experiment)
    _check_output(settings, dataset)
    _trace(settings, experiment)
    return experiment


def assemble(settings: Settings, dataset: data.Dataset) -> Experiment:
    """Builds an experiment from an open data set, without tracing a step.

    Args:
      settings: from `configs.resolve`.
      dataset: of the run. To sample from a finished run, the description that
        `runs.dataset_file` reads is enough.
    """
    hyperparameters = _critic_hyperparameters(settings)._replace(
        generator_learning_rate=_rate(settings.generator_optimiser),
        ema_decay=settings.ema_decay,
    )
    return Experiment(
        dataset, _algorithm(settings, dataset), hyperparameters, _evaluation(settings)
    )


def _algorithm(settings: Settings, dataset: data.Dataset) -> train.Algorithm:
    weights = settings.label_weights
    return train.Algorithm(
        critic=_game_critic(settings, dataset),
        generator=_generator(settings, dataset),
        sample_latent=partial(
            gaussian_latent,
            dimension=settings.generator.latent,
            classes=dataset.classes or 0,
            shares=dataset.class_shares,
            conditions=drawn_conditions(dataset),
        ),
        generator_optimiser=_optimiser(settings.generator_optimiser, settings.steps),
        n_critic=settings.n_critic,
        generator_batch_size=settings.generator_batch_size,
        label_weight=weights.generator if _classified(dataset) else 0.0,
    )


def _classified(dataset: data.Dataset) -> int:
    """The classes that an auxiliary classifier tells apart; 0 for none.

    None is needed where the class is among what the critic sees.
    """
    return 0 if dataset.told else (dataset.classes or 0)


def _evaluation(settings: Settings) -> Evaluation:
    return Evaluation(
        samples=settings.eval_samples,
        repeats=settings.eval_repeats,
        default=settings.eval_default,
        features=settings.features.network,
        weights=settings.features.weights,
        data=settings.data,
    )


def open_dataset(settings: Settings) -> data.Dataset:
    """Opens the data set of a run; it is put on the device if it fits there.

    Args:
      settings: from `configs.resolve`, of task "gan".

    Raises:
      ValueError: the data cannot be read or does not fit the settings.
    """
    check_weights(settings.features.weights)
    opener = KINDS[settings.data.kind].open
    assert opener is not None
    check = _check_digits if settings.features.network == "digits" else _no_check
    try:
        return opener(settings.data, conditional=settings.conditional, check=check)
    except _NoDigitsError:
        raise
    except ValueError as error:
        name = show(settings.data.name)
        raise ValueError(f"data.name = {name}: {error}") from error


def shared_dataset(settings: Settings, opened: dict[str, data.Dataset]) -> data.Dataset:
    """The data set of a run, opened once for all runs that use it.

    Its arrays are then on the device only once.

    Args:
      settings: from `configs.resolve`, of task "gan".
      opened: of other runs; the set is added to it.

    Raises:
      ValueError: as `open_dataset`.
    """
    key = str((settings.data, settings.conditional, settings.features))
    if key not in opened:
        opened[key] = open_dataset(settings)
    return opened[key]


def _check_sizes(experiment: Experiment) -> None:
    """Raises ValueError if the data set is smaller than a batch or an evaluation.

    Rows and sequences are drawn with replacement, so that a batch may be larger.
    """
    dataset, size = experiment.dataset, experiment.algorithm.critic.batch_size
    if dataset.kind == "images" and size > (dataset.count or size):
        raise ValueError(
            f"batch_size must be at most the {dataset.count} images that"
            f" {dataset.name} has to train on, got {size}"
        )
    samples, repeats = count_evaluated(experiment.evaluation, dataset)
    if (held_out := dataset.held_out) is not None:
        count = samples * repeats
        jax.eval_shape(lambda key: held_out(key, count), jax.random.key(0))


def _check_output(settings: Settings, dataset: data.Dataset) -> None:
    """Raises ValueError unless a generator of sequences makes what the data has."""
    if dataset.kind != "sequences":
        return
    wanted = "linear" if dataset.characters is None else "softmax"
    if getattr(settings.generator, "output", wanted) != wanted:
        what = "series" if dataset.characters is None else "text"
        raise ValueError(
            f"generator.output = {settings.generator.output!r} makes no {what}, which"
            f" {settings.data.name} is: use {wanted!r}"
        )


def _no_check(train: ImageSource) -> None:
    pass


class _NoDigitsError(ValueError):
    """The data set has no digits; the message names the field that needs them."""


def _check_digits(train: ImageSource) -> None:
    try:
        check_digits(train)
    except ValueError as error:
        raise _NoDigitsError(
            f"features.network = 'digits': {error}; set it to 'none'"
        ) from None


def _trace(settings: Settings, experiment: Experiment) -> None:
    """Raises ValueError if a step cannot be traced or the state exceeds memory."""
    parts = experiment.algorithm, experiment.hyperparameters
    state = jax.eval_shape(partial(train.init, *parts), jax.random.key(0))
    dataset = experiment.dataset
    memory.check(experiment.evaluation, dataset, state, _widths(settings))
    raw = None
    if dataset.stream is not None:
        raw = _raw_batches(settings, dataset)
    jax.eval_shape(partial(train.train_step, *parts), state, raw)


def _widths(settings: Settings) -> str:
    """The settings of both networks' sizes, as text."""
    return ", ".join(
        f"{player}.{name} = {show(getattr(section, name))}"
        for player, section in (
            ("critic", settings.critic),
            ("generator", settings.generator),
        )
        for name in _WIDTHS
        if hasattr(section, name)
    )


def _raw_batches(settings: Settings, dataset: data.Dataset) -> Any:
    """A batch with the shapes and types of the data set's stream."""
    shape = settings.n_critic, settings.batch_size
    if dataset.kind != "images":
        return np.broadcast_to(np.float32(0), (*shape, *dataset.shape))
    images = np.broadcast_to(np.uint8(0), (*shape, *dataset.own_shape))
    return Example(images, np.broadcast_to(np.int32(0), shape))


class CriticExperiment(NamedTuple):
    """The functions and values that the settings of task "critic" describe."""

    pair: Pair
    algorithm: train.CriticAlgorithm  # its real samples come from the pair
    hyperparameters: train.Hyperparameters


def build_critic(settings: CriticSettings) -> CriticExperiment:
    """Builds a critic that is trained alone, on two distributions of known W1.

    Args:
      settings: from `configs.resolve`, of task "critic".

    Returns:
      The pair of distributions, the critic's training algorithm, and the
      hyperparameters.

    Raises:
      ValueError: the networks and the sizes do not fit each other.
    """
    pair = make_pair(settings.data)
    algorithm = _critic(settings, pair.shape, pair.sample_real, updates=settings.steps)
    hyperparameters = _critic_hyperparameters(settings)
    train_one = train.make_critic_train(algorithm, pair.sample_fake, 1)
    jax.eval_shape(train_one, jax.random.key(0), hyperparameters)
    return CriticExperiment(pair, algorithm, hyperparameters)


def _generator(settings: Settings, dataset: data.Dataset) -> Network:
    fields = dict(vars(settings.generator))
    module, latent = GENERATORS[fields.pop("network")], fields.pop("latent")
    shape: dict[str, Any] = {"shape": dataset.shape, "outputs": dataset.shape[0]}
    told = dataset.told
    if dataset.columns is not None:
        shape["categories"] = dataset.columns.categories
    known = module.__dataclass_fields__
    fields |= {name: value for name, value in shape.items() if name in known}
    labelled = dataset.classes is not None and not told
    if labelled:
        fields["classes"] = dataset.classes
    network = from_flax(module(**fields), (1, latent + len(told)), labelled=labelled)
    if settings.compute.dtype == "bfloat16":
        network = in_bfloat16(network)
    return conditioned(network, told) if told else network


def _game_critic(settings: Settings, dataset: data.Dataset) -> train.CriticAlgorithm:
    """The critic of task "gan", with mixed precision, microbatches and labels."""
    compute = settings.compute
    critic = _critic(
        settings,
        dataset.shape,
        dataset.sample,
        updates=settings.steps * settings.n_critic,
        classes=_classified(dataset),
    )
    # Wrapped in float32 first: a construction that is exact is one of exact numbers.
    critic = constrained(critic)
    network = critic.network
    if compute.rematerialise:
        network = rematerialised(network)
    by_dtype = {"float32": network, "bfloat16": in_bfloat16(network)}
    mixed = compute.penalty_dtype != compute.dtype
    return critic._replace(
        network=by_dtype[compute.dtype],
        penalty_network=by_dtype[compute.penalty_dtype] if mixed else None,
        microbatches=compute.microbatches,
        label_weight=settings.label_weights.critic if _classified(dataset) else 0.0,
        objective=OBJECTIVES[settings.objective],
    )


def _critic(
    settings: CriticSettings,
    shape: tuple[int, ...],
    sample_real: data.Sampler,
    *,
    updates: int,
    classes: int = 0,
) -> train.CriticAlgorithm:
    fields = dict(vars(settings.critic)) | ({"classes": classes} if classes else {})
    module = CRITICS[str(fields.pop("network"))]
    return train.CriticAlgorithm(
        network=from_flax(module(**fields), shape),
        sample_real=sample_real,
        optimiser=_optimiser(settings.critic_optimiser, updates),
        constraint=CONSTRAINTS[settings.lipschitz].make(
            configs.constraint_section(settings)
        ),
        updates=updates,
        batch_size=settings.batch_size,
    )


def _critic_hyperparameters(settings: CriticSettings) -> train.Hyperparameters:
    strength = CONSTRAINTS[settings.lipschitz].strength
    return train.Hyperparameters(
        critic_learning_rate=_rate(settings.critic_optimiser),
        strength=configs.get(settings, strength) if strength else None,
    )


def _rate(section: OptimiserSettings) -> float:
    assert section.learning_rate is not None  # the constraint presets it
    return section.learning_rate


def _optimiser(section: OptimiserSettings, updates: int):
    """A function `learning rate -> optimiser`, from a section of the settings."""
    fields = {name: value for name, value in vars(section).items() if value is not None}
    del fields["learning_rate"]
    return partial(make_optimiser, updates=updates, **fields)
