"""Weight clipping (Arjovsky et al. 2017)."""

import dataclasses

from wgan_gp import losses
from wgan_gp.constraints.value import RMSPROP, Choice, Constraint, optimisers
from wgan_gp.system.fields import positive, setting

CLIP = Constraint(project=losses.clip_weights)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClipSettings:
    """What a configuration can set of weight clipping."""

    clip_bound: float | None = setting(
        None, "c: each update clips weights to [-c, c].", positive()
    )


CHOICE = Choice(
    settings=ClipSettings,
    section="",
    make=lambda penalty: CLIP,
    used=lambda penalty: {"clip_bound"},
    presets={"clip_bound": 0.01} | optimisers(RMSPROP),
    strength="clip_bound",
    symbol="c",
    has_scale=False,
    colour="#D55E00",
    sentence="Every parameter is clipped to [-c, c] after each critic update.",
    source="Arjovsky et al. 2017, arXiv:1701.07875",
)
