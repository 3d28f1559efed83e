"""The difference penalty, which needs no second-order gradients.

    lambda E[shape(|D(x1) - D(x2)| / ||x1 - x2||)]

What it bounds: the difference quotient of pairs of points. By the mean value theorem
a quotient is at most the steepest slope on the line between its points. The penalty
therefore constrains less than a gradient penalty: a critic may be steep in between.

How the strength acts: as lambda of the gradient penalties. For two point masses that
are paired with each other the optimum is the same as theirs.

What was found: there is no paper of it, and `docs/difference_penalty.md` has the
measurements. The preset, one-sided on pairs of a real and a generated sample, trains
toy distributions about as well as the gradient penalties.

When it fails: the two-sided shape without a sign accepts a critic that is upside down
(higher on generated samples) as well as the right one, and training cannot leave it.
Independent pairs seldom lie on a line of transport, so asking for slope 1 between them
asks for a critic that does not exist. In half precision quotients lose all digits,
which is why they are computed in float32 at least.
"""

import dataclasses
from functools import partial
from typing import Any

from wgan_gp import devices, losses
from wgan_gp.constraints import points, shapes
from wgan_gp.constraints.value import (
    ADAM,
    LAMBDAS,
    Choice,
    Constraint,
    optimisers,
    penalise,
)
from wgan_gp.system.fields import among, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class DifferenceSettings(points.PenaltySettings):
    """What a configuration can set of the difference penalty.

    Attributes:
      shape: a key of `losses.SHAPES`, the cost of a quotient.
      power: 1 or 2, for the one-sided shape alone.
      pairing: a key of `losses.PAIRINGS`, which two points are compared.
      target: K, the quotient that the shape aims at.
      signed: whether the quotient keeps its sign, positive where the critic prefers
        the point nearer to the real sample. Not for independent pairs.
    """

    shape: str | None = shapes.shape_field()
    power: int | None = shapes.power_field()
    target: float | None = shapes.target_field()
    pairing: str | None = setting(
        None, "Pairs of points of the difference penalty.", among(losses.PAIRINGS)
    )
    signed: bool | None = setting(
        None, "Whether the difference penalty keeps the sign of differences."
    )


def _pairs_samples(penalty: Any) -> bool:
    """Whether samples of a batch are paired with one another, for `Choice`."""
    return penalty.pairing == "independent"


def _check(config: Any) -> None:
    points.check_fields(config)
    penalty = config.penalty
    if _pairs_samples(penalty) and penalty.points == "both":
        raise ValueError(
            "penalty.points = 'both' is not one point per sample, which independent"
            " pairs are drawn from: set it to 'endpoints', or penalty.pairing to"
            " 'endpoint'"
        )
    if _pairs_samples(penalty) and penalty.signed:
        raise ValueError(
            "penalty.signed needs pairs with a direction, got independent ones:"
            " set penalty.pairing to 'segment' or 'endpoint'"
        )
    if penalty.signed and not shapes.sees_signs(penalty):
        raise ValueError(
            f"penalty.signed has no effect on the shape {penalty.shape!r}, which takes"
            " a slope and its negative for the same: leave it out"
        )


def _make(penalty: Any) -> Constraint:
    """The constraint of a section `penalty`, for `Choice`."""
    return penalise(
        partial(
            losses.difference_penalty,
            pairing=_pairing(penalty),
            shape=shapes.make_shape(penalty),
            signed=penalty.signed,
        )
    )


def _pairing(penalty: Any) -> Any:
    """What `losses.difference_penalty` takes as its pairing."""
    if not _pairs_samples(penalty):
        return penalty.pairing
    # On several devices too, each sample is paired with the next of the whole batch.
    return partial(
        losses.independent_pairs,
        points=points.make_points(penalty),
        next_in_batch=devices.next_in_batch,
    )


def _used(penalty: Any) -> set[str]:
    """Paths of the fields that have an effect, for `Choice`."""
    used = {f"penalty.{name}" for name in ("weight", "pairing", "signed")}
    used |= shapes.used_fields(penalty)
    # Independent pairs are drawn from `points`; the other pairings fix their points.
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
            "target": 1.0,
        }
    }
    | optimisers(ADAM),
    strength="penalty.weight",
    symbol="λ",
    strengths=LAMBDAS,
    has_scale=True,
    colour="#CC79A7",
    sentence="λ shape(|D(x1) - D(x2)| / ||x1 - x2||) is added to the loss, on pairs.",
    source="docs/difference_penalty.md",
)
