"""SDP-based Lipschitz layers: residual layers whose step a bound on W^T W sets.

What it bounds: the slope is at most 1 everywhere, for any weights, up to float32's
rounding.

How the strength acts: there is none, and no field. `critic.hidden` has the inner width
of each layer; what goes from layer to layer is as wide as the widest, or as the sample.

What its paper found: Araujo et al. propose it for classifiers whose robustness is
certified, where it is more accurate than orthogonal layers and needs no matrix inverse.

When it fails: layers start close to the identity and lose some of the gradient where
T is much above W^T W, so that estimates are lower than those of `orthogonal`. It has
dense layers only.
"""

import dataclasses

from wgan_gp.constraints.construction import check_exact, optimisers
from wgan_gp.constraints.value import Choice, Constraint
from wgan_gp.networks.lipschitz.sll import sll_network

SLL = Constraint(wrap=lambda network, algorithm: sll_network(network))


@dataclasses.dataclass(frozen=True, kw_only=True)
class SLLSettings:
    """A configuration can set nothing of SLL critics."""


CHOICE = Choice(
    settings=SLLSettings,
    section="construction",
    check=check_exact,
    make=lambda construction: SLL,
    used=lambda construction: set(),
    presets=optimisers(1e-2),
    has_scale=True,
    colour="#AA4499",
    sentence="Residual layers with steps that a bound on W^T W sets; for perceptrons.",
    source="Araujo et al. 2023, arXiv:2303.03169",
)
