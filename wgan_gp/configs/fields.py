"""Configurations before they are resolved: `base`, and variants of experiments."""

from typing import Any

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from wgan_gp.configs.schema import Schema, flatten, schema
from wgan_gp.configs.settings import PLAYERS, TASKS
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data.kinds import KINDS, kinds_of
from wgan_gp.system.fields import Declaration
from wgan_gp.system.values import did_you_mean, one_of


def penalised(optimiser: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A table for `by_constraint`: fields of both optimisers under all penalties.

    Constraints by construction take the generator's only: rates for their critics are
    their own. Weight clipping keeps both of its optimisers.

    Args:
      optimiser: the fields, such as `{"beta1": 0.5}`.
    """
    generator = {"generator_optimiser": optimiser}
    players = {"penalty": generator | {"critic_optimiser": optimiser}}
    players["construction"] = generator
    return {
        name: players[choice.section]
        for name, choice in CONSTRAINTS.items()
        if choice.section in players
    }


_PLAYER = {"name": "adam", "beta1": 0.0, "beta2": 0.99, "schedule": "cosine"}
_GENERATOR = {"n_critic": 2, "generator_optimiser": _PLAYER | {"learning_rate": 3e-3}}
# By the constraint's section. Fourier features let a critic see the shape of a narrow
# mode; critics by construction have none, since their slope would exceed 1.
_TOYS = {
    "": _GENERATOR | {"critic_optimiser": _PLAYER},
    "construction": _GENERATOR,
    "penalty": _GENERATOR
    | {
        "critic_optimiser": _PLAYER | {"learning_rate": 8e-3},
        "critic": {"fourier": 64, "fourier_scale": 5.0},
    },
}


def toy(by_constraint: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the toy experiments share.

    Args:
      by_constraint: changes to the shared table of a constraint, by its name.

    Returns:
      The default variant, for `experiment`. A constraint without strength and without
      section, such as none at all, keeps its presets.
    """
    tables = {
        name: dict(_TOYS[choice.section])
        for name, choice in CONSTRAINTS.items()
        if choice.section or choice.strength
    }
    for name, sections in by_constraint.items():
        table = tables.setdefault(name, {})
        for section, fields in sections.items():
            table[section] = table.get(section, {}) | fields
    return {
        "steps": 4000,
        "critic": {"hidden": (128, 128, 128)},
        "generator": {"hidden": (128, 128, 128)},
        "ema_decay": 0.999,
        "by_constraint": tables,
    }


# Each constraint at its own presets.
_PRESETS: dict[str, Any] = {name: {} for name in CONSTRAINTS}
# Variants that the toy experiments share. `PAPER_TOY` has the settings of the
# reference's gan_toy.py, but lambda is 10 as in Algorithm 1, where that script has 0.1.
PAPER_TOY: dict[str, Any] = {
    "steps": 100_000,
    "critic": {"hidden": (512, 512, 512)},
    "generator": {"hidden": (512, 512, 512)},
    "ema_decay": 0.0,
    "by_constraint": _PRESETS | penalised({"beta1": 0.5}),
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
    "by_constraint": _PRESETS
    | penalised({"learning_rate": 2e-3, "schedule": "linear"}),
}
# Shrinks an image experiment to seconds, without a download.
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
# For grey pictures of about 28 x 28 in minutes of two cores: an average of a generator
# that is normalised by the batch and doubles pictures without transposed convolutions;
# under penalties one critic step for each generator step, at high rates
# (`docs/images.md`).
SMALL_PICTURES: dict[str, Any] = {
    "batch_size": 50,
    "critic": {"width": 32},
    "generator": {
        "width": 16,
        "multipliers": (8, 4, 2, 1),
        "norm": "batch",
        "upsampling": "nearest",
        "latent": 128,
        "output": "sigmoid",
    },
    "ema_decay": 0.998,
    "by_constraint": {
        name: fields | {"n_critic": 1}
        for name, fields in penalised(
            {"beta1": 0.5, "learning_rate": 1e-3, "schedule": "linear"}
        ).items()
    },
    "features": {"network": "digits"},
    "log_every": 20,
    "eval_every": 500,
    "eval_repeats": 1,
}

# Shrinks an experiment on sequences to seconds.
SEQUENCE_SMOKE: dict[str, Any] = {
    "steps": 4,
    "batch_size": 8,
    "n_critic": 2,
    "critic": {"width": 4, "blocks": 1},
    "generator": {"width": 4, "blocks": 1, "latent": 4},
    "log_every": 2,
    "eval_every": 2,
    "eval_samples": 20,
    "eval_repeats": 1,
}


def base(
    task: str = "gan",
    *,
    data: str | None = None,
    critic: str = "mlp",
    generator: str = "mlp",
) -> ConfigDict:
    """A configuration with all fields, at the defaults of Algorithm 1.

    Open fields are placeholders. `python -m wgan_gp.main --help` explains each field.

    Args:
      task: "gan" for a critic and a generator; "critic" for a critic alone, trained on
        a pair of distributions whose W1 is known.
      data: the kind of data, a key of `data.kinds.KINDS`. None chooses the first kind
        that both networks accept.
      critic: a key of `networks.CRITICS`.
      generator: a key of `networks.GENERATORS`.

    Raises:
      ValueError: the task, the kind or a network is unknown, or they do not fit.
    """
    networks = {"critic": critic, "generator": generator}
    one_of("task", task, TASKS)
    for player, name in networks.items():
        one_of(f"{player}.network", name, PLAYERS[player])
    kind = _kind(task, data, networks)
    config = ConfigDict(_defaults(schema(task, data=kind, **networks)))
    config.task = task
    config.by_constraint = ConfigDict({name: ConfigDict() for name in CONSTRAINTS})
    return config.lock()


def _kind(task: str, data: str | None, networks: dict[str, str]) -> str:
    """The kind of data, after checking that it fits the networks."""
    if data is not None:
        one_of("data.kind", data, KINDS)
    players = [player for player in networks if player in _players(task)]
    modules = [PLAYERS[player][networks[player]] for player in players]
    accepted = kinds_of(task, *modules)
    if data in accepted or (data is None and accepted):
        return data or accepted[0]
    given = [f"{player}.network = {networks[player]!r}" for player in players]
    if data is not None:
        given.append(f"data.kind = {data!r}")
    kinds = [
        f"{networks[player]!r} is for {' and '.join(module.kinds)}"
        for player, module in zip(players, modules)
        if hasattr(module, "kinds")
    ]
    raise ValueError(f"{' and '.join(given)} do not go together: {', '.join(kinds)}")


def _players(task: str) -> tuple[str, ...]:
    return ("critic",) if task == "critic" else ("critic", "generator")


def _defaults(fields: Schema) -> dict[str, Any]:
    """The default of each field, with placeholders for open fields."""
    return {name: _default(each) for name, each in fields.items()}


def _default(declared: Declaration | dict[str, Declaration]) -> Any:
    if isinstance(declared, dict):
        return _defaults(dict(declared))
    if declared.default is None:
        return placeholder(declared.type)
    return declared.default


def experiment(
    name: str,
    arg: str,
    *,
    data: str | None = None,
    critic: str = "mlp",
    generator: str = "mlp",
    **variants: dict[str, Any],
) -> ConfigDict:
    """The configuration of an experiment and of its named variants.

    Args:
      name: of the experiment.
      arg: the text after the colon in `--config FILE:ARG`; empty for the default.
      data: as in `base`.
      critic: as in `base`.
      generator: as in `base`.
      **variants: nested updates of `base()`. "default" is applied first, then the
        one that `arg` names, if any; "smoke" and "paper" are the usual ones.

    Returns:
      A locked configuration.

    Raises:
      ValueError: there is no such variant, or it has a field that there is not.
    """
    if arg and (arg not in variants or arg == "default"):
        known = [f":{each}" for each in variants if each != "default"]
        raise ValueError(
            f"unknown variant :{arg} of {name}; there are {', '.join(known)}"
            + did_you_mean(f":{arg}", known)
        )
    config = base(data=data, critic=critic, generator=generator)
    config.name = name + (f"-{arg}" if arg else "")
    for variant in ("default", arg) if arg else ("default",):
        changes = variants[variant]
        _check_variant(variant, changes, config)
        update(config, _fitting(changes, config))
    config.eval_default = config.eval_samples, config.eval_repeats
    return config


def _fitting(changes: dict[str, Any], config: ConfigDict) -> dict[str, Any]:
    """Changes without what `SMOKE` and the like say of fields of other networks."""
    shared = SMOKE, IMAGE_SMOKE, SEQUENCE_SMOKE
    known = [each[player] for each in shared for player in PLAYERS]
    fitting = dict(changes)
    for player in PLAYERS:
        fields = changes.get(player)
        if fields is not None and fields in known:
            fitting[player] = {k: v for k, v in fields.items() if k in config[player]}
    return fitting


def _check_variant(variant: str, changes: dict[str, Any], config: ConfigDict) -> None:
    """Raises ValueError for a field that there is not."""
    known = {path for path, _ in flatten(config)} | {*config}
    for path, _ in flatten(_fitting(changes, config)):
        if path not in known and path.split(".")[0] != "by_constraint":
            raise ValueError(
                f"{variant}: there is no field {path}{did_you_mean(path, known)}"
            )


def update(config: ConfigDict, changes: dict[str, Any]) -> None:
    """Applies nested changes in place, including those under `by_constraint`.

    Args:
      config: is changed.
      changes: new values, nested as the configuration is.
    """
    changes = dict(changes)
    by_constraint = changes.pop("by_constraint", {})
    config.update(changes)
    with config.by_constraint.unlocked():
        for constraint, fields in by_constraint.items():
            config.by_constraint[constraint] = ConfigDict(fields)
