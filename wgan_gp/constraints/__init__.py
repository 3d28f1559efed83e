"""Lipschitz constraints as values: what keeps a critic from growing without bound.

In Python, `train.CriticAlgorithm.constraint` takes a `Constraint`: `CLIP`,
`penalise(losses.gradient_penalty)`, or one of your own. `CONSTRAINTS` lists those that
a configuration chooses by name, in `lipschitz`. Each has a file of its own, which holds
all that the rest of the code needs to know of it. To add one, write such a file and a
line in the dict, or assign it in an experiment's file: `docs/extending.md` shows both.
"""

from wgan_gp.constraints import clip, difference, one_sided, two_sided
from wgan_gp.constraints.clip import CLIP
from wgan_gp.constraints.points import POINTS
from wgan_gp.constraints.value import Choice, Constraint, check, penalise

CONSTRAINTS: dict[str, Choice] = {
    "clip": clip.CHOICE,
    "one_sided": one_sided.CHOICE,
    "two_sided": two_sided.CHOICE,
    "difference": difference.CHOICE,
}

__all__ = [
    "CLIP",
    "CONSTRAINTS",
    "POINTS",
    "Choice",
    "Constraint",
    "check",
    "penalise",
]
