"""What a configuration may hold."""

import math
from typing import Any

from ml_collections import ConfigDict

from wgan_gp import data, networks, optimisers
from wgan_gp.configs.fields import POINTS
from wgan_gp.losses import PAIRINGS, SHAPES

_WORD = 2**32  # what the device counts and seeds with: 32 bits


def check(config: ConfigDict) -> None:
    """Raises ValueError for the first field that is out of range or of no effect."""
    _check_unused(config)
    for path in ("steps", "batch_size", "log_every", "eval_every", "eval_samples"):
        _at_least(path, get(config, path), 1)
    _at_least("seed", config.seed, 0)
    _below("seed", config.seed, _WORD)
    _check_network("critic", config.critic)
    _check_critic(config.critic)
    _check_optimiser("critic_optimiser", config.critic_optimiser)
    if config.lipschitz == "clip":
        _positive("clip_bound", config.clip_bound)
    else:
        _check_penalty(config.penalty, config.batch_size)
    if config.task == "gan":
        _check_gan(config)
    else:
        _check_funnels(config)


def _check_gan(config: ConfigDict) -> None:
    for path in ("n_critic", "eval_repeats", "generator.latent"):
        _at_least(path, get(config, path), 1)
    _below("steps * n_critic", config.steps * config.n_critic, 2**31)
    _in_range("ema_decay", config.ema_decay, 0, 1)
    one_of("data.name", config.data.name, data.DATASETS)
    _check_network("generator", config.generator)
    _check_optimiser("generator_optimiser", config.generator_optimiser)


def _check_funnels(config: ConfigDict) -> None:
    for path in ("data.dimension", "data.funnels"):
        _at_least(path, get(config, path), 1)
    size = config.data.dimension * config.data.funnels
    _below("data.dimension * data.funnels", size, 2**24)
    _at_least("data.seed", config.data.seed, 0)
    _below("data.seed", config.data.seed, _WORD)
    _below("steps", config.steps, 2**31)


def _check_critic(critic: ConfigDict) -> None:
    _at_least("critic.maxout", critic.maxout, 1)
    _at_least("critic.fourier", critic.fourier, 0)
    _positive("critic.fourier_scale", critic.fourier_scale)
    if critic.fourier_scale != 1 and not critic.fourier:
        raise ValueError(
            f"critic.fourier_scale = {critic.fourier_scale} has no effect with"
            " critic.fourier = 0: leave it out, or set critic.fourier"
        )


def _check_unused(config: ConfigDict) -> None:
    fields = [f"penalty.{name}" for name in config.penalty] + ["clip_bound"]
    for path in fields:
        if get(config, path) is not None and path not in _used(config):
            raise ValueError(
                f"{path} = {get(config, path)!r} has no effect with lipschitz ="
                f" {config.lipschitz!r} as set here: leave it out"
            )


def _check_network(player: str, network: ConfigDict) -> None:
    if not network.hidden:
        raise ValueError(f"{player}.hidden must name at least one layer, got ()")
    for width in network.hidden:
        _at_least(f"{player}.hidden", width, 1)
    one_of(f"{player}.activation", network.activation, networks.ACTIVATIONS)
    if player == "critic" and "batch" in network.norm:
        raise ValueError(
            f"critic.norm = {network.norm!r}: the penalty acts on each sample on its"
            " own, and batch normalisation ties a batch's samples together; use 'layer'"
        )
    one_of(f"{player}.norm", network.norm, networks.NORMS)
    one_of(f"{player}.initialiser", network.initialiser, networks.INITIALISERS)


def _check_optimiser(path: str, optimiser: ConfigDict) -> None:
    one_of(f"{path}.name", optimiser.name, optimisers.OPTIMISERS)
    one_of(f"{path}.schedule", optimiser.schedule, optimisers.SCHEDULES)
    _positive(f"{path}.learning_rate", optimiser.learning_rate)
    for name in ("beta1", "beta2"):
        if optimiser[name] is None:
            continue
        if name not in optimisers.BETAS[optimiser.name]:
            raise ValueError(
                f"{path}.{name} = {optimiser[name]} has no effect with"
                f" {path}.name = {optimiser.name!r}: leave it out"
            )
        _in_range(f"{path}.{name}", optimiser[name], 0, 1)


def _check_penalty(penalty: ConfigDict, batch_size: int) -> None:
    if not (math.isfinite(penalty.weight) and penalty.weight >= 0):
        raise ValueError(
            f"penalty.weight must be a finite number >= 0, got {penalty.weight}"
            " (the paper uses 10)"
        )
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
            _at_least("batch_size with independent pairs", batch_size, 2)
            if penalty.signed:
                raise ValueError(
                    "penalty.signed needs pairs with a direction, got independent ones:"
                    " set penalty.pairing to 'segment' or 'endpoint'"
                )


def _check_box(box: Any) -> None:
    numbers = box is not None and all(isinstance(x, int | float) for x in box)
    if not (numbers and len(box) == 2 and -math.inf < box[0] < box[1] < math.inf):
        raise ValueError(f"penalty.box must be (low, high) with low < high, got {box}")


def one_of(path: str, value: Any, valid: Any) -> None:
    """Raises ValueError unless `value` is among the valid ones, which it lists."""
    if value not in valid:
        raise ValueError(
            f"{path} must be one of {', '.join(map(str, valid))}; got {value!r}"
        )


def _at_least(path: str, value: Any, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{path} must be a whole number >= {least}, got {value!r}")


def _below(path: str, value: int, limit: int) -> None:
    if value >= limit:
        raise ValueError(f"{path} must be below {limit}, got {value}")


def _positive(path: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{path} must be a finite number > 0, got {value}")


def _in_range(path: str, value: float, low: float, high: float) -> None:
    if not low <= value < high:
        raise ValueError(f"{path} must be in [{low}, {high}), got {value}")


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
    penalty = config.penalty
    if config.lipschitz == "clip":
        return {"clip_bound"}
    used = {"penalty.weight"}
    if config.lipschitz == "difference":
        used |= {"penalty.shape", "penalty.pairing", "penalty.signed"}
    if "one_sided" in (config.lipschitz, penalty.shape):
        used |= {"penalty.power"}
    if penalty.pairing in (None, "independent"):
        used |= {"penalty.points"}
        if penalty.points == "box":
            used |= {"penalty.box"}
    return used
