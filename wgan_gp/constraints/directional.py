"""The directional penalty: slopes along the critic's own gradient, by differences.

    lambda E[shape(|D(x + h g) - D(x - h g)| / 2h)],  g = grad D(x) / ||grad D(x)||_2

What it bounds: the mean slope over a segment of length 2h in the direction in which the
critic is steepest at x. It needs no second-order gradients, since g is held fixed.

How the strength acts: as lambda of the gradient penalties, which it equals as h goes
to 0, and for linear and quadratic critics at any h.

The step: `penalty.step` is h as a share of the distance between the sample and the one
it is paired with. It has no units, so one value serves data of any scale and dimension.

What was found: there is no paper of it. Unlike a gradient penalty's, its derivative
sees that the kinks of a ReLU critic move. The whole gradient costs 14.0 forward passes
in a ReLU critic, where the gradient penalty's costs 10.0, and needs no second
derivatives of the critic's layers (`losses.directional_penalty`).

When it fails: at the samples alone (`penalty.points = endpoints`) the critic becomes
flat around each sample and as steep as it likes in between; on images it diverges.
Kinks closer together than h are averaged over, so that the critic may be steep between
them. Where real and generated samples nearly coincide, h is as small as their distance
and the difference of two values is rounding noise.
"""

import dataclasses
from functools import partial
from typing import Any

from wgan_gp import losses
from wgan_gp.constraints import points, shapes
from wgan_gp.constraints.value import ADAM, LAMBDAS, Choice, optimisers
from wgan_gp.system.fields import positive, setting


def step_field() -> Any:
    """Declares the field `step`, the length over which a slope is measured."""
    return setting(
        None,
        "Length over which slopes are measured, as a share of a pair's distance.",
        positive(),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class DirectionalSettings(points.PenaltySettings):
    """What a configuration can set of the directional penalty.

    Attributes:
      shape: a key of `losses.SHAPES`, the cost of a slope.
      power: 1 or 2, for the one-sided shape alone.
      target: K, the slope that the shape aims at.
      step: h as a share of the distance of a real and its generated sample, > 0.
    """

    shape: str | None = shapes.shape_field()
    power: int | None = shapes.power_field()
    target: float | None = shapes.target_field()
    step: float | None = step_field()


CHOICE = Choice(
    settings=DirectionalSettings,
    check=points.check_fields,
    make=lambda penalty: points.penalise_at(
        penalty,
        lambda where: partial(
            losses.directional_penalty,
            points=where,
            shape=shapes.make_shape(penalty),
            step=penalty.step,
        ),
    ),
    used=lambda penalty: (
        {"penalty.weight", "penalty.step"}
        | shapes.used_fields(penalty)
        | points.used_fields(penalty)
    ),
    presets={
        "penalty": {
            "weight": 10.0,
            "shape": "one_sided",
            "power": 2,
            "target": 1.0,
            "points": "interpolates",
            "step": losses.STEP,
        }
    }
    | optimisers(ADAM),
    strength="penalty.weight",
    symbol="λ",
    strengths=LAMBDAS,
    has_scale=True,
    colour="#009E73",
    sentence="λ max(0, |D(x + h g) - D(x - h g)| / 2h - 1)^2 is added to the loss, g"
    " the gradient's direction.",
    source="docs/difference_penalty.md",
)
