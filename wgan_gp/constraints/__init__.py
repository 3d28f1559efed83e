"""Lipschitz constraints as values: what keeps a critic from growing without bound.

The Wasserstein-1 distance is a supremum over functions whose slope is at most 1:

    W1(P, Q) = sup { E_P[D] - E_Q[D] : |D(x) - D(y)| <= ||x - y|| for all x, y }

([WGAN], equation 2). Without the constraint a critic raises the difference by scaling
itself up, for ever. Each constraint here is one way to approximate it:

===============  ===============================================  ====================
name             what it does                                     strength
===============  ===============================================  ====================
`clip`           projects every parameter onto [-c, c]            c, 0.01 by default
`two_sided`      penalises gradient norms other than 1            lambda, 10 by default
`one_sided`      penalises gradient norms above 1                 lambda, 10 by default
`difference`     penalises difference quotients of two points     lambda, 10 by default
`directional`    penalises differences along the gradient         lambda, 10 by default
`adversarial`    penalises differences to adversarial offsets     lambda, 10 by default
`zero_centred`   penalises squared gradient norms (R1, R2, 0-GP)  gamma, 10 by default
`dragan`         penalises gradient norms near real samples       lambda, 10 by default
`wgan_div`       penalises a power of gradient norms              k, 2 by default
`max_slope`      penalises a batch's largest gradient norm        lambda, 0.1 by default
`spectral`       divides weights by their operator norm           none
`orthogonal`     orthogonal weights, sorting activations          none
`sll`            residual layers with bounded steps               none
`cones`          a maximum of cones in place of the network       none
`unconstrained`  nothing, for objectives that are bounded         none
===============  ===============================================  ====================

`two_sided` is the method of [WGAN-GP]. `one_sided` does not punish slopes below 1,
which optimal critics have away from the lines of transport: a first choice, since its
strength hardly matters (`docs/constraints.md` compares all).
`directional`, `difference` and `adversarial` need no second derivatives. `zero_centred`
and `dragan` were made for other objectives than the Wasserstein one. `spectral`,
`orthogonal`, `sll` and `cones` bound the critic by its construction: nothing is added
to the loss, and the estimate is at most W1 in the mean over samples. `clip` is the
baseline that the penalties were proposed against. Each module says when its constraint
fails.

In Python, `train.CriticAlgorithm.constraint` takes a `Constraint`: `CLIP`,
`penalise(losses.gradient_penalty)`, or one of your own:

    >>> from wgan_gp import constraints, losses
    >>> constraints.penalise(losses.one_sided_gradient_penalty).project is None
    True

`CONSTRAINTS` lists those that a configuration chooses by name, in `lipschitz`. No other
code asks which constraint it has. To add one, write a file with a `Choice` and a line
in the dict, or assign it in an experiment's file: `docs/extending.md` shows both.
"""

from wgan_gp.constraints import (
    adversarial,
    clip,
    cones,
    difference,
    directional,
    dragan,
    max_slope,
    one_sided,
    orthogonal,
    sll,
    spectral,
    two_sided,
    unconstrained,
    wgan_div,
    zero_centred,
)
from wgan_gp.constraints.clip import CLIP
from wgan_gp.constraints.points import POINTS
from wgan_gp.constraints.value import Choice, Constraint, aimed_slope, check, penalise

CONSTRAINTS: dict[str, Choice] = {
    "clip": clip.CHOICE,
    "one_sided": one_sided.CHOICE,
    "two_sided": two_sided.CHOICE,
    "difference": difference.CHOICE,
    "directional": directional.CHOICE,
    "adversarial": adversarial.CHOICE,
    "zero_centred": zero_centred.CHOICE,
    "dragan": dragan.CHOICE,
    "wgan_div": wgan_div.CHOICE,
    "max_slope": max_slope.CHOICE,
    "spectral": spectral.CHOICE,
    "orthogonal": orthogonal.CHOICE,
    "sll": sll.CHOICE,
    "cones": cones.CHOICE,
    "unconstrained": unconstrained.CHOICE,
}

# The method, what it was proposed against, and its two variants: docs/results.md
# compares these four in detail.
COMPARED = ("clip", "one_sided", "two_sided", "difference")
DEFAULT = "two_sided"  # that of Gulrajani et al. 2017
BASELINE = "clip"  # what a gradient penalty is compared with
RECOMMENDED = "one_sided"  # by the study of docs/constraints.md, for vectors

__all__ = [
    "BASELINE",
    "CLIP",
    "COMPARED",
    "CONSTRAINTS",
    "DEFAULT",
    "POINTS",
    "RECOMMENDED",
    "Choice",
    "Constraint",
    "aimed_slope",
    "check",
    "penalise",
]
