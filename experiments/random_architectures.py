"""Random architectures at 32 x 32 (Gulrajani et al. 2017, Table 1): number 0 to 199.

    python -m wgan_gp.main --config experiments/random_architectures.py:17

The number after the colon selects a draw from the paper's space: nonlinearity, width,
depth and normalisation of each network. The base has 4 layers. All other layers are
3 x 3 convolutions at size 8 x 8, as in the authors' research code; the paper does not
say where they are.
The paper trained each for 100,000 updates on 32 x 32 ImageNet and compared Inception
Scores with those of GANs; `--config.data.name` chooses another set. The default is
number 0. "smoke" is a narrow base alone, in seconds.
"""

import random
from typing import Any

from wgan_gp import configs

COUNT = 200
_ACTIVATIONS = ("relu", "leaky_relu", "shifted_softplus", "tanh")
DEFAULT = {
    "steps": 100_000,
    "batch_size": 64,
    "data": {"name": "imagenet_resized/32x32"},
    "generator": {"latent": 128},
    "eval_every": 5000,
    "eval_samples": 1000,
    "eval_repeats": 10,
}


def architecture(number: int) -> dict:
    """Draw number `number` of the space, as changes to a configuration."""
    choose = random.Random(number).choice
    players = {}
    for player, norm in (("generator", "batch"), ("critic", "layer")):
        players[player] = {
            "activation": choose(_ACTIVATIONS),
            "extra": choose((4, 8, 12, 20)) - 4,
            "norm": choose((norm, "none")),
            "width": choose((32, 64, 128)),
        }
    # Appendix B: weight decay for critics that are normalised.
    decay = 1e-3 if players["critic"]["norm"] == "layer" else 0.0
    return players | {"critic_optimiser": {"weight_decay": decay}}


def get_config(arg: str = "0"):
    """The experiment with architecture number `arg`; an empty one is "0"."""
    arg = arg or "0"
    number = "0" if arg == "smoke" else arg
    if not number.isdecimal() or int(number) >= COUNT:
        raise ValueError(
            f"an architecture has a number from 0 to {COUNT - 1}, got {arg!r}"
        )
    variants: dict[str, Any] = {number: architecture(int(number))}
    return configs.experiment(
        "random_architectures",
        arg,
        critic="dcgan",
        generator="dcgan",
        default=DEFAULT,
        smoke=configs.IMAGE_SMOKE,
        **variants,
    )
