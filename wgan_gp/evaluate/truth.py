"""How near a critic is to the optimal one, where that is known."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from wgan_gp import losses
from wgan_gp.data import funnels as benchmark
from wgan_gp.data.funnels import Funnels
from wgan_gp.evaluate.critic import cosine_similarity

_CHUNK = 1024  # samples; bounds memory where there are many funnels


class Truth(NamedTuple):
    """A critic beside the optimal one, on held-out samples; scalars."""

    cosine: jax.Array  # mean cosine of the gradients at real samples, all of them
    cosine_clear: jax.Array  # the same without samples too near a funnel's centre
    left_out: jax.Array  # share of the samples that are
    l2: jax.Array  # mean squared distance of the gradients, all samples
    estimate: jax.Array  # the critic's Wasserstein estimate
    w1: jax.Array  # of the optimal critic, on the same samples


def compare_to_truth(
    critic: losses.Critic, funnels: Funnels, key: jax.Array, n: int
) -> Truth:
    """Measures a critic as Korotin et al. 2022 do (arXiv:2206.07767, section 5).

    At the centre of a funnel the true gradient is undefined, and so many real samples
    lie there in two dimensions that rounding decides 5 to 8 % of the directions. The
    published cosines include them; `cosine_clear` does not.

    Args:
      critic: a function of one sample `[D]` that returns a scalar.
      funnels: the benchmark it was trained on.
      key: of the held-out samples.
      n: how many real and how many generated ones; the paper takes 4,096.

    Raises:
      ValueError: the critic does not return a scalar for one sample.
    """
    real_key, fake_key = jax.random.split(key)
    reals = benchmark.sample_real(funnels, real_key, n)
    fakes = benchmark.sample_fake(funnels, fake_key, n)
    losses.check_critic(critic, reals[0])
    over = partial(jax.lax.map, batch_size=_CHUNK)
    mean = lambda values: jnp.mean(losses.at_least_float32(values))  # noqa: E731
    gradient = over(jax.grad(critic), reals)
    true, radius = over(partial(benchmark.optimal_gradient, funnels), reals)
    cosine = jax.vmap(cosine_similarity)(gradient, true)
    clear = radius >= benchmark.MIN_RADIUS
    optimal = partial(benchmark.potential, funnels)
    return Truth(
        cosine=jnp.mean(cosine),
        cosine_clear=jnp.mean(cosine, where=clear),
        left_out=1 - jnp.mean(clear),
        l2=jnp.mean(jnp.sum(jnp.square(gradient - true), axis=1)),
        estimate=mean(over(critic, reals)) - mean(over(critic, fakes)),
        w1=jnp.mean(over(optimal, fakes)) - jnp.mean(over(optimal, reals)),
    )
