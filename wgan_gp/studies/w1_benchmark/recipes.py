"""Recipes of the benchmark: named settings for training a critic on a cell.

A cell is a pair of distributions in D dimensions, such as N funnels.
"""

from typing import Any

from ml_collections import ConfigDict, FieldReference

from wgan_gp import configs
from wgan_gp.constraints import (
    clip,
    cones,
    directional,
    one_sided,
    orthogonal,
    two_sided,
)
from wgan_gp.data.pairs import FAMILIES, PUBLISHED_PAIR
from wgan_gp.studies.names import constraint_name
from wgan_gp.system.values import did_you_mean, one_of

# The protocol of Korotin et al. 2022, with which their table was made.
PUBLISHED: dict[str, Any] = {
    "steps": 60_000,
    "batch_size": 1024,
    "log_every": 1000,
    "eval_every": 10_000,
    "eval_samples": 4096,
    "critic": {"initialiser": "fan_in"},
    "critic_optimiser": {
        "name": "adam",
        "learning_rate": 2e-4,
        "beta1": 0.0,
        "beta2": 0.9,
        "schedule": "constant",
    },
    # The paper clips weights only and stops after 5,000 updates. Here biases are
    # clipped too, and training is not stopped.
    "by_constraint": {constraint_name(clip.CHOICE): {"clip_bound": 0.04}},
}
_ENDPOINTS = {"penalty": {"points": "endpoints"}}
# This project's recipe; `docs/w1_benchmark.md` measures the effect of each part.
TUNED: dict[str, Any] = {
    "lipschitz": constraint_name(one_sided.CHOICE),
    "steps": 16_000,
    "batch_size": 256,
    "log_every": 1000,
    "eval_every": 2000,
    "eval_samples": 4096,
    "critic": {"hidden": (512,), "maxout": 256, "initialiser": "fan_in"},
    "critic_optimiser": {
        "name": "adam",
        "learning_rate": 2e-3,
        "beta1": 0.9,
        "beta2": 0.99,
        "schedule": "cosine",
    },
    "by_constraint": {
        constraint_name(clip.CHOICE): {"clip_bound": 0.04},
        constraint_name(one_sided.CHOICE): _ENDPOINTS,
        constraint_name(two_sided.CHOICE): _ENDPOINTS,
        constraint_name(directional.CHOICE): _ENDPOINTS,
    },
}
_CONES = constraint_name(cones.CHOICE)  # the recipe has the constraint's name
# A maximum of cones in the place of the network; it sees as many samples as `TUNED`.
CONES: dict[str, Any] = {
    "lipschitz": _CONES,
    "steps": 2_000,
    "batch_size": 2048,
    "log_every": 100,
    "eval_every": 500,
    "eval_samples": 4096,
    "critic_optimiser": {
        "name": "adam",
        "beta1": 0.9,
        "beta2": 0.99,
        "schedule": "cosine",
    },
}
SMOKE: dict[str, Any] = {
    "steps": 20,
    "batch_size": 16,
    "log_every": 5,
    "eval_every": 10,
    "eval_samples": 50,
    "critic": {"hidden": (8,)},
}
# Ablations: the tuned recipe with one part reset to the usual choice.
ABLATIONS: dict[str, dict[str, Any]] = {
    "tuned-interpolates": {
        "by_constraint": {TUNED["lipschitz"]: {"penalty": {"points": "interpolates"}}}
    },
    "tuned-constant_rate": {"critic_optimiser": {"schedule": "constant"}},
    "tuned-published_adam": {"critic_optimiser": PUBLISHED["critic_optimiser"]},
    "tuned-large_batch": {"batch_size": 1024, "steps": 4_000},  # as many samples
    "tuned-zero_biases": {"critic": {"initialiser": "he"}},
    "tuned-no_maxout": {"critic": {"maxout": 1}},
    "tuned-no_waves": {"critic": {"fourier": 0, "fourier_scale": 1.0}},
    "tuned-fewer_updates": {"steps": 10_000},  # for constraints that cost more
}
_ORTHOGONAL = constraint_name(orthogonal.CHOICE)
# A critic with orthogonal weights; it sees as many samples as `TUNED`. Its batches are
# large, since a noisy gradient costs it more than few updates do.
ORTHOGONAL: dict[str, Any] = {
    "lipschitz": _ORTHOGONAL,
    "steps": 1_000,
    "batch_size": 4096,
    "log_every": 50,
    "eval_every": 250,
    "eval_samples": 4096,
    "critic": {"maxout": 128, "initialiser": "fan_in"},
    "critic_optimiser": {
        "name": "adam",
        "learning_rate": 1e-2,
        "beta1": 0.9,
        "beta2": 0.99,
        "schedule": "cosine",
    },
}
# A convolutional critic, for pictures.
CONVOLUTIONS: dict[str, Any] = {
    "lipschitz": constraint_name(one_sided.CHOICE),
    "steps": 4_000,
    "batch_size": 64,
    "log_every": 100,
    "eval_every": 1000,
    "eval_samples": 1024,
    "critic": {"network": "dcgan", "width": 32},
    "critic_optimiser": {
        "name": "adam",
        "learning_rate": 1e-3,
        "beta1": 0.9,
        "beta2": 0.99,
        "schedule": "cosine",
    },
    "by_constraint": TUNED["by_constraint"],
}
RECIPES = {
    "tuned": TUNED,
    _CONES: CONES,
    _ORTHOGONAL: ORTHOGONAL,
    "dcgan": CONVOLUTIONS,
    "published": PUBLISHED,
    "smoke": SMOKE,
} | ABLATIONS


