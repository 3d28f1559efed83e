"""Lipschitz constraints as values: what keeps a critic from growing without bound.

The Wasserstein-1 distance is a supremum over functions whose slope is at most 1:

    W1(P, Q) = sup { E_P[D] - E_Q[D] : |D(x) - D(y)| <= ||x - y|| for all x, y }

([WGAN], equation 2). Without the constraint a critic raises the difference by scaling
itself up, for ever. Each constraint here is one way to approximate it:

==============  ===============================================  ====================
name            what it does                                     strength
==============  ===============================================  ====================
`clip`          projects every parameter onto [-c, c]            c, 0.01 by default
`two_sided`     penalises gradient norms other than 1            lambda, 10 by default
`one_sided`     penalises gradient norms above 1                 lambda, 10 by default
`difference`    penalises difference quotients of two points     lambda, 10 by default
`spectral`      divides weights by their operator norm           none
`orthogonal`    orthogonal weights, sorting activations          none
`sll`           residual layers with bounded steps               none
`cones`         a maximum of cones in place of the network       none
==============  ===============================================  ====================

`two_sided` is the method of [WGAN-GP] and a sound first choice. `one_sided` does not
punish slopes below 1, which optimal critics have away from the lines of transport.
`difference` needs no second derivatives. `clip` is the baseline that the penalties
were proposed against. The last four bound the critic by its construction: nothing is
added to the loss, and the estimate is at most W1 in the mean over samples. Each module
says when its constraint fails.

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
    clip,
    cones,
    difference,
    one_sided,
    orthogonal,
    sll,
    spectral,
    two_sided,
)
from wgan_gp.constraints.clip import CLIP
from wgan_gp.constraints.points import POINTS
from wgan_gp.constraints.value import Choice, Constraint, check, penalise

CONSTRAINTS: dict[str, Choice] = {
    "clip": clip.CHOICE,
    "one_sided": one_sided.CHOICE,
    "two_sided": two_sided.CHOICE,
    "difference": difference.CHOICE,
    "spectral": spectral.CHOICE,
    "orthogonal": orthogonal.CHOICE,
    "sll": sll.CHOICE,
    "cones": cones.CHOICE,
}

DEFAULT = "two_sided"  # that of Gulrajani et al. 2017

__all__ = [
    "CLIP",
    "CONSTRAINTS",
    "DEFAULT",
    "POINTS",
    "Choice",
    "Constraint",
    "check",
    "penalise",
]
