"""How near a critic is to the optimal one, where that is known.

On the pairs of `data.pairs` the optimal critic is known. A trained
critic can therefore be judged by its gradient, which is what a generator learns from,
and not by its estimate alone: a critic may have a good estimate and bad gradients, or
the reverse. Expect a penalised critic's estimate to exceed W1 where it fits well, since
a finite weight lets slopes exceed 1.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from wgan_gp import losses
from wgan_gp.data.pairs import MIN_RADIUS, Pair, from_origin
from wgan_gp.evaluate.critic import cosine_similarity

_CHUNK = 1024  # samples; bounds memory where there are many funnels


class Truth(NamedTuple):
    """A critic beside the optimal one, on held-out samples; scalars.

    Attributes:
      cosine: mean cosine of the critic's and the optimal gradient, at all real samples.
      trivial: the same for the critic -||x||, in the norm of the pair, which has
        learned nothing but where the origin is. In many dimensions that is much.
      skill: (cosine - trivial) / (1 - trivial): the share of what is to be learned that
        was. It is 0 for that critic, 1 for the optimal one, and below 0 for worse ones.
      cosine_clear: the same without the samples too near to a funnel's centre, or to
        where the mass of another pair comes together.
      left_out: share of the samples that are too near to it, 0 to 1.
      l2: mean squared distance of the two gradients, at all real samples.
      estimate: the critic's Wasserstein estimate, in the units of the samples.
      w1: the optimal critic's estimate on the same samples.
    """

    cosine: jax.Array
    trivial: jax.Array
    skill: jax.Array
    cosine_clear: jax.Array
    left_out: jax.Array
    l2: jax.Array
    estimate: jax.Array
    w1: jax.Array


def compare_to_truth(
    critic: losses.Critic, pair: Pair, key: jax.Array, n: int
) -> Truth:
    """Measures a critic as Korotin et al. 2022 do (arXiv:2206.07767, section 5).

    At the centre of a funnel the true gradient is undefined, and so many real samples
    lie there in two dimensions that rounding decides 5 to 8 % of the directions. The
    published cosines include them; `cosine_clear` does not.

    Args:
      critic: a function of one sample that returns a scalar.
      pair: what it was trained on.
      key: of the held-out samples.
      n: how many real and how many generated ones; the paper takes 4,096.

    Returns:
      The comparison. Every number is a mean over the n samples.

    Raises:
      ValueError: the critic does not return a scalar for one sample.
    """
    real_key, fake_key = jax.random.split(key)
    reals = pair.sample_real(real_key, n)
    fakes = pair.sample_fake(fake_key, n)
    losses.check_critic(critic, reals[0])
    over = partial(jax.lax.map, batch_size=_CHUNK)
    mean = lambda values: jnp.mean(losses.at_least_float32(values))  # noqa: E731
    gradient = over(jax.grad(critic), reals)
    true, radius = over(pair.optimal_gradient, reals)
    cosine = jax.vmap(cosine_similarity)(gradient, true)
    trivial = _trivial(pair, reals, true)
    clear = radius >= MIN_RADIUS
    return Truth(
        cosine=jnp.mean(cosine),
        trivial=trivial,
        skill=skill(jnp.mean(cosine), trivial),
        cosine_clear=jnp.mean(cosine, where=clear),
        left_out=1 - jnp.mean(clear),
        l2=jnp.sum(jnp.square(gradient - true)) / n,
        estimate=mean(over(critic, reals)) - mean(over(critic, fakes)),
        w1=jnp.mean(over(pair.potential, fakes))
        - jnp.mean(over(pair.potential, reals)),
    )


def trivial_cosine(pair: Pair, key: jax.Array, n: int) -> jax.Array:
    """The mean cosine of the gradients for the critic -||x||, as `Truth.trivial`.

    Args:
      pair: two distributions.
      key: as in `compare_to_truth`, whose samples it then takes.
      n: how many.

    Returns:
      The cosine `[]`.
    """
    reals = pair.sample_real(jax.random.split(key)[0], n)
    true, _ = jax.lax.map(pair.optimal_gradient, reals, batch_size=_CHUNK)
    return _trivial(pair, reals, true)


def _trivial(pair: Pair, reals: jax.Array, true: jax.Array) -> jax.Array:
    found = jax.vmap(from_origin(pair.shape, pair.norm))(reals)
    return jnp.mean(jax.vmap(cosine_similarity)(found, true))


def skill(cosine: Any, trivial: Any) -> Any:
    """(cosine - trivial) / (1 - trivial), as `Truth.skill`.

    Args:
      cosine: of a critic.
      trivial: of the critic -||x|| on the same pair, below 1; an array or a number, as
        the cosine.
    """
    return (cosine - trivial) / (1 - trivial)
