"""Draws from the space of architectures of Gulrajani et al. 2017, Table 1."""

import random
from typing import Any

COUNT = 200
_ACTIVATIONS = ("relu", "leaky_relu", "shifted_softplus", "tanh")


def read_number(text: str) -> int:
    """The number of an architecture, as the part of `--config` after the colon.

    Args:
      text: "0" to "199"; an empty one is "0", and so is "smoke".

    Raises:
      ValueError: it is none of these.
    """
    number = "0" if text in ("", "smoke") else text
    if not number.isdecimal() or int(number) >= COUNT:
        raise ValueError(
            f"an architecture has a number from 0 to {COUNT - 1}, got {text!r}"
        )
    return int(number)


def architecture(number: int, widths: tuple[int, int, int]) -> dict[str, Any]:
    """Draw number `number` of the space, as changes to a configuration.

    Args:
      number: of the draw.
      widths: from which each network's is drawn; the paper's are (32, 64, 128).
    """
    choose = random.Random(number).choice
    players = {}
    for player, norm in (("generator", "batch"), ("critic", "layer")):
        players[player] = {
            "activation": choose(_ACTIVATIONS),
            "extra": choose((4, 8, 12, 20)) - 4,
            "norm": choose((norm, "none")),
            "width": choose(widths),
        }
    # Appendix B: weight decay for critics that are normalised.
    decay = 1e-3 if players["critic"]["norm"] == "layer" else 0.0
    return players | {"critic_optimiser": {"weight_decay": decay}}
