"""The largest slope of a batch, MaxGP (Zhou et al. 2019, arXiv:1902.05687).

    lambda max over the batch of ||grad D(x_hat)||_2^2

What it bounds: the steepest place that the batch has found. A Lipschitz constant is a
maximum over slopes, where gradient penalties take a mean.

How the strength acts: with the preset shape every slope costs, so that lambda sets the
critic's scale: under the Wasserstein objective its largest slope is W1 / (2 lambda) at
the optimum. `penalty.shape` = "one_sided" bounds the largest slope by 1 instead.

What its paper does: the penalty goes with objectives of the kind of the original GAN.
The authors' code for toy distributions takes lambda = 0.1 and a batch of 256, and keeps
the steepest eighth of its points for the next update, which this one does not. The
maximum is over the whole batch, also where it is split over devices.

When to use it: where a bound on the slope matters more than low noise. When it fails:
all of the gradient comes from one sample, so that it is noisy, and more so in small
batches, whose maximum is lower too.
"""

import dataclasses

from wgan_gp import devices, losses
from wgan_gp.constraints import points, shapes, slopes
from wgan_gp.constraints.value import ADAM, Choice, optimisers


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaxSlopeSettings(points.PenaltySettings):
    """What a configuration can set of the penalty on the largest slope.

    Attributes:
      shape: a key of `losses.SHAPES`, the cost of the largest slope.
      power: 1 or 2, for the one-sided shape alone; None means 2.
      target: K, the slope that the other two shapes aim at; None means 1.
      norm: p of the samples' norm; None means the preset, 2.
    """

    shape: str | None = shapes.shape_field()
    power: int | None = shapes.power_field()
    target: float | None = shapes.target_field()
    norm: float | None = slopes.norm_field()


CHOICE = Choice(
    settings=MaxSlopeSettings,
    pairs_samples=lambda penalty: True,
    check=points.check_fields,
    make=lambda penalty: points.penalise_at(
        penalty,
        lambda where: losses.slope_penalty(
            shapes.make_shape(penalty),
            slopes.make_slope(penalty),
            where,
            reduce=devices.max_in_batch,
        ),
    ),
    used=lambda penalty: (
        {"penalty.weight", "penalty.norm"}
        | shapes.used_fields(penalty)
        | points.used_fields(penalty)
    ),
    presets={
        "penalty": {
            "weight": 0.1,
            "shape": "zero_centred",
            "norm": 2.0,
            "points": "interpolates",
        }
    }
    | optimisers(ADAM),
    strength="penalty.weight",
    symbol="λ",
    strengths=(0.01, 0.1, 1.0, 10.0),
    has_scale=False,
    colour="#661100",
    sentence="λ max ||grad D||^2 over the batch is added to the loss, at points between"
    " samples; for a bound on the steepest place.",
    source="Zhou et al. 2019, arXiv:1902.05687",
)
