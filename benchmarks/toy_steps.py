"""Training on 2-D data that benchmarks measure; PyTorch is not needed here."""

from collections.abc import Callable
from functools import partial

import jax
from jax.sharding import AxisType, PartitionSpec

from wgan_gp import configs, devices, train
from wgan_gp.build import build

BATCH, N_CRITIC = 256, 5


def algorithm(width: int, batch: int = BATCH):
    """WGAN-GP on 8 Gaussians, with three hidden layers in both networks."""
    config = configs.base()
    config.batch_size, config.n_critic = batch, N_CRITIC
    config.critic.hidden = config.generator.hidden = (width,) * 3
    experiment = build(configs.resolve(config))
    return experiment.algorithm, experiment.hyperparameters


def runner(
    width: int, iterations: int, count: int = 1, batch: int = BATCH
) -> Callable[[], None]:
    """A function that trains for `iterations` and waits.

    Args:
      width: of the hidden layers.
      iterations: of each call.
      count: how many devices share a batch.
      batch: the samples of an update.
    """
    parts, mesh = algorithm(width, batch), devices.make_mesh(count)
    state = jax.jit(partial(train.init, *parts))(jax.random.key(0))
    step = devices.jit_replicated(
        partial(train.train_steps, *parts), mesh, donate_argnums=0
    )
    holder = [devices.replicate(state, mesh)]

    def run():
        holder[0], _ = step(holder[0], iterations)
        jax.block_until_ready(holder[0])

    return run


def runner_of_many(
    width: int, iterations: int, runs: int, count: int
) -> Callable[[], object]:
    """A function that trains many runs in one program and waits.

    Args:
      width: of the hidden layers.
      iterations: of each run.
      runs: how many, by `jax.vmap`.
      count: devices over which they are split.
    """
    parts = algorithm(width)
    mesh = jax.make_mesh(
        (count,), ("runs",), (AxisType.Auto,), devices=jax.devices()[:count]
    )
    spread = partial(
        jax.shard_map,
        mesh=mesh,
        in_specs=PartitionSpec("runs"),
        out_specs=PartitionSpec("runs"),
        check_vma=False,
    )
    init = jax.jit(spread(jax.vmap(partial(train.init, *parts))))
    steps = partial(train.train_steps, *parts, count=iterations)
    advance = jax.jit(spread(jax.vmap(lambda state: steps(state)[0])))
    state = init(jax.random.split(jax.random.key(0), runs))
    return lambda: jax.block_until_ready(advance(state))
