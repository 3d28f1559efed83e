"""What a slope costs, by the names in `penalty.shape`, and the fields of shapes.

`one_sided` costs slopes above the target alone, and `two_sided` those below it, too.
The target is 1, the slope of the Lipschitz constraint, unless `penalty.target` says
otherwise. `zero_centred` costs every slope by its square, and has no target.
"""

from functools import partial
from typing import Any

from wgan_gp import losses
from wgan_gp.losses import Shape
from wgan_gp.system.fields import among, positive, setting


def shape_field() -> Any:
    """Declares the field `shape`: a key of `losses.SHAPES`."""
    return setting(
        None, "Shape of the penalty: what a slope costs.", among(losses.SHAPES)
    )


def power_field() -> Any:
    """Declares the field `power` of a one-sided penalty: 1, or 2 as in the papers."""
    return setting(None, "Power of one-sided penalties.", among((1, 2)))


def target_field() -> Any:
    """Declares the field `target` of a penalty: the slope that costs nothing."""
    return setting(
        None,
        "K, the slope that a penalty aims at; estimates are then K times W1.",
        positive(),
    )


def make_shape(penalty: Any) -> Shape:
    """The shape that a configuration names, with its target.

    Args:
      penalty: the section `penalty` of a configuration.
    """
    options = {name: getattr(penalty, name) for name in _options(penalty)}
    # Presets leave open what the preset shape does not take: 2 and 1, as in `losses`.
    options = {name: value for name, value in options.items() if value is not None}
    return partial(losses.SHAPES[penalty.shape], **options)


def used_fields(penalty: Any) -> set[str]:
    """Paths of the fields that have an effect on the shape.

    Args:
      penalty: the section `penalty` of a configuration.
    """
    return {"penalty.shape", *(f"penalty.{name}" for name in _options(penalty))}


def sees_signs(penalty: Any) -> bool:
    """Whether a slope costs another amount than its negative: not if squares count.

    Args:
      penalty: the section `penalty` of a configuration.
    """
    return bool(_options(penalty))


def _options(penalty: Any) -> tuple[str, ...]:
    """Names of the fields that the chosen shape takes."""
    shape = losses.SHAPES.get(penalty.shape)
    if shape is losses.one_sided:
        return ("power", "target")
    return ("target",) if shape is losses.two_sided else ()