def _tuned(dimension: int, _: int) -> dict[str, Any]:
    if dimension > 8:
        return {}
    # Fourier features help where kinks are close; above 8 dimensions they hurt.
    waves = {"fourier": 32, "fourier_scale": 4.0 / dimension}
    wide = {"hidden": (256, 256), "maxout": 128}
    return {"critic": TUNED["critic"] | wide | waves}


def _cones(dimension: int, funnels: int) -> dict[str, Any]:
    # Each funnel should have some of the first anchors, which are real samples, and the
    # more the farther these lie from its centre.
    share = 4 if dimension <= 16 else 32
    anchors = min(max(share * funnels, 64), max(8 * funnels, 2048))
    # Where they are few, they must not move to the same place: no sample should see all
    # of them at the start, though distances differ little in many dimensions.
    few = dimension > 16 and anchors < 16 * funnels
    # In few dimensions funnels are small, and samples lie close to their centres.
    return {
        "construction": {
            "anchors": anchors,
            "temperature_start": 0.02 if few else 0.05,
            "temperature_end": 3e-4 if dimension <= 4 else 1e-3,
        },
        "critic_optimiser": {"learning_rate": min(0.005 * dimension, 0.05)},
    }


def _published(dimension: int, _: int) -> dict[str, Any]:
    return {"critic": PUBLISHED["critic"] | {"hidden": _widths(dimension, 2)}}


def _orthogonal(dimension: int, _: int) -> dict[str, Any]:
    return {"critic": ORTHOGONAL["critic"] | {"hidden": _widths(dimension, 3)}}


def _widths(dimension: int, layers: int) -> tuple[int, ...]:
    """Hidden layers of the width that the published protocol has."""
    return (max(2 * dimension, 128),) * layers


_BY_SIZE = {
    "tuned": _tuned,
    _CONES: _cones,
    _ORTHOGONAL: _orthogonal,
    "dcgan": lambda *_: {},
    "published": _published,
    "smoke": lambda *_: {},
}


def constraints_of(recipe: str, chosen: list[str] | None) -> list[str]:
    """The constraints under which a recipe is run.

    Args:
      recipe: a key of `RECIPES`.
      chosen: names of constraints; None means that of the recipe, or else of `TUNED`.

    Raises:
      ValueError: the recipe is for one constraint, and others are chosen.
    """
    own = RECIPES[recipe].get("lipschitz", TUNED["lipschitz"])
    if chosen is None:
        return [own]
    if recipe in (_CONES, _ORTHOGONAL) and {*chosen} - {own}:
        raise ValueError(
            f"the recipe {recipe} is for --lipschitz {own}, got {' '.join(chosen)}:"
            " run it by itself"
        )
    return chosen


