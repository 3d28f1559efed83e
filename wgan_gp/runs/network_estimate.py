"""A trained network critic's estimate of W1 between two sets of samples.

It is no bound: a penalty holds slopes near 1 at the points where it looks, so that the
network may be steeper elsewhere, and the estimate may exceed W1.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp import configs
from wgan_gp.build import CriticExperiment, build_critic
from wgan_gp.constraints import CONSTRAINTS, cones
from wgan_gp.data import resident
from wgan_gp.evaluate.bracket import normal_interval
from wgan_gp.evaluate.distances import as_centred_rows
from wgan_gp.train import bind_critic, make_critic_train

CONES = next(name for name, each in CONSTRAINTS.items() if each is cones.CHOICE)
# Constraints whose critics' estimates are distances in the units of the samples.
CRITICS = (
    CONES,
    *(n for n, each in CONSTRAINTS.items() if each.has_scale and n != CONES),
)
# The optimiser is that of the recipe for the W1 benchmark (docs/w1_benchmark.md).
_FIELDS = {
    "steps": 1000,
    "batch_size": 256,
    "critic": {"hidden": (128, 128)},
    "critic_optimiser": {
        "name": "adam",
        "learning_rate": 2e-3,
        "beta1": 0.9,
        "beta2": 0.99,
        "schedule": "cosine",
    },
}


def network_estimate(
    reals: np.ndarray, fakes: np.ndarray, constraint: str, *, seed: int = 0
) -> tuple[float, tuple[float, float]]:
    """The estimate of a critic that is trained on one half and evaluated on the other.

    Args:
      reals: samples `[n, ...]`.
      fakes: samples `[m, ...]`.
      constraint: a name of `CRITICS` that is not `CONES`.
      seed: of the halves and of the training.

    Returns:
      The difference of means on the samples that the critic has not seen, in the units
      of the samples, and its interval for this critic.

    Raises:
      ValueError: the shapes differ, a sample is not
        finite, or the training diverged.
    """
    reals, fakes = as_centred_rows(reals, fakes)
    draws = np.random.default_rng(seed)
    reals, fakes = (draws.permutation(each) for each in (reals, fakes))
    seen = [each[: len(each) // 2] for each in (reals, fakes)]
    others = [each[len(each) // 2 :] for each in (reals, fakes)]
    critic, scale = _trained_critic(seen[0], seen[1], constraint, seed)
    values = [np.asarray(critic(each / scale), np.float64) for each in others]
    value = float(values[0].mean() - values[1].mean())
    error = float(np.sqrt(sum(each.var(ddof=1) / len(each) for each in values)))
    if not np.isfinite([value, error]).all():
        raise ValueError(f"a critic under {constraint} diverged: use {CONES}")
    low, high = normal_interval(value, error)
    return scale * value, (scale * low, scale * high)


def _trained_critic(
    reals: np.ndarray, fakes: np.ndarray, constraint: str, seed: int
) -> tuple[Callable[[np.ndarray], jax.Array], float]:
    """A network critic that is trained on two sets of samples.

    Args:
      reals: samples `[n, D]` about the common mean.
      fakes: samples `[m, D]`.
      constraint: as in `network_estimate`.
      seed: of the training.

    Returns:
      The critic, a function `[k, D] -> [k]` of samples divided by the scale, and the
      scale: of an entry.
    """
    both = np.concatenate([reals, fakes])
    largest = float(np.abs(both).max()) or 1.0  # whose square may be infinite
    scale = largest * float(np.sqrt(np.square(both / largest).mean())) or 1.0
    experiment = _experiment(reals.shape[1], constraint)
    params = _train(experiment, reals / scale, fakes / scale, jax.random.key(seed))

    def critic(x: np.ndarray) -> jax.Array:
        bound = bind_critic(experiment.algorithm, params)
        return jax.vmap(bound)(jnp.asarray(x, jnp.float32))

    return critic, scale


def _experiment(dimension: int, constraint: str) -> CriticExperiment:
    config = configs.base("critic")
    config.lipschitz = constraint
    config.data.dimension = dimension
    config.data.funnels = 1  # whose place the samples take
    configs.update(config, _FIELDS)
    return build_critic(configs.resolve(config))


def _train(experiment: CriticExperiment, reals, fakes, key: jax.Array):
    def train(sample_real, sample_fake, key):
        algorithm = experiment.algorithm._replace(sample_real=sample_real)
        one = make_critic_train(algorithm, sample_fake, _FIELDS["steps"])
        return one(key, experiment.hyperparameters)[0]

    samplers = (resident(np.asarray(each, np.float32)) for each in (reals, fakes))
    return jax.jit(train)(*samplers, key)
