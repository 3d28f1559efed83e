"""DRAGAN: the gradient penalty near real samples (Kodali et al. 2017, 1705.07215).

    lambda E[(||grad D(x + delta)||_2 - 1)^2],  delta ~ N(0, c I)

What it bounds: the slope in a ball around each real sample, from both sides. Generated
samples play no part, so the penalty does not change as the generator moves.

How the strength acts: as lambda of WGAN-GP's penalty; the paper takes lambda = 10.

The noise: in the paper c is a constant in the units of the data. Public code of the
method adds noise drawn evenly between 0 and half of the batch's standard deviation to
each coordinate, and then takes a random point on the way there. That is about a tenth
of the distance of two samples. Here `penalty.spread` is the length of delta as a share
of the distance between the real sample and the generated one that it is paired with, so
that it has no units and does not depend on how a batch is split over devices.

When to use it: with the objective of the original GAN, which it was proposed for. When
it fails: the critic may be as steep as it likes between the distributions, where the
Wasserstein objective pushes it up. Estimates then exceed W1.
"""

from wgan_gp.constraints import two_sided
from wgan_gp.constraints.value import ADAM, optimisers

# The two-sided penalty at other points: its settings and its parts are the same.
CHOICE = two_sided.CHOICE._replace(
    presets={
        "penalty": {
            "weight": 10.0,
            "target": 1.0,
            "norm": 2.0,
            "points": "around_reals",
            "spread": 0.1,
        }
    }
    | optimisers(ADAM),
    colour="#882255",
    sentence="λ (||grad D|| - 1)^2 is added to the loss, at real samples with noise;"
    " for critics that are to be smooth near the data alone.",
    source="Kodali et al. 2017, arXiv:1705.07215",
    published_as="",
)
