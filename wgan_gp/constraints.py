"""Lipschitz constraints as values: what keeps a critic from growing without bound."""

from collections.abc import Callable
from typing import Any, NamedTuple

from wgan_gp import losses


class Constraint(NamedTuple):
    """A Lipschitz constraint, by the places where it acts; with neither part, none."""

    # added to the critic's loss, times `Hyperparameters.weight`
    penalty: losses.Penalty | None = None
    # (parameters, `Hyperparameters.clip_bound`) -> parameters, after each update
    project: Callable[[Any, Any], Any] | None = None


def penalise(penalty: losses.Penalty) -> Constraint:
    """The constraint that adds this penalty to the critic's loss, and nothing else.

    Args:
      penalty: `(critic, reals, fakes, keys) -> [B]`, such as `losses.gradient_penalty`.

    Raises:
      TypeError: it is not a function.
    """
    if not callable(penalty):
        raise TypeError(
            "penalise takes a penalty such as losses.gradient_penalty, got"
            f" {penalty!r}: a critic without a constraint has Constraint()"
        )
    return Constraint(penalty=penalty)


def check(constraint: Any) -> None:
    """Raises TypeError unless it is a `Constraint`."""
    if isinstance(constraint, Constraint):
        return
    cure = "write CLIP, penalise(PENALTY) or Constraint() for none"
    if callable(constraint):
        name = getattr(constraint, "__name__", "PENALTY")
        cure = f"write constraints.penalise({name})"
    raise TypeError(f"expected a Constraint, got {constraint!r:.100}: {cure}")


CLIP = Constraint(project=losses.clip_weights)  # Arjovsky et al. 2017
