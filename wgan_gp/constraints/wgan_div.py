"""The Wasserstein divergence, WGAN-div (Wu et al. 2018, arXiv:1712.01026).

    k E[||grad D(x_hat)||_2^p]

What it bounds: no slope in particular. The critic maximises a divergence of its own,
mean D(x) - mean D(x_tilde) - k E[||grad D||^p], which needs no Lipschitz constraint.
Its value is no distance in the units of the data.

How the strength acts: `penalty.weight` is k. For point masses at a distance d the
optimal slope is (d / (k p))^(1 / (p - 1)), which hardly depends on k for a large p:
with k = 2 and p = 6 it is 0.61 at d = 1, and 0.96 at d = 10.

The presets, k = 2 and p = 6 at points between real and generated samples, are the
paper's. Some public code takes half of the penalty at
samples of each kind instead: `penalty.points` = "both" with half of k.

When to use it: where slopes near 1 are wanted without asking for exactly 1. When it
fails: slopes well above 1 cost their sixth power, so that a critic which starts steep
is thrown far by its first steps.
"""

import dataclasses
from functools import partial

from wgan_gp import losses
from wgan_gp.constraints import points, slopes
from wgan_gp.constraints.value import ADAM, Choice, optimisers
from wgan_gp.system.fields import Rule, setting
from wgan_gp.system.values import show

_LARGEST = 32.0


def _check_exponent(path: str, exponent: float) -> None:
    """Raises ValueError unless an exponent is in [1, 32]."""
    if not 1 <= exponent <= _LARGEST:
        raise ValueError(
            f"{path} must be a number between 1 and {_LARGEST:g}, got {show(exponent)}:"
            " the paper uses 6"
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class WganDivSettings(points.PenaltySettings):
    """What a configuration can set of WGAN-div's penalty.

    Attributes:
      exponent: p of ||grad D||^p; None means the preset, 6.
      norm: p of the samples' norm, another p; None means the preset, 2.
    """

    exponent: float | None = setting(
        None, "p of ||grad D||^p.", Rule(_check_exponent, words=">= 1 and <= 32")
    )
    norm: float | None = slopes.norm_field()


CHOICE = Choice(
    settings=WganDivSettings,
    check=points.check_fields,
    make=lambda penalty: points.penalise_at(
        penalty,
        lambda where: losses.slope_penalty(
            partial(losses.zero_centred, exponent=penalty.exponent),
            slopes.make_slope(penalty),
            where,
        ),
    ),
    used=lambda penalty: (
        {"penalty.weight", "penalty.exponent", "penalty.norm"}
        | points.used_fields(penalty)
    ),
    presets={
        "penalty": {
            "weight": 2.0,
            "exponent": 6.0,
            "norm": 2.0,
            "points": "interpolates",
        }
    }
    | optimisers(ADAM),
    strength="penalty.weight",
    symbol="k",
    strengths=(0.02, 0.2, 2.0, 20.0),
    has_scale=False,
    colour="#999933",
    sentence="k ||grad D||^6 is added to the loss, at points between samples; for"
    " slopes near 1 that need not be 1.",
    source="Wu et al. 2018, arXiv:1712.01026",
)
