"""Where a penalty acts, by the name in `penalty.points`."""

from collections.abc import Callable
from typing import Any

from wgan_gp import losses
from wgan_gp.losses import Points

# By name, from the section `penalty` of a configuration.
POINTS: dict[str, Callable[[Any], Points]] = {
    "interpolates": lambda _: losses.interpolates,
    "endpoints": lambda _: losses.endpoints,
    "box": lambda penalty: losses.uniform_box(*penalty.box),
}


def chosen(penalty: Any) -> Points:
    """The points that a section `penalty` names; interpolates if it names none."""
    return POINTS[penalty.points or "interpolates"](penalty)


def used(penalty: Any) -> set[str]:
    """The fields of the section that have an effect on the points."""
    box = {"penalty.box"} if penalty.points == "box" else set()
    return {"penalty.points"} | box
