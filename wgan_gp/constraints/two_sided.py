"""The two-sided gradient penalty (Gulrajani et al. 2017, equation 3)."""

from functools import partial

from wgan_gp import losses
from wgan_gp.constraints import points
from wgan_gp.constraints.value import ADAM, Choice, optimisers, penalise

CHOICE = Choice(
    settings=points.PenaltySettings,
    check=points.check_fields,
    make=lambda penalty: penalise(
        partial(losses.gradient_penalty, points=points.make_points(penalty))
    ),
    used=lambda penalty: {"penalty.weight"} | points.used_fields(penalty),
    presets={"penalty": {"weight": 10.0, "points": "interpolates"}} | optimisers(ADAM),
    strength="penalty.weight",
    symbol="λ",
    has_scale=True,
    colour="#0072B2",
    sentence="λ (||grad D|| - 1)^2 is added to the loss, at points between samples.",
    source="Gulrajani et al. 2017, arXiv:1704.00028",
)
