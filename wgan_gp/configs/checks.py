"""What a configuration may hold."""

from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from wgan_gp import data
from wgan_gp.algorithm import optimisers
from wgan_gp.configs.image_checks import check_images
from wgan_gp.configs.network_checks import check_networks
from wgan_gp.constraints import CONSTRAINTS, POINTS
from wgan_gp.losses import PAIRINGS, SHAPES
from wgan_gp.system.values import (
    MOST_SAMPLES,
    WIDEST,
    at_least,
    below,
    in_range,
    not_negative,
    one_of,
    positive,
    show,
    whole,
)

_WORD = 2**32  # what the device counts and seeds with: 32 bits
_HALF = 1e38


def check(config: ConfigDict) -> None:
    """Raises ValueError for the first field that is out of range or of no effect."""
    _check_unused(config)
    _check_name(config.name)
    for path in ("steps", "log_every", "eval_every", "checkpoint.every"):
        at_least(path, get(config, path), 1)
    whole("batch_size", config.batch_size, 1, MOST_SAMPLES)
    whole("eval_samples", config.eval_samples, 1, MOST_SAMPLES)
    at_least("checkpoint.keep", config.checkpoint.keep, 2)  # one may be damaged
    at_least("checkpoint.keep_every", config.checkpoint.keep_every, 0)
    whole("mesh.data", config.mesh.data, 0, 2**20)
    whole("seed", config.seed, 0, _WORD)
    check_networks(config)
    _check_optimiser("critic_optimiser", config.critic_optimiser)
    used = _used(config)
    if "clip_bound" in used:
        positive("clip_bound", config.clip_bound)
    if "penalty.weight" in used:
        _check_penalty(config.penalty, config.batch_size)
    if config.task == "gan":
        _check_gan(config)
    else:
        _check_funnels(config)


def _check_name(name: str) -> None:
    """A run's folder has its experiment's name."""
    if not name or name != Path(name).name or not name.isprintable() or len(name) > 100:
        raise ValueError(
            "name must be fit for a folder: 1 to 100 characters that can be printed,"
            f" without /; got {show(name)}"
        )


def _check_gan(config: ConfigDict) -> None:
    at_least("n_critic", config.n_critic, 1)
    whole("eval_repeats", config.eval_repeats, 1, MOST_SAMPLES)
    whole("generator.latent", config.generator.latent, 1, WIDEST)
    below("steps * n_critic", config.steps * config.n_critic, 2**31)
    in_range("ema_decay", config.ema_decay, 0, 1)
    if config.critic.network == "mlp":
        _check_vectors(config.data.name)
    else:
        check_images(config)
    _check_optimiser("generator_optimiser", config.generator_optimiser)


def _check_vectors(name: str) -> None:
    kind, colon, _ = name.partition(":")
    if colon and kind in ("npz", "folder"):
        raise ValueError(
            f"data.name = {show(name)}: this experiment learns vectors, and only"
            " pictures are read from files. In Python, data.arrays.resident makes a"
            " sampler of an array of vectors, for train.CriticAlgorithm and"
            " train.make_train; for pictures, start from experiments/digits.py"
        )
    one_of("data.name", name, data.DATASETS)


def _check_funnels(config: ConfigDict) -> None:
    for path in ("data.dimension", "data.funnels"):
        at_least(path, get(config, path), 1)
    size = config.data.dimension * config.data.funnels
    below("data.dimension * data.funnels", size, 2**24)
    whole("data.seed", config.data.seed, 0, _WORD)
    below("steps", config.steps, 2**31)


def _check_unused(config: ConfigDict) -> None:
    fields = [f"penalty.{name}" for name in config.penalty] + ["clip_bound"]
    for path in fields:
        if get(config, path) is not None and path not in _used(config):
            raise ValueError(
                f"{path} = {show(get(config, path))} has no effect with lipschitz ="
                f" {config.lipschitz!r} as set here: leave it out"
            )


def _check_optimiser(path: str, optimiser: ConfigDict) -> None:
    one_of(f"{path}.name", optimiser.name, optimisers.OPTIMISERS)
    one_of(f"{path}.schedule", optimiser.schedule, optimisers.SCHEDULES)
    positive(f"{path}.learning_rate", optimiser.learning_rate)
    not_negative(f"{path}.weight_decay", optimiser.weight_decay)
    for name in ("beta1", "beta2"):
        if optimiser[name] is None:
            continue
        if name not in optimisers.BETAS[optimiser.name]:
            raise ValueError(
                f"{path}.{name} = {optimiser[name]} has no effect with"
                f" {path}.name = {optimiser.name!r}: leave it out"
            )
        in_range(f"{path}.{name}", optimiser[name], 0, 1)


def _check_penalty(penalty: ConfigDict, batch_size: int) -> None:
    not_negative("penalty.weight", penalty.weight, " (the paper uses 10)")
    if penalty.power is not None:
        one_of("penalty.power", penalty.power, (1, 2))
    if penalty.points is not None:
        one_of("penalty.points", penalty.points, POINTS)
    if penalty.points == "box":
        _check_box(penalty.box)
    if penalty.pairing is not None:
        one_of("penalty.pairing", penalty.pairing, PAIRINGS)
        one_of("penalty.shape", penalty.shape, SHAPES)
        if penalty.pairing == "independent":
            at_least("batch_size with independent pairs", batch_size, 2)
            if penalty.signed:
                raise ValueError(
                    "penalty.signed needs pairs with a direction, got independent ones:"
                    " set penalty.pairing to 'segment' or 'endpoint'"
                )


def _check_box(box: Any) -> None:
    # Its width has to be a float32, too.
    given = box is not None and len(box) == 2 and not any(map(_no_number, box))
    if not (given and -_HALF < box[0] < box[1] < _HALF):
        raise ValueError(
            f"penalty.box must be (low, high) with low < high, got {show(box)}"
        )


def _no_number(value: Any) -> bool:
    return isinstance(value, bool | str)


def get(config: ConfigDict, path: str) -> Any:
    """The field at a dotted path."""
    value: Any = config
    for part in path.split("."):
        if not isinstance(value, ConfigDict) or part not in value:
            raise ValueError(f"there is no field config.{path}")
        value = value[part]
    return value


def _used(config: ConfigDict) -> set[str]:
    """The constraint's fields that have an effect under this configuration."""
    return CONSTRAINTS[config.lipschitz].used(config.penalty)
