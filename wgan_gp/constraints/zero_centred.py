"""Zero-centred gradient penalties: R1, R2, both, and 0-GP on lines.

    gamma / 2 E[||grad D(x)||_2^2]

`penalty.points` chooses where, and with it the method:

==============  ===============================  ====================================
points          method                           source
==============  ===============================  ====================================
`reals`         R1                               Mescheder et al. 2018,
                                                 arXiv:1801.04406
`fakes`         R2                               the same
`both`          R1 + R2, each with gamma / 2     Huang et al. 2025 (R3GAN),
                                                 arXiv:2501.05441
`interpolates`  0-GP; their lambda is gamma / 2  Thanh-Tung et al. 2019,
                                                 arXiv:1902.03984
==============  ===============================  ====================================

What it bounds: no slope in particular. Every slope costs, so the critic flattens as the
distributions meet, which lets training come to rest at the optimum. Under the
Wasserstein objective a critic that pays gamma / 2 times its mean squared slope on lines
between point masses at a distance d has slope d / gamma: its estimate is no distance.

How the strength acts: `penalty.weight` is the papers' gamma, not gamma / 2. They take
gamma = 10 (R1), and 0.05 falling to 0.005 for images of CIFAR-10 (R3GAN), both with
objectives of the kind of the original GAN. gamma has the units of samples squared over
those of the critic, so that values do not carry over to data of another scale.

When to use it: with the non-saturating or the relativistic objective, which R1 and
R3GAN are made for. When it fails: at the samples alone it leaves slopes between them
free, so that distributions which do not overlap are told apart without bound by the
Wasserstein objective. `interpolates` bound that.
"""

import dataclasses

import jax

from wgan_gp import losses
from wgan_gp.constraints import points, slopes
from wgan_gp.constraints.value import ADAM, LAMBDAS, Choice, optimisers


@dataclasses.dataclass(frozen=True, kw_only=True)
class ZeroCentredSettings(points.PenaltySettings):
    """What a configuration can set of a zero-centred penalty.

    Attributes:
      norm: p of the samples' norm; None means the preset, 2.
    """

    norm: float | None = slopes.norm_field()


def half_square(slope: jax.Array) -> jax.Array:
    """s^2 / 2, so that the strength is the papers' gamma."""
    return losses.zero_centred(slope) / 2


CHOICE = Choice(
    settings=ZeroCentredSettings,
    check=points.check_fields,
    make=lambda penalty: points.penalise_at(
        penalty,
        lambda where: losses.slope_penalty(
            half_square, slopes.make_slope(penalty), where
        ),
    ),
    used=lambda penalty: (
        {"penalty.weight", "penalty.norm"} | points.used_fields(penalty)
    ),
    presets={"penalty": {"weight": 10.0, "norm": 2.0, "points": "both"}}
    | optimisers(ADAM),
    strength="penalty.weight",
    symbol="γ",
    strengths=LAMBDAS,
    has_scale=False,
    colour="#E69F00",
    sentence="γ/2 ||grad D||^2 is added to the loss, at real and at generated samples;"
    " for objectives other than the Wasserstein one.",
    source="Mescheder et al. 2018, arXiv:1801.04406; Huang et al. 2025,"
    " arXiv:2501.05441; Thanh-Tung et al. 2019, arXiv:1902.03984",
)