class _Chosen(FieldReference):
    """A field that defines the cell and cannot be changed on the command line.

    The networks of a recipe and the name of the run depend on it.
    """

    def __init__(self, name: str, value: int, variant: str):
        self._name, self._variant = name, variant  # with {} for the value
        super().__init__(value)

    def set(self, value: Any, type_safe: bool = True) -> None:
        if (mine := getattr(self, "_value", value)) != value:
            raise ValueError(
                f"data.{self._name} is {mine} in this recipe and cannot become"
                f" {value}: name the cell behind the colon, as in"
                f" w1_benchmark.py:{self._variant.format(value)}"
            )
        super().set(value, type_safe)


def cell_config(
    dimension: int, funnels: int, recipe: str = "tuned", *, family: str = "funnels"
) -> ConfigDict:
    """The configuration of one cell, for `configs.resolve`.

    Args:
      dimension: D, at least 1.
      funnels: N, at least 1.
      recipe: a key of `RECIPES`.
      family: a key of `data.pairs.FAMILIES`.

    Returns:
      The configuration. Its `data.dimension` and `data.funnels` cannot be changed.

    Raises:
      ValueError: the recipe or the family is unknown, or a dimension or number of
        funnels is below 1.
    """
    one_of("recipe", recipe, RECIPES)
    one_of("family", family, FAMILIES)
    if dimension < 1 or funnels < 1:
        raise ValueError(
            "a cell needs dim >= 1 and funnels >= 1, got"
            f" dim={dimension},funnels={funnels}"
        )
    base, _, ablated = recipe.partition("-")
    network = RECIPES[base].get("critic", {}).get("network", "mlp")
    config = configs.base("critic", critic=network)
    config.data.family = family
    config.name = f"w1-dim{dimension}-funnels{funnels}-{recipe}"
    others = f"recipe={recipe}"
    if family != PUBLISHED_PAIR["family"]:
        config.name = f"w1-{family}-dim{dimension}-funnels{funnels}-{recipe}"
        others += f",family={family}"
    config.data.dimension = _Chosen(
        "dimension", dimension, f"dim={{}},funnels={funnels},{others}"
    )
    config.data.funnels = _Chosen(
        "funnels", funnels, f"dim={dimension},funnels={{}},{others}"
    )
    configs.update(config, RECIPES[base])
    configs.update(config, _BY_SIZE[base](dimension, funnels))
    if ablated:
        configs.update(config, ABLATIONS[recipe])
    return config


def parse_cell(arg: str) -> ConfigDict:
    """Parses the variant of an experiment file, such as "dim=16,funnels=4".

    Args:
      arg: `NAME=VALUE` terms separated by commas, with the names dim, funnels, recipe
        and family; 2, 4 (1 in families without funnels), tuned and funnels where they
        are missing.

    Returns:
      As `cell_config`.

    Raises:
      ValueError: a term is unknown, repeated or not valid.
    """
    cell = {"dim": "2", "funnels": "4", "recipe": "tuned", "family": "funnels"}
    given = set()
    for part in filter(None, arg.split(",")):
        name, equals, value = part.partition("=")
        if not equals or name not in cell:
            raise ValueError(
                "a cell is described as dim=16,funnels=4,recipe=tuned,family=funnels;"
                f" got {part!r}" + did_you_mean(name, cell)
            )
        if name in given:
            raise ValueError(f"{name} is given twice, in {arg!r}")
        given.add(name)
        cell[name] = value
    one_of("family", cell["family"], FAMILIES)
    if "funnels" not in given and not FAMILIES[cell["family"]].has_funnels:
        cell["funnels"] = "1"
    for name in ("dim", "funnels"):
        if not cell[name].isdecimal():
            raise ValueError(f"{name} must be a whole number >= 1, got {cell[name]!r}")
    return cell_config(
        int(cell["dim"]),
        int(cell["funnels"]),
        cell["recipe"],
        family=cell["family"],
    )
