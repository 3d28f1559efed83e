"""Checks of a complete configuration: each field by its rule, then fields together."""

import dataclasses
from collections.abc import Callable
from typing import Any

from ml_collections import ConfigDict

from wgan_gp.algorithm import optimisers
from wgan_gp.configs.schema import (
    Schema,
    constraint_paths,
    constraint_section,
    flatten,
    get,
)
from wgan_gp.configs.settings import PLAYERS, ComputeSettings, LabelWeights
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data import DATASETS
from wgan_gp.data.image_conditions import CHANNELS
from wgan_gp.data.kinds import KINDS
from wgan_gp.data.pairs import FAMILIES, check_pair
from wgan_gp.system.values import at_least, below, join_names, one_of, show

_PIXELS = {"unit": "sigmoid", "symmetric": "tanh", "dequantised": "tanh"}


def check(config: ConfigDict, fields: Schema) -> None:
    """Raises ValueError for the first field that is out of range or has no effect.

    Args:
      config: a configuration with all these fields.
      fields: from `schema.schema`.
    """
    _check_unused(config)
    _check_rules(config, fields)
    for player in ("critic_optimiser", "generator_optimiser"):
        if player in config:
            _check_betas(player, config[player])
    for together in _TOGETHER[config.task]:
        together(config)


def _check_rules(config: ConfigDict, fields: Schema) -> None:
    """Checks each field that has a value by the rule of its declaration."""
    for path, declared in flatten(fields):
        value = get(config, path)
        if declared.rule and value is not None:
            declared.rule.check(path, value)


def _check_unused(config: ConfigDict) -> None:
    for path in constraint_paths():
        if get(config, path) is not None and path not in _used(config):
            raise ValueError(
                f"{path} = {show(get(config, path))} has no effect with lipschitz ="
                f" {config.lipschitz!r} as set here: leave it out"
            )


def _check_betas(path: str, optimiser: ConfigDict) -> None:
    for name in ("beta1", "beta2"):
        if optimiser[name] is None or name in optimisers.BETAS[optimiser.name]:
            continue
        raise ValueError(
            f"{path}.{name} = {optimiser[name]} has no effect with"
            f" {path}.name = {optimiser.name!r}: leave it out"
        )


def _check_pairs(config: ConfigDict) -> None:
    choice = CONSTRAINTS[config.lipschitz]
    if choice.pairs_samples(constraint_section(config)):
        name = f"batch_size with lipschitz = {config.lipschitz!r} as set here"
        at_least(name, config.batch_size, 2)
    choice.check(config)


def _check_microbatches(config: ConfigDict) -> None:
    parts = config.compute.microbatches
    if config.batch_size % parts:
        raise ValueError(
            f"compute.microbatches must divide batch_size = {config.batch_size}, got"
            f" {parts}"
        )
    if parts > 1 and CONSTRAINTS[config.lipschitz].pairs_samples(
        constraint_section(config)
    ):
        raise ValueError(
            f"compute.microbatches must be 1 with lipschitz = {config.lipschitz!r} as"
            f" set here, whose penalty needs the whole batch at once; got {parts}"
        )


def _check_penalty_dtype(config: ConfigDict) -> None:
    chosen, default = config.compute.penalty_dtype, ComputeSettings().penalty_dtype
    if chosen == default:
        return
    constraint = CONSTRAINTS[config.lipschitz].make(constraint_section(config))
    if constraint.penalty is None:
        raise ValueError(
            f"compute.penalty_dtype = {chosen!r} has no effect with lipschitz ="
            f" {config.lipschitz!r}, which has no penalty: leave it out"
        )


def _check_fourier(config: ConfigDict) -> None:
    critic = config.critic
    if critic.get("fourier_scale", 1) != 1 and not critic.fourier:
        raise ValueError(
            f"critic.fourier_scale = {critic.fourier_scale} has no effect with"
            " critic.fourier = 0: leave it out, or set critic.fourier"
        )


def _check_pixels(config: ConfigDict) -> None:
    """Raises ValueError unless the generator's output has the range of the pixels."""
    if config.data.kind != "images":
        return
    scale = config.data.scale
    output = config.generator.get("output", _PIXELS[scale])
    if output != _PIXELS[scale]:
        raise ValueError(
            f"generator.output = {output!r} does not reach the pixels of data.scale ="
            f" {scale!r}: use {_PIXELS[scale]!r} with it"
        )


