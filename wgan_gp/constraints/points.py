"""Where a penalty acts, by the name in `penalty.points`."""

import dataclasses
from collections.abc import Callable
from typing import Any

from wgan_gp import losses
from wgan_gp.losses import Points
from wgan_gp.system.fields import Rule, among, not_negative, setting
from wgan_gp.system.values import show

_MAX_CORNER = 1e38  # the width of a box has to be a float32, too

# By name, from the section `penalty` of a configuration.
POINTS: dict[str, Callable[[Any], Points]] = {
    "interpolates": lambda _: losses.interpolates,
    "endpoints": lambda _: losses.endpoints,
    "box": lambda penalty: losses.uniform_box(*penalty.box),
}


def _check_box(path: str, box: Any) -> None:
    valid = (
        box and len(box) == 2 and not any(isinstance(each, bool | str) for each in box)
    )
    if not (valid and -_MAX_CORNER < box[0] < box[1] < _MAX_CORNER):
        raise ValueError(f"{path} must be (low, high) with low < high, got {show(box)}")


def weight_field() -> Any:
    """The field of a penalty's weight."""
    return setting(
        None,
        "lambda, the weight of the penalty.",
        not_negative(" (the paper uses 10)"),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class PenaltySettings:
    """What a configuration can set of a penalty that acts at points."""

    weight: float | None = weight_field()
    points: str | None = setting(
        None, "Where the gradient's norm is penalised.", among(POINTS)
    )
    box: tuple[float, float] | None = setting(
        None, "(low, high) of all coordinates; for points = box.", Rule(_check_box)
    )


def check_fields(penalty: Any) -> None:
    """Raises ValueError where points are to lie in a box that is not valid."""
    if penalty.points == "box":
        _check_box("penalty.box", penalty.box)


def make_points(penalty: Any) -> Points:
    """The points that a section `penalty` names; interpolates if it names none."""
    return POINTS[penalty.points or "interpolates"](penalty)


def used_fields(penalty: Any) -> set[str]:
    """The fields of the section that have an effect on the points."""
    box = {"penalty.box"} if penalty.points == "box" else set()
    return {"penalty.points"} | box
