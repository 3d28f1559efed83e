"""Solves cells of the benchmark: critics of one dimension, trained in one program."""

import dataclasses
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp import configs
from wgan_gp.build import build_critic
from wgan_gp.data.pairs import Pair, PairData, make_pair
from wgan_gp.evaluate.truth import Truth, compare_to_truth, trivial_cosine
from wgan_gp.train import bind_critic, make_critic_train


def solve_cells(
    settings: configs.CriticSettings, funnels: tuple[int, ...], seeds: range
) -> Truth:
    """Trains and measures a critic for each cell and seed, all in one program.

    Args:
      settings: of task "critic"; their `data.funnels` is not used.
      funnels: the number of funnels of each of the C cells.
      seeds: the S seeds; each cell is solved with each of them.

    Returns:
      Metrics `[C, S]` of the critics, beside the known optimum.
    """
    experiment = build_critic(settings)
    widest = max(funnels)
    pairs = [
        make_pair(dataclasses.replace(settings.data, funnels=n), widest)
        for n in funnels
    ]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *pairs)

    def solve(pair: Pair, seed: jax.Array):
        train_key, eval_key = _keys(seed)
        algorithm = experiment.algorithm._replace(sample_real=pair.sample_real)
        train = make_critic_train(algorithm, pair.sample_fake, settings.steps)
        critic, _ = train(train_key, experiment.hyperparameters)
        bound = bind_critic(algorithm, critic)
        return compare_to_truth(bound, pair, eval_key, settings.eval_samples)

    over_seeds = jax.vmap(solve, in_axes=(None, 0))
    program = jax.jit(jax.vmap(over_seeds, in_axes=(0, None)))
    return jax.tree.map(np.asarray, program(stacked, jnp.asarray(seeds)))


@cache
def trivial_cosines(
    dimension: int, funnels: int, cell_seed: int, seeds: range, samples: int
) -> list[float]:
    """The cosine of the critic -||x|| on the held-out samples of a cell's critics.

    Args:
      dimension: D.
      funnels: N.
      cell_seed: `data.seed`, of the centres.
      seeds: of the critics.
      samples: `eval_samples`.
    """
    data = PairData(
        kind="funnels", dimension=dimension, funnels=funnels, seed=cell_seed
    )
    pair = make_pair(data)
    measure = jax.jit(partial(trivial_cosine, pair, n=samples))
    return [float(measure(_keys(seed)[1])) for seed in seeds]


def _keys(seed: int | jax.Array) -> tuple[jax.Array, jax.Array]:
    """The keys of the training and of the held-out samples."""
    train_key, eval_key = jax.random.split(jax.random.key(seed))
    return train_key, eval_key
