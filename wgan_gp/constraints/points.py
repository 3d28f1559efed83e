"""Where a penalty acts, by the name in `penalty.points`.

A slope can be measured at finitely many points only, so a penalty holds the constraint
where its points lie and nowhere else. `interpolates` is the choice of [WGAN-GP]
(section 4), random points on lines between real and generated samples. `endpoints` are
the samples themselves, for each pair one of its two ends. `reals` and `fakes` are the
ends of one kind. `both` are all ends: the penalty is then the sum of one at the real
and one at the generated samples. `around_reals` are real samples with Gaussian noise.
`box` spreads the points evenly over a box around the data: it shows what enforcing the
constraint everywhere costs, and gets hopeless as the dimension grows, since few points
fall near the data.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from wgan_gp import losses
from wgan_gp.constraints.value import Constraint, penalise
from wgan_gp.losses import Points
from wgan_gp.system.fields import Rule, among, not_negative, positive, setting
from wgan_gp.system.values import show

# Less than half of the largest float32: the width of a box must be one, too.
_MAX_CORNER = 1e38

# Each takes the section `penalty` of a configuration.
POINTS: dict[str, Callable[[Any], Points]] = {
    "interpolates": lambda _: losses.interpolates,
    "endpoints": lambda _: losses.endpoints,
    "reals": lambda _: losses.at_reals,
    "fakes": lambda _: losses.at_fakes,
    "both": lambda _: losses.endpoint_pairs,
    "around_reals": lambda penalty: losses.around_reals(penalty.spread),
    "box": lambda penalty: losses.uniform_box(*penalty.box),
}


def _check_box(path: str, box: Any) -> None:
    """Raises ValueError unless `box` is two finite numbers, the lower one first."""
    valid = (
        box and len(box) == 2 and not any(isinstance(each, bool | str) for each in box)
    )
    if not (valid and -_MAX_CORNER < box[0] < box[1] < _MAX_CORNER):
        raise ValueError(f"{path} must be (low, high) with low < high, got {show(box)}")


def weight_field() -> Any:
    """Declares the field `weight` of a penalty: lambda, >= 0."""
    return setting(
        None,
        "lambda, the weight of the penalty.",
        not_negative(" (the paper uses 10)"),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class PenaltySettings:
    """What a configuration can set of a penalty that acts at points.

    Attributes:
      weight: lambda, which multiplies the mean penalty in the critic's loss.
      points: a key of `POINTS`.
      spread: root mean square length of the noise of `points` = "around_reals", as a
        share of the distance of a real and its generated sample. It is needed for
        those points and has no effect otherwise.
      box: the least and the greatest value of every coordinate, in the units of the
        samples. It is needed for `points` = "box" and has no effect otherwise.
    """

    weight: float | None = weight_field()
    points: str | None = setting(None, "Where slopes are penalised.", among(POINTS))
    spread: float | None = setting(
        None,
        "Length of the noise, as a share of a pair's distance; for around_reals.",
        positive(),
    )
    box: tuple[float, float] | None = setting(
        None, "(low, high) of all coordinates; for points = box.", Rule(_check_box)
    )


def check_fields(config: Any) -> None:
    """Checks that what the chosen points need is set: a box, or the noise's spread.

    Args:
      config: a configuration.

    Raises:
      ValueError: `penalty.points` is "box", and `penalty.box` is missing or not (low,
        high); or it is "around_reals", and `penalty.spread` is missing.
    """
    if config.penalty.points == "around_reals" and config.penalty.spread is None:
        raise ValueError(
            "penalty.points = 'around_reals' needs penalty.spread, the noise's share of"
            " a pair's distance: set it, such as to 0.1"
        )
    if config.penalty.points == "box":
        _check_box("penalty.box", config.penalty.box)


def make_points(penalty: Any) -> Points:
    """The function that draws the points which a configuration names.

    Args:
      penalty: the section `penalty` of a configuration. Interpolates are used if its
        `points` is None.

    Returns:
      `(reals, fakes, key) -> (points [B, ...],)`, as `losses.slope_penalty` takes it.
    """
    return POINTS[penalty.points or "interpolates"](penalty)


def penalise_at(penalty: Any, build: Callable[[Points], losses.Penalty]) -> Constraint:
    """The constraint that penalises slopes at the points which a configuration names.

    Args:
      penalty: the section `penalty` of a configuration.
      build: called with points, it returns the penalty that acts there. For `points` =
        "both" it is called twice, and the penalties are added.
    """
    if penalty.points == "both":
        parts = build(losses.at_reals), build(losses.at_fakes)
        return penalise(losses.sum_penalties(*parts))
    return penalise(build(make_points(penalty)))


def used_fields(penalty: Any) -> set[str]:
    """Paths of the fields that have an effect on the points.

    Args:
      penalty: the section `penalty` of a configuration.
    """
    needed = {"box": "box", "around_reals": "spread"}.get(penalty.points)
    return {"penalty.points"} | ({f"penalty.{needed}"} if needed else set())
