"""The maximum of cones: a critic that is no network, and 1-Lipschitz for certain.

    D(x) = max_j (b_j - ||x - a_j||)

What it bounds: the slope is at most 1 everywhere, and equal to 1 almost everywhere once
the temperature is low. It takes the place of the network: the fields of `critic` have
no effect on it, and images are flattened.

How the strength acts: there is none. `construction.anchors` is the number of cones. The
maximum is a smooth one, whose temperature falls over the run, from
`construction.temperature_start` to `construction.temperature_end` times the mean
distance between the first anchors. The critic counts its updates for that. A study
that lowers `Hyperparameters.n_critic` makes fewer than the run was built for, and the
temperature then stops above its end.

What its paper found: McShane 1934 shows that each 1-Lipschitz function is such a
maximum over all points. Nobody has published it as a critic.

When it fails: Euclidean distances say little about images, and cones see nothing else.
The first anchors are drawn from the data, which cannot be done where data is streamed.
Adam moves a coordinate of an anchor by about the learning rate in an update: in a game
whose distances are long beside that, cones sink more slowly than a generator runs after
them, and it leaves the data (docs/results.md, claim 13). At a rate of 0.03 mean
distances between samples it stayed, and was still worse than under other constraints.
"""

import dataclasses
from typing import Any

from wgan_gp.constraints.construction import check_exact, optimisers
from wgan_gp.constraints.value import Choice, Constraint
from wgan_gp.networks import Network
from wgan_gp.networks.lipschitz.cones import Annealing, cones_network
from wgan_gp.system.fields import positive, setting, whole
from wgan_gp.system.values import WIDEST


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConesSettings:
    """What a configuration can set of critics of cones.

    Attributes:
      anchors: number of cones, >= 2. None means the preset, 256.
      temperature_start: of the smooth maximum, before training, as a share of the mean
        distance between anchors.
      temperature_end: the same after training; at most the start.
    """

    anchors: int | None = setting(None, "Number of cones.", whole(2, WIDEST))
    temperature_start: float | None = setting(
        None,
        "First temperature of cones' maximum, in mean distances of samples.",
        positive(),
    )
    temperature_end: float | None = setting(
        None,
        "Last temperature of cones' maximum, in mean distances of samples.",
        positive(),
    )


def _check(config: Any) -> None:
    check_exact(config)
    construction = config.construction
    start, end = construction.temperature_start, construction.temperature_end
    if end > start:
        raise ValueError(
            "construction.temperature_end must be at most"
            f" construction.temperature_start = {start}, as the maximum gets sharper"
            f" over a run; got {end}"
        )


def _make(construction: Any) -> Constraint:
    def wrap(network: Network, algorithm: Any) -> Network:
        if algorithm.updates is None:
            raise ValueError(
                "the temperature of cones falls over a run of unknown length: set"
                " CriticAlgorithm.updates to the critic's updates in the whole run"
            )
        annealing = Annealing(
            construction.temperature_start,
            construction.temperature_end,
            algorithm.updates,
        )
        return cones_network(
            network, algorithm.sample_real, construction.anchors, annealing
        )

    return Constraint(wrap=wrap)


CHOICE = Choice(
    settings=ConesSettings,
    section="construction",
    check=_check,
    make=_make,
    used=lambda construction: {
        f"construction.{field.name}" for field in dataclasses.fields(ConesSettings)
    },
    presets={
        "construction": {
            "anchors": 256,
            "temperature_start": 0.1,
            "temperature_end": 0.01,
        }
    }
    | optimisers(1e-2),
    has_scale=True,
    colour="#88CCEE",
    sentence="A maximum of cones takes the place of the critic's network.",
    source="McShane 1934, doi:10.1090/S0002-9904-1934-05978-0",
    remark="the critic is a maximum of cones and no network: critic.* has no effect",
)
