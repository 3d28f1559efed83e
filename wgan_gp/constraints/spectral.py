"""Spectral normalisation: each layer's weights divided by their operator norm.

What it bounds: a chain of layers with operator norm 1, and of activations with slope at
most 1, has slope at most 1. Power iteration knows the norm up to a percent or so, from
below, and so does the critic its slope.

How the strength acts: there is none. `construction.power_iterations` buys accuracy.

What its paper found: Miyato et al. train GANs with the hinge loss. With a Wasserstein
loss the bound is loose: the norm of a product is far below the product of the norms,
each ReLU layer loses some of the gradient, and estimates are a fraction of W1.

When it fails: sums of branches and normalisations are steeper than their parts, so that
residual networks are refused. For distances, `orthogonal` or `cones` are much tighter.
"""

import dataclasses
from typing import Any

from wgan_gp.constraints.construction import check_network, optimisers
from wgan_gp.constraints.value import Choice, Constraint
from wgan_gp.networks.lipschitz.spectral import spectrally_normalised
from wgan_gp.system.fields import setting, whole


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpectralSettings:
    """What a configuration can set of spectral normalisation.

    Attributes:
      power_iterations: of each critic update, >= 1. None means the preset, 1.
    """

    power_iterations: int | None = setting(
        None, "Power iterations of each critic update.", whole(1, 1001)
    )


def _make(construction: Any) -> Constraint:
    iterations = construction.power_iterations
    return Constraint(
        wrap=lambda network, algorithm: spectrally_normalised(network, iterations)
    )


CHOICE = Choice(
    settings=SpectralSettings,
    section="construction",
    check=check_network,
    make=_make,
    used=lambda construction: {"construction.power_iterations"},
    presets={"construction": {"power_iterations": 1}} | optimisers(3e-3),
    has_scale=True,
    colour="#332288",
    sentence="Weights are divided by their operator norm; for chains of layers.",
    source="Miyato et al. 2018, arXiv:1802.05957",
)
