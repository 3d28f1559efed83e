"""The one-sided gradient penalty, WGAN-LP (Petzka et al. 2018, equation 8).

    lambda E[max(0, ||grad D(x_hat)||_2 - 1)^2]

What it bounds: the slope from above alone, at random points between real and generated
samples. That is what the Lipschitz constraint says. Slopes below 1 are free, as they
are for an optimal critic where nothing is transported.

How the strength acts: as lambda of the two-sided penalty. Where the critic is steeper
than 1 the two are equal, so for two point masses they have the same optimum.

What its papers found: [WGAN-GP] (appendix C) compares the two on 174 architectures and
finds no significant difference. [WGAN-LP] reports less dependence on lambda, and
training that is more stable where lambda is large.

When it fails: with `power` = 1 the penalty's derivative jumps at slope 1, and the
optimiser chatters about it. A critic that is flat costs nothing, so that a penalty of 0
says nothing about whether the critic has learned.
"""

import dataclasses
from functools import partial

from wgan_gp import losses
from wgan_gp.constraints import points, shapes, slopes
from wgan_gp.constraints.value import ADAM, LAMBDAS, Choice, optimisers


@dataclasses.dataclass(frozen=True, kw_only=True)
class OneSidedSettings(points.PenaltySettings):
    """What a configuration can set of the one-sided gradient penalty.

    Attributes:
      power: 1 or 2, of the excess over the target; None means the preset, 2.
      target: K, the largest slope that costs nothing; None means the preset, 1.
      norm: p of the samples' norm; None means the preset, 2.
    """

    power: int | None = shapes.power_field()
    target: float | None = shapes.target_field()
    norm: float | None = slopes.norm_field()


CHOICE = Choice(
    settings=OneSidedSettings,
    check=points.check_fields,
    make=lambda penalty: points.penalise_at(
        penalty,
        lambda where: partial(
            losses.one_sided_gradient_penalty,
            power=penalty.power,
            target=penalty.target,
            norm=penalty.norm,
            points=where,
        ),
    ),
    used=lambda penalty: (
        {"penalty.weight", "penalty.power", "penalty.target", "penalty.norm"}
        | points.used_fields(penalty)
    ),
    presets={
        "penalty": {
            "weight": 10.0,
            "power": 2,
            "target": 1.0,
            "norm": 2.0,
            "points": "interpolates",
        }
    }
    | optimisers(ADAM),
    strength="penalty.weight",
    symbol="λ",
    strengths=LAMBDAS,
    has_scale=True,
    colour="#56B4E9",
    sentence="λ max(0, ||grad D|| - 1)^2 is added to the loss, at points between"
    " samples.",
    source="Gulrajani et al. 2017, arXiv:1704.00028; Petzka et al. 2018,"
    " arXiv:1709.08894",
    published_as="LP",
)
