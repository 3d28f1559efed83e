"""The difference penalty, which needs no second-order gradients."""

import dataclasses
from functools import partial
from typing import Any

from wgan_gp import devices, losses
from wgan_gp.constraints import points
from wgan_gp.constraints.one_sided import power_field
from wgan_gp.constraints.value import ADAM, Choice, Constraint, optimisers, penalise
from wgan_gp.system.fields import among, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class DifferenceSettings(points.PenaltySettings):
    """What a configuration can set of the difference penalty."""

    shape: str | None = setting(
        None, "Shape of the difference penalty.", among(losses.SHAPES)
    )
    power: int | None = power_field()
    pairing: str | None = setting(
        None, "Pairs of points of the difference penalty.", among(losses.PAIRINGS)
    )
    signed: bool | None = setting(
        None, "Whether the difference penalty keeps the sign of differences."
    )


def _pairs_samples(penalty: Any) -> bool:
    return penalty.pairing == "independent"


def _check(penalty: Any) -> None:
    points.check_fields(penalty)
    if _pairs_samples(penalty) and penalty.signed:
        raise ValueError(
            "penalty.signed needs pairs with a direction, got independent ones:"
            " set penalty.pairing to 'segment' or 'endpoint'"
        )


def _make(penalty: Any) -> Constraint:
    shape = losses.SHAPES[penalty.shape]
    if shape is losses.one_sided:
        shape = partial(shape, power=penalty.power)
    return penalise(
        partial(
            losses.difference_penalty,
            pairing=_pairing(penalty),
            shape=shape,
            signed=penalty.signed,
        )
    )


def _pairing(penalty: Any) -> Any:
    if not _pairs_samples(penalty):
        return penalty.pairing
    # On several devices too, each sample is paired with the next of the whole batch.
    return partial(
        losses.independent_pairs,
        points=points.make_points(penalty),
        next_in_batch=devices.next_in_batch,
    )


def _used(penalty: Any) -> set[str]:
    fields = {"weight", "shape", "pairing", "signed"}
    if losses.SHAPES.get(penalty.shape) is losses.one_sided:
        fields |= {"power"}
    used = {f"penalty.{name}" for name in fields}
    # Pairs that are drawn independently are drawn somewhere.
    return used | (points.used_fields(penalty) if _pairs_samples(penalty) else set())


CHOICE = Choice(
    settings=DifferenceSettings,
    pairs_samples=_pairs_samples,
    check=_check,
    make=_make,
    used=_used,
    # The one-sided form on endpoints: see docs/difference_penalty.md for why.
    presets={
        "penalty": {
            "weight": 10.0,
            "shape": "one_sided",
            "pairing": "endpoint",
            "signed": False,
            "power": 2,
        }
    }
    | optimisers(ADAM),
    strength="penalty.weight",
    symbol="λ",
    has_scale=True,
    colour="#CC79A7",
    sentence="λ shape(|D(x1) - D(x2)| / ||x1 - x2||) is added to the loss, on pairs.",
    source="docs/difference_penalty.md",
)
