"""Objectives: what critic and generator minimise, as functions of the critic's values.

The Wasserstein objective is that of [WGAN] and [WGAN-GP]. The others are those that it
is compared with. All have one sign: real samples score higher.

================  ==================================  ======================
name              critic                              generator
================  ==================================  ======================
`WASSERSTEIN`     D(x~) - D(x)                        -D(x~)
`NONSATURATING`   softplus(-D(x)) + softplus(D(x~))   softplus(-D(x~))
`LEAST_SQUARES`   ((D(x) - 1)^2 + D(x~)^2) / 2        (D(x~) - 1)^2 / 2
`HINGE`           max(0, 1 - D(x)) + max(0, 1 + D(x~))  -D(x~)
`RELATIVISTIC`    softplus(D(x~) - D(x))              softplus(D(x) - D(x~))
================  ==================================  ======================

Each is a mean over a batch. The Wasserstein objective needs a Lipschitz constraint to
be bounded, and its difference of values alone is an estimate of W1. The others are
trained with and without one: a critic of slope K saturates softplus less.

    >>> import jax.numpy as jnp
    >>> on_reals, on_fakes = jnp.array([2.0]), jnp.array([-1.0])
    >>> float(WASSERSTEIN.critic(on_reals, on_fakes))
    -3.0
    >>> float(HINGE.critic(on_reals, on_fakes))
    0.0
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Objective(NamedTuple):
    """What the two players minimise.

    Attributes:
      critic: `(on_reals [B], on_fakes [B]) -> []`, the critic's loss without its
        penalty. `critic_loss` calls it with the critic's values.
      generator: `(on_fakes [B], on_reals [B] or None) -> []`. `generator_loss` calls
        it.
      compares: whether the generator's loss depends on real samples. Each generator
        step then draws as many of them as it generates; of a stream it takes those of
        the last critic step.
      bounded: whether the critic's loss is bounded below without a constraint.
      sentence: what it is, for help texts.
      source: its paper.
    """

    critic: Callable[[jax.Array, jax.Array], jax.Array]
    generator: Callable[[jax.Array, Any], jax.Array]
    compares: bool = False
    bounded: bool = True
    sentence: str = ""
    source: str = ""


def _mean_softplus(x: jax.Array) -> jax.Array:
    return jnp.mean(jax.nn.softplus(x))


WASSERSTEIN = Objective(
    critic=lambda reals, fakes: -(jnp.mean(reals) - jnp.mean(fakes)),
    generator=lambda fakes, _: -jnp.mean(fakes),
    bounded=False,
    sentence="Kantorovich-Rubinstein: an estimate of W1 under a Lipschitz constraint.",
    source="Arjovsky et al. 2017, arXiv:1701.07875",
)
NONSATURATING = Objective(
    critic=lambda reals, fakes: _mean_softplus(-reals) + _mean_softplus(fakes),
    generator=lambda fakes, _: _mean_softplus(-fakes),
    sentence="The original GAN: D is the log odds of being real.",
    source="Goodfellow et al. 2014, arXiv:1406.2661, section 3",
)
LEAST_SQUARES = Objective(
    critic=lambda reals, fakes: (
        0.5 * jnp.mean(jnp.square(reals - 1)) + 0.5 * jnp.mean(jnp.square(fakes))
    ),
    generator=lambda fakes, _: 0.5 * jnp.mean(jnp.square(fakes - 1)),
    sentence="LSGAN: D is regressed to 1 on real samples and to 0 on generated ones.",
    source="Mao et al. 2017, arXiv:1611.04076, equation 9",
)
HINGE = Objective(
    critic=lambda reals, fakes: (
        jnp.mean(jax.nn.relu(1 - reals)) + jnp.mean(jax.nn.relu(1 + fakes))
    ),
    generator=lambda fakes, _: -jnp.mean(fakes),
    sentence="Hinge loss: values beyond 1 and -1 are not pushed further.",
    source="Miyato et al. 2018, arXiv:1802.05957, equations 16 and 17",
)
RELATIVISTIC = Objective(
    critic=lambda reals, fakes: _mean_softplus(fakes - reals),
    generator=lambda fakes, reals: _mean_softplus(reals - fakes),
    compares=True,
    sentence="Relativistic pairing: D says which of two samples is the real one.",
    source="Jolicoeur-Martineau 2018, arXiv:1807.00734; Huang et al. 2025,"
    " arXiv:2501.05441",
)

# By the names that configurations use.
OBJECTIVES: dict[str, Objective] = {
    "wasserstein": WASSERSTEIN,
    "nonsaturating": NONSATURATING,
    "least_squares": LEAST_SQUARES,
    "hinge": HINGE,
    "relativistic": RELATIVISTIC,
}
