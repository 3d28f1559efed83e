"""Weight clipping: every parameter stays in [-c, c] ([WGAN], Algorithm 1, line 7).

What it bounds: a network whose parameters lie in a box has a Lipschitz constant below
some K. K depends on c, on the widths and, as a product over the layers, on the depth.
It is not 1, and it is not known.

How the strength acts: c is a bound, not a weight. K grows about as c to the power of
the number of layers. A smaller c constrains more and shrinks the critic's values.

What its papers found: [WGAN] calls clipping "a clearly terrible way to enforce a
Lipschitz constraint", and uses c = 0.01 with RMSProp at a rate of 5e-5, since momentum
made training unstable. [WGAN-GP] (section 3) shows the defects: critics that are too
simple, parameters that pile up at -c and c, and gradients that explode or vanish with
depth unless c is tuned with care.

When it fails: its Wasserstein estimates are K W1 at best, so that they are not
distances and runs with other networks or other c do not compare. Deep critics do not
train without normalisation or a c found by search.
"""

import dataclasses

from wgan_gp import losses
from wgan_gp.constraints.value import RMSPROP, Choice, Constraint, optimisers
from wgan_gp.system.fields import positive, setting

# After the step: the bound then holds whenever the critic is evaluated. Arjovsky's
# code clips before the next step instead.
CLIP = Constraint(project=losses.clip_weights)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClipSettings:
    """What a configuration can set of weight clipping.

    Attributes:
      clip_bound: c, the bound on the absolute value of each parameter, > 0. None means
        the preset, 0.01.
    """

    clip_bound: float | None = setting(
        None, "c: each update clips weights to [-c, c].", positive()
    )


CHOICE = Choice(
    settings=ClipSettings,
    section="",
    make=lambda section: CLIP,
    used=lambda section: {"clip_bound"},
    presets={"clip_bound": 0.01} | optimisers(RMSPROP),
    strength="clip_bound",
    symbol="c",
    strengths=(0.1, 0.01, 0.001),
    has_scale=False,
    colour="#D55E00",
    sentence="Every parameter is clipped to [-c, c] after each critic update.",
    source="Arjovsky et al. 2017, arXiv:1701.07875",
    published_as="WC",
)
