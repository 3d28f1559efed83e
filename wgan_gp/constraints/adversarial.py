"""The adversarial Lipschitz penalty, ALP (Terjek 2020, arXiv:1907.05681).

    lambda E[max(0, |D(x) - D(x + r)| / ||r||_2 - 1)^2]

What it bounds: the difference quotient from a point x between the samples to the point
x + r where it is largest, or nearly so: r is found by one step of power iteration from
a random direction, and held fixed. It needs no second-order gradients.

The points: the paper's x are the samples themselves, `penalty.points = endpoints`.
There the critic may be as steep as it likes between samples that are further apart than
||r||: with two small clusters at distance 4 its estimate reached 59. So x is on the
lines between them here, as for the gradient penalty.

How the strength acts: as lambda of the gradient penalties; the paper takes 10.

The lengths: in the paper ||r|| is drawn evenly between 0.1 and 10 and power iteration
starts at a distance xi = 10, for images of CIFAR-10 in [-1, 1], where random pairs are
about 40 apart. Here `penalty.step` is the largest ||r|| and `penalty.probe` is xi, both
as shares of the distance between a real sample and the generated one that it is paired
with: 0.25 each, as in the paper, and without units. The paper's code also clips x + r
to the range of pixels, which is not done here.

When to use it: as the directional penalty, where second derivatives are not to be had.
When it fails: quotients over long offsets average over kinks, so that the critic may be
steep between them, and the random start finds a direction that is steep at x + xi d,
not at x.
"""

import dataclasses
from functools import partial
from typing import Any

from wgan_gp import losses
from wgan_gp.constraints import points, shapes
from wgan_gp.constraints.directional import step_field
from wgan_gp.constraints.value import ADAM, LAMBDAS, Choice, optimisers
from wgan_gp.system.fields import positive, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdversarialSettings(points.PenaltySettings):
    """What a configuration can set of the adversarial Lipschitz penalty.

    Attributes:
      shape: a key of `losses.SHAPES`, the cost of a slope.
      power: 1 or 2, for the one-sided shape alone.
      target: K, the slope that the shape aims at.
      step: the largest ||r|| as a share of a pair's distance, > 0.
      probe: xi as a share of the same distance, > 0.
    """

    shape: str | None = shapes.shape_field()
    power: int | None = shapes.power_field()
    target: float | None = shapes.target_field()
    step: float | None = step_field()
    probe: float | None = setting(
        None,
        "xi, where power iteration starts, as a share of a pair's distance.",
        positive(),
    )


def _penalty(penalty: Any, where: losses.Points) -> losses.Penalty:
    return partial(
        losses.adversarial_penalty,
        points=where,
        shape=shapes.make_shape(penalty),
        step=penalty.step,
        probe=penalty.probe,
    )


CHOICE = Choice(
    settings=AdversarialSettings,
    check=points.check_fields,
    make=lambda penalty: points.penalise_at(penalty, partial(_penalty, penalty)),
    used=lambda penalty: (
        {"penalty.weight", "penalty.step", "penalty.probe"}
        | shapes.used_fields(penalty)
        | points.used_fields(penalty)
    ),
    presets={
        "penalty": {
            "weight": 10.0,
            "shape": "one_sided",
            "power": 2,
            "target": 1.0,
            # The paper's are at the samples, "endpoints", as the docstring says.
            "points": "interpolates",
            "step": losses.REACH,
            "probe": losses.PROBE,
        }
    }
    | optimisers(ADAM),
    strength="penalty.weight",
    symbol="λ",
    strengths=LAMBDAS,
    has_scale=True,
    colour="#44AA99",
    sentence="λ max(0, |D(x) - D(x + r)| / ||r|| - 1)^2 is added to the loss, r an"
    " adversarial offset; where second derivatives are not to be had.",
    source="Terjek 2020, arXiv:1907.05681",
)
