"""Ranges of the numbers that losses take; traced values are not known, nor checked."""

import math
from typing import Any

import jax
import jax.numpy as jnp


def check_weight(weight: Any) -> None:
    """Raises ValueError unless lambda is one finite number >= 0.

    Args:
      weight: a Python number or an array `[]`. The sign of a traced array is not known
        and not checked.
    """
    number = hasattr(weight, "dtype") or isinstance(weight, int | float)
    if not number or jnp.ndim(weight) != 0:
        raise ValueError(f"weight must be one number, lambda, got {weight!r:.60}")
    if not isinstance(weight, jax.core.Tracer) and not 0 <= weight < math.inf:
        raise ValueError(
            f"weight must be finite and >= 0, got {weight}: a negative one rewards"
            " steep slopes"
        )


def check_share(name: str, share: Any) -> None:
    """Raises ValueError unless a share is one finite number > 0.

    Args:
      name: of the argument, for the message.
      share: a Python number or an array `[]`. A traced array's value is not checked.
    """
    if isinstance(share, jax.core.Tracer):
        return
    number = hasattr(share, "dtype") or isinstance(share, int | float)
    if not (number and jnp.ndim(share) == 0 and 0 < share < math.inf):
        raise ValueError(
            f"{name} must be a finite number > 0, a share of the distance between a"
            f" real and its generated sample, got {share!r:.60}"
        )


def check_positive(name: str, value: Any) -> None:
    """Raises ValueError unless a number is finite and > 0.

    Args:
      name: of the argument, for the message.
      value: a Python number or an array `[]`.
    """
    if isinstance(value, jax.core.Tracer):
        return
    number = hasattr(value, "dtype") or isinstance(value, int | float)
    if not (number and jnp.ndim(value) == 0 and 0 < value < math.inf):
        raise ValueError(f"{name} must be a finite number > 0, got {value!r:.60}")
