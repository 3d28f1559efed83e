"""What a Lipschitz constraint is, and how a configuration offers one by name.

A `Constraint` is what training uses: functions that act at up to three places of a
critic step. A `Choice` is what configurations, figures and help texts use: how to make
the constraint from settings, its defaults, and how to present it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from wgan_gp import losses
from wgan_gp.networks import Network

# Adam as in [WGAN-GP], Algorithm 1, and RMSProp as in [WGAN], Algorithm 1. Neither has
# momentum: the critic's loss changes with each step of the generator.
ADAM = {"name": "adam", "learning_rate": 1e-4, "beta1": 0.0, "beta2": 0.9}
# lambda of penalties, where studies compare strengths.
LAMBDAS = (0.1, 1.0, 10.0, 100.0)
RMSPROP = {"name": "rmsprop", "learning_rate": 5e-5, "beta2": 0.9}


class Constraint(NamedTuple):
    """A Lipschitz constraint, by the places where it acts; with no part, none.

    A constraint has one strength, `Hyperparameters.strength`. It is lambda for one with
    a penalty and c for weight clipping. It is an argument and not part of the value, so
    that one compiled program serves a sweep over strengths.

    Attributes:
      penalty: `(critic, reals, fakes, keys) -> [B]`. Each critic step calls it once for
        a batch (once for each of its microbatches), and its mean, times the strength,
        is added to the critic's loss.
      project: `(params, strength) -> params`. Each critic step calls it once, after the
        optimiser's step.
      wrap: `(network, algorithm) -> network`, for critics that are 1-Lipschitz by
        construction. It is called on the critic's network wherever that is used, while
        tracing, with the critic's `train.CriticAlgorithm`. The returned network may
        keep state of its own. Its `init` may draw from `algorithm.sample_real`, and its
        `update` may follow the run by `algorithm.updates`. It raises ValueError, with
        the reason, for a network that it cannot wrap.
    """

    penalty: losses.Penalty | None = None
    project: Callable[[Any, Any], Any] | None = None
    wrap: Callable[[Network, Any], Network] | None = None


class Choice(NamedTuple):
    """A constraint that a configuration can choose by name.

    The functions take `section`, the constraint's section of a configuration: anything
    that has its fields as attributes.

    Attributes:
      settings: a frozen dataclass with a `system.fields.setting` for each field that a
        configuration can set of the constraint.
      make: `section -> Constraint`. `build` calls it.
      used: `section -> paths` of the constraint's fields that have an effect, such as
        "penalty.weight". `configs` calls it to refuse fields that were set in vain.
      presets: values for the fields that a configuration leaves open, nested: what the
        constraint's paper uses.
      has_scale: whether the constraint, with its presets, aims at slopes near 1. If so,
        Wasserstein estimates are distances in the units of the data, and figures
        compare them. `aimed_slope` says what it aims at with other settings.
      colour: in figures, hexadecimal. The colours are Okabe and Ito's, and after those
        Tol's muted ones, which colour-blind readers can tell apart.
      sentence: what it does, for help texts.
      source: its paper or page.
      strength: path of the field that is its strength; None for one without, such as a
        network that is 1-Lipschitz by construction.
      symbol: the strength's sign in formulas and figures.
      strengths: values of it that studies compare, from weak to strong.
      published_as: the name of the method in the W1 benchmark's paper (Korotin et al.
        2022, arXiv:2206.07767), a key of the tables in `evaluate.published`; empty if
        the paper does not have it.
      section: the section of a configuration that has the fields of `settings`:
        "penalty", or "construction" for critics that are 1-Lipschitz by construction;
        empty for the top level.
      pairs_samples: `section -> bool`, whether the penalty pairs the samples of a batch
        with one another, or compares them. Such a penalty needs two samples at least
        and the whole batch at once: `configs` calls it to refuse batches of one and
        microbatches.
      check: `configuration -> None`. `configs` calls it with the whole configuration;
        it raises ValueError for fields that do not go together.
      remark: a line that a run of a generator begins with; empty for none.
    """

    settings: type
    make: Callable[[Any], Constraint]
    used: Callable[[Any], set[str]]
    presets: dict[str, Any]
    has_scale: bool
    colour: str
    sentence: str
    source: str
    strength: str | None = None
    symbol: str = ""
    strengths: tuple[float, ...] = ()
    published_as: str = ""
    section: str = "penalty"
    pairs_samples: Callable[[Any], bool] = lambda section: False
    check: Callable[[Any], None] = lambda config: None
    remark: str = ""


def aimed_slope(choice: Choice, section: Any) -> float | None:
    """The slope that a constraint aims at, as it is set.

    Args:
      choice: the constraint.
      section: its section of a configuration.

    Returns:
      K: estimates are about K times W1, and the mean gradient norm is at most about K.
      None where the strength sets the critic's scale, or slopes are measured in another
      norm than the Euclidean one.
    """
    used = choice.used(section)
    if "penalty.norm" in used and section.norm != 2:
        return None
    if "penalty.target" in used:
        return 1.0 if section.target is None else section.target
    return 1.0 if choice.has_scale and "penalty.shape" not in used else None


def penalise(penalty: losses.Penalty) -> Constraint:
    """The constraint that adds this penalty to the critic's loss, and nothing else.

    Args:
      penalty: `(critic, reals, fakes, keys) -> [B]`, such as `losses.gradient_penalty`,
        or one composed by `losses.slope_penalty`. `keys` has one key per sample `[B]`.

    Returns:
      A `Constraint` whose strength is lambda, the factor of the mean penalty.

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
    """Checks that a value is a `Constraint`; a bare penalty is a common mistake.

    Args:
      constraint: what `train.CriticAlgorithm.constraint` was set to.

    Raises:
      TypeError: it is something else.
    """
    if isinstance(constraint, Constraint):
        return
    cure = "write CLIP, penalise(PENALTY) or Constraint() for none"
    if callable(constraint):
        name = getattr(constraint, "__name__", "PENALTY")
        cure = f"write constraints.penalise({name})"
    raise TypeError(f"expected a Constraint, got {constraint!r:.100}: {cure}")


def optimisers(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Presets of the same optimiser for both players, at a constant rate.

    Args:
      settings: the optimiser's fields, such as `ADAM`.

    Returns:
      Nested fields of a configuration.
    """
    settings = settings | {"schedule": "constant"}
    return {"critic_optimiser": settings, "generator_optimiser": settings}
