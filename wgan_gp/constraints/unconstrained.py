"""No constraint: for objectives that are bounded without one.

The original GAN and least-squares GANs, which [WGAN-GP] (Figure 2 and Table 1) compares
with, train their critics freely. The presets are those of DCGAN: the original objective
in its non-saturating form, and one critic step for each generator step. A Wasserstein
critic without a constraint raises its difference of values for ever, so that objective
is refused.

When it fails: where the critic separates the samples, its gradient at generated ones
vanishes or grows without bound, and the generator learns nothing. That is what
Lipschitz constraints were proposed against.
"""

import dataclasses
from typing import Any

from wgan_gp import losses
from wgan_gp.constraints.value import Choice, Constraint, optimisers

# Of Radford et al. 2015, arXiv:1511.06434, which [WGAN-GP] compares with (Figure 2).
_ADAM = {"name": "adam", "learning_rate": 2e-4, "beta1": 0.5, "beta2": 0.999}


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnconstrainedSettings:
    """Without a constraint there is nothing to set."""


def _check(config: Any) -> None:
    if "objective" not in config:
        raise ValueError(
            "a critic alone needs a Lipschitz constraint, else its difference of values"
            " grows for ever: choose another lipschitz"
        )
    objective = config.objective
    if losses.OBJECTIVES[objective].bounded:
        return
    bounded = [name for name, each in losses.OBJECTIVES.items() if each.bounded]
    raise ValueError(
        f"objective = {objective!r} has no optimum without a Lipschitz constraint: set"
        f" objective to one of {', '.join(bounded)}, or choose another lipschitz"
    )


CHOICE = Choice(
    settings=UnconstrainedSettings,
    section="",
    check=_check,
    make=lambda section: Constraint(),
    used=lambda section: set(),
    presets={"objective": "nonsaturating", "n_critic": 1} | optimisers(_ADAM),
    has_scale=False,
    colour="#000000",
    sentence="Nothing. The objective is then that of the original GAN, or another that"
    " is bounded.",
    source="Goodfellow et al. 2014, arXiv:1406.2661",
)
