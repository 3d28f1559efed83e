"""The one-sided gradient penalty (Petzka et al. 2018, equation 8)."""

import dataclasses
from functools import partial
from typing import Any

from wgan_gp import losses
from wgan_gp.constraints import points
from wgan_gp.constraints.value import ADAM, Choice, optimisers, penalise
from wgan_gp.system.fields import among, setting


def power_field() -> Any:
    """The field of the power of one-sided penalties."""
    return setting(None, "Power of one-sided penalties.", among((1, 2)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class OneSidedSettings(points.PenaltySettings):
    """What a configuration can set of the one-sided gradient penalty."""

    power: int | None = power_field()


CHOICE = Choice(
    settings=OneSidedSettings,
    check=points.check_fields,
    make=lambda penalty: penalise(
        partial(
            losses.one_sided_gradient_penalty,
            power=penalty.power,
            points=points.make_points(penalty),
        )
    ),
    used=lambda penalty: (
        {"penalty.weight", "penalty.power"} | points.used_fields(penalty)
    ),
    presets={"penalty": {"weight": 10.0, "power": 2, "points": "interpolates"}}
    | optimisers(ADAM),
    strength="penalty.weight",
    symbol="λ",
    has_scale=True,
    colour="#56B4E9",
    sentence="λ max(0, ||grad D|| - 1)^2 is added to the loss, at points between"
    " samples.",
    source="Gulrajani et al. 2017, arXiv:1704.00028; Petzka et al. 2018,"
    " arXiv:1709.08894",
)
