"""The two-sided gradient penalty, WGAN-GP (Gulrajani et al. 2017, equation 3).

    lambda E[(||grad D(x_hat)||_2 - 1)^2],  x_hat = epsilon x + (1 - epsilon) x_tilde

What it bounds: the slope at random points x_hat between real and generated samples, in
the mean. Slopes below 1 cost as much as slopes above it. The reason ([WGAN-GP],
Proposition 1): the optimal critic has slope 1 on the lines that optimal transport
moves samples along. The pairs here are random and not those of the transport.

How the strength acts: with a finite lambda slopes exceed 1. For two point masses at a
distance d the optimal slope is 1 + d / (2 lambda), and the estimate exceeds W1 by
d^2 / (2 lambda): 5 % at d = 1 for lambda = 10, sixfold for lambda = 0.1. In general
the optimum is a congested transport cost (Milne and Nachman 2022, arXiv:2109.01150).

What its paper found: with lambda = 10 and Adam, 1e-4 and betas of 0 and 0.9, one
setting trains architectures on which clipping and the original GAN fail.

When it fails: critics with batch normalisation, where the gradient at one sample has
no meaning of its own; ELU activations (appendix D); gradients of norm 0, which have no
direction to grow in. Where the optimal critic has many kinks and few dimensions the
one-sided form comes nearer to it (Korotin et al. 2022: cosines in `evaluate.published`,
16 funnels or more in up to 8 dimensions).
"""

import dataclasses
from functools import partial

from wgan_gp import losses
from wgan_gp.constraints import points, shapes, slopes
from wgan_gp.constraints.value import ADAM, LAMBDAS, Choice, optimisers


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoSidedSettings(points.PenaltySettings):
    """What a configuration can set of the two-sided gradient penalty.

    Attributes:
      target: K, the slope that costs nothing; None means the preset, 1.
      norm: p of the samples' norm; None means the preset, 2.
    """

    target: float | None = shapes.target_field()
    norm: float | None = slopes.norm_field()


CHOICE = Choice(
    settings=TwoSidedSettings,
    check=points.check_fields,
    make=lambda penalty: points.penalise_at(
        penalty,
        lambda where: partial(
            losses.gradient_penalty,
            target=penalty.target,
            norm=penalty.norm,
            points=where,
        ),
    ),
    used=lambda penalty: (
        {"penalty.weight", "penalty.target", "penalty.norm"}
        | points.used_fields(penalty)
    ),
    presets={
        "penalty": {
            "weight": 10.0,
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
    colour="#0072B2",
    sentence="λ (||grad D|| - 1)^2 is added to the loss, at points between samples.",
    source="Gulrajani et al. 2017, arXiv:1704.00028",
    published_as="GP",
)
