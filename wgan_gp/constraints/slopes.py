"""How a gradient penalty measures slopes: `penalty.norm`, the norm of the samples."""

from functools import partial
from typing import Any

from wgan_gp import losses
from wgan_gp.system.fields import Rule, setting
from wgan_gp.system.values import show


def _check_norm(path: str, norm: float) -> None:
    """Raises ValueError unless a number is in [1, inf]."""
    if not norm >= 1:
        raise ValueError(
            f"{path} must be a number >= 1, or inf, such as 2 for the Euclidean norm;"
            f" got {show(norm)}"
        )


def norm_field() -> Any:
    """Declares the field `norm` of a gradient penalty: p of the samples' norm l_p."""
    return setting(
        None,
        "p of the samples' norm; gradients are measured in its dual.",
        Rule(_check_norm, words=">= 1"),
    )


def make_slope(penalty: Any) -> Any:
    """The slope of a gradient penalty, `(critic, x) -> scalar`.

    Args:
      penalty: the section `penalty` of a configuration.
    """
    return partial(losses.gradient_norm, norm=penalty.norm)
