"""What fields of networks mean, and which values they take, for configurations."""

from functools import partial
from typing import Any

from wgan_gp.networks.activations import OUTPUTS
from wgan_gp.system.fields import Rule, among, layers, not_negative, setting, whole
from wgan_gp.system.values import DEEPEST, WIDEST, one_of, show

NORMS = ("none", "layer", "weight", "instance", "group")  # of critics of images
VECTOR_NORMS = ("none", "layer", "weight", "group")  # of multilayer perceptrons
GENERATOR_NORMS = ("none", "batch")  # of image generators


def hidden(default: tuple[int, ...]) -> Any:
    """Widths of hidden layers."""
    return setting(default, "Width of each hidden layer.", layers(1, WIDEST, DEEPEST))


def width(default: int) -> Any:
    """Channels of an image network."""
    return setting(
        default, "Channels of the layer next to the image.", whole(1, WIDEST)
    )


def multipliers(default: tuple[int, ...]) -> Any:
    """Channels of each layer."""
    return setting(
        default,
        "Channels of each layer, as multiples of width.",
        layers(1, WIDEST, DEEPEST),
    )


def blocks(default: tuple[int, ...]) -> Any:
    """Residual blocks."""
    return setting(
        default, "Residual blocks at each image size.", layers(1, DEEPEST, DEEPEST)
    )


def extra() -> Any:
    """Additional layers."""
    return setting(0, "Additional 3 x 3 layers of stride 1.", whole(0, DEEPEST))


def activation(default: str, known: Any) -> Any:
    """A nonlinearity by name."""
    return setting(default, "Nonlinearity of hidden layers.", among(known))


def output() -> Any:
    """The nonlinearity after an image generator's last layer."""
    return setting(
        "tanh", "tanh is for pixels in [-1, 1], sigmoid [0, 1].", among(OUTPUTS)
    )


def weight_std() -> Any:
    """Initial weights of image networks."""
    return setting(
        0.0,
        "Standard deviation of initial weights; 0 derives it from each layer.",
        not_negative(),
    )


def norm(default: str, known: tuple[str, ...]) -> Any:
    """A normalisation of a generator."""
    return setting(default, "Normalisation of hidden layers.", among(known))


def critic_norm(default: str, known: tuple[str, ...] = NORMS) -> Any:
    """A normalisation of a critic: of each sample on its own, or of its weights."""
    rule = Rule(partial(_check_critic_norm, known), valid=lambda: known)
    sentence = (
        "Normalisation of hidden layers. weight is of the weights of all layers;"
        " instance is for networks of images."
    )
    return setting(default, sentence, rule)


def _check_critic_norm(known: tuple[str, ...], path: str, norm: str) -> None:
    *some, last = (repr(each) for each in known if each != "none")
    hint = f"use {', '.join(some)} or {last}"
    if "batch" in norm:
        raise ValueError(
            f"{path} = {show(norm)}: the penalty acts on each sample on"
            f" its own, and batch normalisation ties a batch's samples together; {hint}"
        )
    if norm == "instance" and norm not in known:
        raise ValueError(
            f"{path} = {show(norm)}: instance normalisation averages each channel over"
            f" the positions of an image, and a perceptron's layers have none; {hint}"
        )
    one_of(path, norm, known)
