"""What a Lipschitz constraint is: the parts that act, and what is told of it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from wgan_gp import losses
from wgan_gp.networks import Network

# The optimisers of the papers that the constraints come from.
ADAM = {"name": "adam", "learning_rate": 1e-4, "beta1": 0.0, "beta2": 0.9}
RMSPROP = {"name": "rmsprop", "learning_rate": 5e-5, "beta2": 0.9}


class Constraint(NamedTuple):
    """A Lipschitz constraint, by the places where it acts; with no part, none.

    A constraint has one strength, `Hyperparameters.strength`. It is lambda for one with
    a penalty and c for weight clipping.

    Attributes:
      penalty: `(critic, reals, fakes, keys) -> [B]`. Each critic step calls it once for
        a batch (once for each of its microbatches), and its mean, times the strength,
        is added to the critic's loss.
      project: `(params, strength) -> params`. Each critic step calls it once, after the
        optimiser's step.
      wrap: `Network -> Network`, for critics that are 1-Lipschitz by construction. It
        is called on the critic's network wherever that is used, while tracing. The
        returned network may keep state of its own.
    """

    penalty: losses.Penalty | None = None
    project: Callable[[Any, Any], Any] | None = None
    wrap: Callable[[Network], Network] | None = None


class Choice(NamedTuple):
    """A constraint that a configuration can choose by name.

    `build` calls `make`, and `configs` calls `used` and `pairs_samples`, with the
    section `penalty` of a configuration: anything that has its fields as attributes.
    """

    # a dataclass of open fields: what a configuration can set of the constraint
    settings: type
    make: Callable[[Any], Constraint]
    # `penalty` -> the paths of the constraint's fields that have an effect
    used: Callable[[Any], set[str]]
    presets: dict[str, Any]  # fields that it sets, nested: what its paper uses
    strength: str  # path of the field that is its strength
    symbol: str  # of the strength, in formulas and figures
    has_scale: bool  # whether slopes near 1 are meant, so that estimates are distances
    colour: str  # in figures; of Okabe and Ito's, told apart by colour-blind readers
    sentence: str  # what it does
    source: str
    section: str = "penalty"  # of a configuration, that holds the fields of `settings`
    # `penalty` -> whether the penalty pairs samples of a batch with one another, so
    # that it needs two of them, and the whole batch at once
    pairs_samples: Callable[[Any], bool] = lambda penalty: False
    # `penalty` -> None; raises ValueError for fields that do not go together
    check: Callable[[Any], None] = lambda penalty: None


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


def optimisers(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Presets of the same optimiser for both players, at a constant rate."""
    settings = settings | {"schedule": "constant"}
    return {"critic_optimiser": settings, "generator_optimiser": settings}
