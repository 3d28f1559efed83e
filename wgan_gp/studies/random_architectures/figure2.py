"""The architectures of Gulrajani et al. 2017, Figure 2: a baseline and six others."""

from typing import Any

# The families of critic and generator, where they are not DCGANs.
NETWORKS = {
    "mlp": ("dcgan", "mlp_image"),
    "bottleneck": ("bottleneck", "bottleneck"),
}


def architectures(halvings: int) -> dict[str, dict[str, Any]]:
    """Changes to a configuration by the name of the architecture.

    Args:
      halvings: how often the critic halves images, and the generator doubles them:
        four times at 64 x 64, as in the paper.
    """
    down = {"multipliers": tuple(2**layer for layer in range(halvings))}
    up = {"multipliers": down["multipliers"][::-1]}
    std = {"weight_std": 0.02}
    critic = down | {"norm": "layer"} | std
    baseline = {"critic": critic, "generator": up | std | {"norm": "batch"}}
    return {
        "dcgan": baseline,
        "constant": {
            "critic": critic,
            "generator": {"multipliers": (1,) * halvings} | std,
        },
        "mlp": {"critic": critic},
        "unnormalised": {"critic": down | std, "generator": up | std},
        "gated": _with_activation(baseline, "gated"),
        "tanh": _with_activation(baseline, "tanh"),
        "bottleneck": {},
    }


def _with_activation(players: dict[str, Any], name: str) -> dict[str, Any]:
    return {player: fields | {"activation": name} for player, fields in players.items()}
