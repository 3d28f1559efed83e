"""The fields of a configuration, their defaults, and what each constraint presets."""

import dataclasses
from typing import Any

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder as _open

from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.networks import CRITICS, GENERATORS
from wgan_gp.system.values import did_you_mean, one_of

# What the papers use with each constraint; the keys are the choices of `lipschitz`.
PRESETS: dict[str, dict[str, Any]] = {
    name: constraint.presets for name, constraint in CONSTRAINTS.items()
}
TASKS = ("gan", "critic")
DTYPES = ("float32", "bfloat16")
FEATURES = ("none", "digits", "inception")


def penalised(optimiser: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A table for `by_constraint`: fields of both optimisers under each penalty.

    Not under constraints without a penalty, which have an optimiser of their own.
    """
    players = {"critic_optimiser": optimiser, "generator_optimiser": optimiser}
    return {name: players for name, preset in PRESETS.items() if "penalty" in preset}


# Variants that the toy experiments share. The reference's settings (gan_toy.py) with
# Algorithm 1's lambda of 10 in place of that script's 0.1.
PAPER_TOY: dict[str, Any] = {
    "steps": 100_000,
    "critic": {"hidden": (512, 512, 512)},
    "generator": {"hidden": (512, 512, 512)},
    "ema_decay": 0.0,
    "by_constraint": penalised({"beta1": 0.5}),
}
SMOKE: dict[str, Any] = {
    "steps": 20,
    "batch_size": 16,
    "critic": {"hidden": (8, 8)},
    "generator": {"hidden": (8, 8)},
    "log_every": 5,
    "eval_every": 10,
    "eval_samples": 50,
    "eval_repeats": 2,
}
# What shrinks an image experiment to seconds, and needs no download.
IMAGE_SMOKE: dict[str, Any] = {
    "steps": 4,
    "batch_size": 8,
    "data": {"name": "digits8x8", "size": None},
    "critic": {"width": 2},
    "generator": {"width": 2, "latent": 4},
    "features": {"network": "none"},
    "log_every": 2,
    "eval_every": 2,
    "eval_samples": 20,
    "eval_repeats": 1,
}


def base(
    task: str = "gan", *, critic: str = "mlp", generator: str = "mlp"
) -> ConfigDict:
    """All fields there are, with Algorithm 1's defaults, open ones as placeholders.

    `descriptions` says what each means.

    Args:
      task: "gan" for a critic and a generator; "critic" for a critic alone, trained on
        a pair of distributions whose W1 is known.
      critic: a key of `networks.CRITICS`. All but "mlp" are for images.
      generator: a key of `networks.GENERATORS`.

    Raises:
      ValueError: another task or network, or networks that do not go together.
    """
    for name, value, known in (
        ("task", task, TASKS),
        ("critic.network", critic, CRITICS),
        ("generator.network", generator, GENERATORS),
    ):
        one_of(name, value, known)
    if (critic == "mlp") != (generator == "mlp"):
        raise ValueError(
            f"critic.network = {critic!r} and generator.network = {generator!r} do not"
            " go together: 'mlp' is for vectors, all others are for images"
        )
    common = {
        "name": "unnamed",
        "task": task,
        "seed": 0,
        "lipschitz": "two_sided",
        "steps": 10_000,
        "batch_size": 256,
        "critic": {"network": critic} | _network_fields(CRITICS[critic]),
        "critic_optimiser": _open_optimiser(),
        "penalty": {
            "weight": _open(float),
            "points": _open(str),
            "box": _open(tuple),
            "shape": _open(str),
            "power": _open(int),
            "pairing": _open(str),
            "signed": _open(bool),
        },
        "clip_bound": _open(float),
        "by_constraint": {name: ConfigDict() for name in PRESETS},
        "checkpoint": {
            "every": 1000,
            "keep": 2,
            "keep_every": 0,
        },
        "mesh": {"data": 0},
        "debug_nans": False,
        "log_every": 100,
        "eval_every": 1000,
        "eval_samples": 2000,
    }
    if task == "critic":
        # Fields of `data.funnels.make_funnels`.
        special = {"data": {"dimension": 2, "funnels": 4, "seed": 987}}
    else:
        special = _game(generator) | (_vectors() if critic == "mlp" else _images())
    return ConfigDict(common | special).lock()


def _network_fields(module: Any) -> dict[str, Any]:
    """A network's attributes that a configuration sets, with their defaults."""
    given = ("parent", "name", "shape", "outputs", "classes")
    fields = dataclasses.fields(module)
    return {each.name: each.default for each in fields if each.name not in given}


def _game(generator: str) -> dict[str, Any]:
    """What a critic alone does not have."""
    fields = {"network": generator} | _network_fields(GENERATORS[generator])
    return {
        "n_critic": 5,
        "ema_decay": 0.0,
        "generator": fields | {"latent": 2},
        "generator_optimiser": _open_optimiser(),
        "eval_repeats": 16,
    }


def _vectors() -> dict[str, Any]:
    return {"data": {"name": "8gaussians"}}


def _images() -> dict[str, Any]:
    return {
        "data": {
            "name": "mnist5k",
            "scale": "symmetric",
            "size": _open(tuple),
            "channels": _open(int),
            "data_dir": _open(str),
            "skip_corrupt": False,
            "resident_bytes": 2**31,
        },
        "eval_default": (2000, 16),
        "conditional": False,
        "label_weights": {"critic": 1.0, "generator": 0.1},
        "generator_batch_size": _open(int),
        "compute": {
            "dtype": "float32",
            "penalty_dtype": "float32",
            "rematerialise": False,
            "microbatches": 1,
        },
        "features": {
            "network": "none",
            "weights": _open(str),
        },
    }


def _open_optimiser() -> dict[str, Any]:
    return {
        "name": _open(str),
        "learning_rate": _open(float),
        "beta1": _open(float),
        "beta2": _open(float),
        "schedule": _open(str),
        "weight_decay": 0.0,
    }


def experiment(
    name: str,
    arg: str,
    *,
    critic: str = "mlp",
    generator: str = "mlp",
    **variants: dict[str, Any],
) -> ConfigDict:
    """The configuration of an experiment and of its named variants.

    Args:
      name: of the experiment.
      arg: what stands behind the colon in `--config FILE:ARG`; nothing, with or without
        the colon, is the default.
      critic: as in `base`.
      generator: as in `base`.
      **variants: nested updates of `base()`. "default" is applied first, then the
        one that `arg` names, if any; "smoke" and "paper" are the usual ones.

    Returns:
      A locked configuration.

    Raises:
      ValueError: there is no such variant.
    """
    if arg and (arg not in variants or arg == "default"):
        known = [f":{each}" for each in variants if each != "default"]
        raise ValueError(
            f"unknown variant :{arg} of {name}; there are {', '.join(known)}"
            + did_you_mean(f":{arg}", known)
        )
    config = base(critic=critic, generator=generator)
    config.name = name + (f"-{arg}" if arg else "")
    update(config, variants["default"])
    if arg:
        update(config, variants[arg])
    if "eval_default" in config:
        config.eval_default = config.eval_samples, config.eval_repeats
    return config


def update(config: ConfigDict, changes: dict[str, Any]) -> None:
    """Applies nested changes in place, those under `by_constraint` too."""
    changes = dict(changes)
    by_constraint = changes.pop("by_constraint", {})
    config.update(changes)
    with config.by_constraint.unlocked():
        for constraint, fields in by_constraint.items():
            config.by_constraint[constraint] = ConfigDict(fields)