def _check_features(config: ConfigDict) -> None:
    features = config.features
    one_of("features.network", features.network, KINDS[config.data.kind].features)
    if features.network == "digits" and config.data.name in DATASETS:
        raise ValueError(
            "features.network = 'digits' needs an image set with labels and splits,"
            f" and {show(config.data.name)} is a sampler: set it to 'none'"
        )
    if (features.network == "inception") != (features.weights is not None):
        raise ValueError(
            "features.weights is the file of features.network = 'inception': got"
            f" {show(features.weights)} with {features.network!r}"
        )


def _check_labels(config: ConfigDict) -> None:
    if not _classifies(config):
        return  # the class is among the entries of each sample
    chosen = {player: config[player].network for player in PLAYERS}
    known = {
        player: [name for name, each in PLAYERS[player].items() if _takes_labels(each)]
        for player in PLAYERS
    }
    if config.conditional and any(chosen[p] not in known[p] for p in PLAYERS):
        both = " or ".join(sorted({repr(each) for each in known["critic"]}))
        raise ValueError(
            f"conditional needs critic.network and generator.network to be {both}, got"
            f" {chosen['critic']!r} and {chosen['generator']!r}; with data.conditioning"
            f" = {CHANNELS!r} they may be any"
        )


def _check_label_weights(config: ConfigDict) -> None:
    classifies = _classifies(config)
    if classifies and config.conditional:
        return
    needed = "conditional = True" if classifies else "labels of pictures to classify"
    for player, default in dataclasses.asdict(LabelWeights()).items():
        if config.label_weights[player] != default:
            raise ValueError(
                f"label_weights.{player} = {config.label_weights[player]} has no effect"
                f" without {needed}: leave it out"
            )


def _classifies(config: ConfigDict) -> bool:
    """Whether an auxiliary classifier tells labels apart, if there are any."""
    return config.data.kind == "images" and config.data.conditioning != CHANNELS


def _takes_labels(module: Any) -> bool:
    return "classes" in module.__dataclass_fields__


def _check_updates(config: ConfigDict) -> None:
    below("steps * n_critic", config.steps * config.n_critic, 2**31)


def _check_cell(config: ConfigDict) -> None:
    size = config.data.dimension * config.data.funnels
    below("data.dimension * data.funnels", size, 2**24)
    check_pair(config.data)
    _check_samples(config)
    norm, of_pair = config.penalty.norm, config.data.norm
    if of_pair != 2 and norm != of_pair:
        slopes = "Euclidean slopes" if norm is None else f"slopes of p = {show(norm)}"
        raise ValueError(
            f"data.norm = {show(of_pair)} needs slopes of that norm, and lipschitz ="
            f" {config.lipschitz!r} as set here bounds {slopes}: leave penalty.norm out"
            " and choose a gradient penalty such as 'one_sided'"
        )
    below("steps", config.steps, 2**31)


def _check_samples(config: ConfigDict) -> None:
    """Raises ValueError unless the critic takes what a pair's samples are."""
    network, family = config.critic.network, config.data.family
    samples = FAMILIES[family].samples
    accepted = getattr(PLAYERS["critic"][network], "kinds", (samples,))
    if samples not in accepted:
        fit = [name for name, each in FAMILIES.items() if each.samples in accepted]
        raise ValueError(
            f"critic.network = {network!r} is for {' and '.join(accepted)}, and"
            f" data.family = {family!r} has {samples}: use another recipe or network,"
            f" or a family of {join_names(fit)}"
        )


# Checks of several fields together, by task.
_TOGETHER: dict[str, tuple[Callable[[ConfigDict], None], ...]] = {
    "critic": (_check_pairs, _check_fourier, _check_cell),
    "gan": (
        _check_pairs,
        _check_fourier,
        _check_updates,
        _check_pixels,
        _check_features,
        _check_microbatches,
        _check_penalty_dtype,
        _check_labels,
        _check_label_weights,
    ),
}


def _used(config: ConfigDict) -> set[str]:
    """The constraint's fields that have an effect in this configuration."""
    return CONSTRAINTS[config.lipschitz].used(constraint_section(config))
