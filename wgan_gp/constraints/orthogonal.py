"""Orthogonal weights and sorting activations: 1-Lipschitz, and steep all the same.

What it bounds: the slope is at most 1 everywhere, for any weights, up to float32's
rounding. Orthogonal layers and sorting keep the norm of a gradient, so that the critic
reaches slope 1 without being asked to.

How the strength acts: there is none. `construction.group` is the number of outputs that
are sorted together: 2 takes maxima and minima of pairs (MaxMin), 0 sorts whole layers
(FullSort), which is some 4 times as slow on CPUs.

What its paper found: Anil et al. approximate W1 better than with weight clipping, a
gradient penalty or spectral normalisation, and prove that such networks can approximate
every 1-Lipschitz function. SortOut of the W1 benchmark is this construction.

When it fails: it has dense layers only. Images and sequences are flattened, and
convolutions lost.
"""

import dataclasses
from typing import Any

from wgan_gp.constraints.construction import check_exact, optimisers
from wgan_gp.constraints.value import Choice, Constraint
from wgan_gp.networks.lipschitz.orthogonal import orthogonal_network
from wgan_gp.system.fields import Rule, setting
from wgan_gp.system.values import WIDEST
from wgan_gp.system.values import whole as check_whole


def _check_group(path: str, group: int) -> None:
    check_whole(path, group, 0, WIDEST)
    if group == 1:
        raise ValueError(
            f"{path} = 1 sorts nothing, and the critic would be linear: use 0 to sort"
            " whole layers, or 2 for pairs"
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrthogonalSettings:
    """What a configuration can set of orthogonal critics.

    Attributes:
      group: how many outputs are sorted together; 0 is a whole layer. None means the
        preset, 2.
    """

    group: int | None = setting(
        None,
        "Outputs of a layer that are sorted together; 0 is all.",
        Rule(_check_group, words="0 or >= 2"),
    )


def _make(construction: Any) -> Constraint:
    group = construction.group
    return Constraint(
        wrap=lambda network, algorithm: orthogonal_network(network, group)
    )


CHOICE = Choice(
    settings=OrthogonalSettings,
    section="construction",
    check=check_exact,
    make=_make,
    used=lambda construction: {"construction.group"},
    presets={"construction": {"group": 2}} | optimisers(1e-2),
    has_scale=True,
    colour="#117733",
    sentence="Orthogonal weights and sorting activations; for perceptrons.",
    source="Anil et al. 2019, arXiv:1811.05381",
)
