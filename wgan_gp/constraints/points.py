"""Where a penalty acts, by the name in `penalty.points`.

A slope can be measured at finitely many points only, so a penalty holds the constraint
where its points lie and nowhere else. `interpolates` is the choice of [WGAN-GP]
(section 4), random points on lines between real and generated samples. `endpoints` are
the samples themselves. `box` spreads the points evenly over a box around the data: it
shows what enforcing the constraint everywhere costs, and gets hopeless as the
dimension grows, since few points fall near the data.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from wgan_gp import losses
from wgan_gp.losses import Points
from wgan_gp.system.fields import Rule, among, not_negative, setting
from wgan_gp.system.values import show

# Less than half of the largest float32: the width of a box must be one, too.
_MAX_CORNER = 1e38

# Each takes the section `penalty` of a configuration.
POINTS: dict[str, Callable[[Any], Points]] = {
    "interpolates": lambda _: losses.interpolates,
    "endpoints": lambda _: losses.endpoints,
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
      box: the least and the greatest value of every coordinate, in the units of the
        samples. It is needed for `points` = "box" and has no effect otherwise.
    """

    weight: float | None = weight_field()
    points: str | None = setting(
        None, "Where the gradient's norm is penalised.", among(POINTS)
    )
    box: tuple[float, float] | None = setting(
        None, "(low, high) of all coordinates; for points = box.", Rule(_check_box)
    )


def check_fields(config: Any) -> None:
    """Checks that a box is set if the points are to lie in one.

    Args:
      config: a configuration.

    Raises:
      ValueError: `penalty.points` is "box", and `penalty.box` is missing or not (low,
        high).
    """
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


def used_fields(penalty: Any) -> set[str]:
    """Paths of the fields that have an effect on the points.

    Args:
      penalty: the section `penalty` of a configuration.
    """
    box = {"penalty.box"} if penalty.points == "box" else set()
    return {"penalty.points"} | box
