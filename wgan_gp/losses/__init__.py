"""The mathematics: where a critic's slope is measured, how, and what it costs.

A critic D estimates the Wasserstein-1 distance of two distributions by
mean D(x) - mean D(x_tilde), provided that its slope is at most 1 ([WGAN], equation 2).
A Lipschitz constraint sees to that. It is a projection (`clip_weights`) or a penalty
`weight * shape(slope(points))`, put together from three small choices:

======  ==================================================================
points  `interpolates`, `endpoints`, `at_reals`, `at_fakes`, `around_reals`,
        `uniform_box`; with steps: `with_steps`, `with_probes`; pairs of them:
        `independent_pairs`, `segment_pairs`, `endpoint_pairs`
slope   `gradient_norm`, `directional_quotient`, `adversarial_quotient`,
        `difference_quotient`, `signed_difference_quotient`
shape   `two_sided`, `one_sided`, `zero_centred`
======  ==================================================================

`slope_penalty` composes one of each, and may reduce the slopes of a batch to one. Sums
are made by `sum_penalties`. The named compositions are `gradient_penalty` (WGAN-GP),
`one_sided_gradient_penalty` (WGAN-LP), `difference_penalty`, `directional_penalty` and
`adversarial_penalty` (ALP):

    >>> import jax
    >>> from wgan_gp import losses
    >>> critic = lambda x: 3 * x[0]  # slope 3 everywhere
    >>> reals, fakes = jax.numpy.ones((4, 2)), jax.numpy.zeros((4, 2))
    >>> loss, scalars = losses.critic_loss(critic, reals, fakes, jax.random.key(0))
    >>> float(scalars["wasserstein"]), float(scalars["penalty"]), float(loss)
    (3.0, 4.0, 37.0)

A critic here is any function of ONE sample that returns a scalar, or of a sample and
its condition (a label, say), which the losses take as `condition=`. Batches come from
`jax.vmap`, so a layer that mixes samples cannot be written by accident. No neural
network library is imported here; `docs/critics.md` shows critics made with several.

Papers: [WGAN] Arjovsky et al. 2017, arXiv:1701.07875. [WGAN-GP] Gulrajani et al.
2017, arXiv:1704.00028. [WGAN-LP] Petzka et al. 2018, arXiv:1709.08894.
"""

from wgan_gp.losses.adversarial import (
    PROBE,
    REACH,
    SHORTEST,
    adversarial_penalty,
    adversarial_quotient,
    with_probes,
)
from wgan_gp.losses.checks import Critic, Penalty, Points, Shape
from wgan_gp.losses.critics import check_critic, check_per_sample
from wgan_gp.losses.difference import difference_penalty
from wgan_gp.losses.directional import (
    STEP,
    central_quotient,
    directional_penalty,
    directional_quotient,
    with_steps,
)
from wgan_gp.losses.floats import as_floats, at_least_float32
from wgan_gp.losses.game import (
    critic_loss,
    generator_loss,
    wasserstein_estimate,
)
from wgan_gp.losses.objectives import OBJECTIVES, WASSERSTEIN, Objective
from wgan_gp.losses.pairs import (
    PAIRINGS,
    endpoint_pairs,
    independent_pairs,
    segment_pairs,
)
from wgan_gp.losses.penalties import (
    gradient_penalty,
    one_sided_gradient_penalty,
    slope_penalty,
    sum_penalties,
)
from wgan_gp.losses.points import (
    MIN_DISTANCE,
    around_reals,
    at_fakes,
    at_reals,
    endpoints,
    interpolate,
    interpolates,
    pair_distances,
    sample_keys,
    split_keys,
    uniform_box,
)
from wgan_gp.losses.projections import clip_weights
from wgan_gp.losses.shapes import SHAPES, one_sided, two_sided, zero_centred
from wgan_gp.losses.slopes import (
    MIN_NORM,
    difference_quotient,
    gradient_norm,
    signed_difference_quotient,
)

__all__ = [
    "MIN_DISTANCE",
    "MIN_NORM",
    "OBJECTIVES",
    "PAIRINGS",
    "PROBE",
    "REACH",
    "SHAPES",
    "SHORTEST",
    "STEP",
    "WASSERSTEIN",
    "Critic",
    "Objective",
    "Penalty",
    "Points",
    "Shape",
    "adversarial_penalty",
    "adversarial_quotient",
    "around_reals",
    "as_floats",
    "at_fakes",
    "at_least_float32",
    "at_reals",
    "central_quotient",
    "check_critic",
    "check_per_sample",
    "clip_weights",
    "critic_loss",
    "difference_penalty",
    "difference_quotient",
    "directional_penalty",
    "directional_quotient",
    "endpoint_pairs",
    "endpoints",
    "generator_loss",
    "gradient_norm",
    "gradient_penalty",
    "independent_pairs",
    "interpolate",
    "interpolates",
    "one_sided",
    "one_sided_gradient_penalty",
    "pair_distances",
    "sample_keys",
    "segment_pairs",
    "signed_difference_quotient",
    "slope_penalty",
    "split_keys",
    "sum_penalties",
    "two_sided",
    "uniform_box",
    "wasserstein_estimate",
    "with_probes",
    "with_steps",
    "zero_centred",
]
