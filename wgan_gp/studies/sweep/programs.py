"""The compiled functions of a sweep: training steps of many runs under `vmap`.

All arrays have a leading axis of runs, `[R, ...]`, which is sharded over the devices.
The runs are independent, so devices do not communicate.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from wgan_gp import train
from wgan_gp.build import Experiment
from wgan_gp.configs import Settings, get
from wgan_gp.studies.sweep.grouping import traced_fields

RUNS = "runs"  # the axis of the mesh that runs are split over


class TrainedRuns(NamedTuple):
    """The states of R runs after some step."""

    state: train.TrainState
    finite: jax.Array  # [R] bool, whether all numbers so far were finite


class CompiledFunctions(NamedTuple):
    """The compiled functions of a group of runs.

    Attributes:
      start: `(keys, hyperparameters) -> TrainedRuns`. The initial states; called once
        for a chunk that has no checkpoint.
      advance: `(steps, hyperparameters, runs) -> TrainedRuns`. Trains some steps; the
        runs are donated.
    """

    start: Callable[..., Any]
    advance: Callable[..., Any]


def make_mesh(devices: int) -> Mesh:
    """A mesh of the first `devices` devices of this host, along the axis `RUNS`."""
    return jax.make_mesh(
        (devices,), (RUNS,), (AxisType.Auto,), devices=jax.local_devices()[:devices]
    )


def split_over_mesh(tree: Any, mesh: Mesh) -> Any:
    """Shards arrays `[n, ...]` over the mesh.

    The last run is repeated until the number of runs divides over the devices.

    Args:
      tree: of arrays.
      mesh: from `make_mesh`.
    """
    count = mesh.size

    def put(leaf: jax.Array):
        n = len(leaf)
        rows = np.minimum(np.arange(-(-n // count) * count), n - 1)
        return jax.device_put(leaf[rows], NamedSharding(mesh, PartitionSpec(RUNS)))

    return jax.tree.map(put, tree)


def gather(tree: Any, count: int) -> Any:
    """The first `count` runs, on one device: the inverse of `split_over_mesh`."""
    return jax.tree.map(lambda leaf: jax.device_put(leaf, _first())[:count], tree)


def _first() -> jax.Device:
    return jax.local_devices()[0]


def hyperparameters(
    experiment: Experiment, settings: list[Settings]
) -> train.Hyperparameters:
    """The hyperparameters of R runs, as arrays `[R]`.

    Args:
      experiment: of their group.
      settings: of each run.
    """
    fields: dict[str, Any] = {}
    for path, name in traced_fields(settings[0]).items():
        fields[name] = [get(each, path) for each in settings]
    most, counts = experiment.algorithm.n_critic, fields.pop("n_critic")
    made = {name: jnp.asarray(each, jnp.float32) for name, each in fields.items()}
    if any(count != most for count in counts):
        steps = [each.steps * count for each, count in zip(settings, counts)]
        made["n_critic"] = jnp.asarray(counts, jnp.int32)
        made["critic_updates"] = jnp.asarray(steps, jnp.int32)
    return train.Hyperparameters(**made)


def compile_functions(experiment: Experiment, mesh: Mesh) -> CompiledFunctions:
    """The functions of a group, each compiled at its first call.

    Args:
      experiment: of the group.
      mesh: from `make_mesh`.
    """
    algorithm = experiment.algorithm
    one = PartitionSpec(RUNS)

    def start(keys: jax.Array, given: train.Hyperparameters):
        state = jax.vmap(partial(train.init, algorithm))(given, keys)
        return TrainedRuns(state, jnp.ones(len(keys), bool))

    # The sampler is an argument, because a closed-over array becomes a constant of the
    # compiled program.
    def advance(
        sampler: Any, count: jax.Array, given: train.Hyperparameters, runs: TrainedRuns
    ):
        drawn = algorithm._replace(
            critic=algorithm.critic._replace(sample_real=sampler)
        )
        steps = lambda given, state: train.train_steps(  # noqa: E731
            drawn, given, state, count
        )
        state, metrics = jax.vmap(steps)(given, runs.state)
        leaves = jax.tree.leaves((state, metrics))
        return TrainedRuns(state, runs.finite & _all_finite(leaves))

    def split(function: Callable, *specs, **options):
        mapped = jax.shard_map(
            function, mesh=mesh, in_specs=specs, out_specs=one, check_vma=False
        )
        return jax.jit(mapped, **options)

    whole = PartitionSpec()
    stepped = split(advance, whole, whole, one, one, donate_argnums=3)
    sampler = experiment.dataset.sample
    if not isinstance(sampler, jax.tree_util.Partial):
        sampler = jax.tree_util.Partial(sampler)
    # Copied to the mesh once, as otherwise every call would copy the data.
    sampler = jax.device_put(sampler, NamedSharding(mesh, whole))
    return CompiledFunctions(
        start=split(start, one, one),
        advance=partial(stepped, sampler),
    )


def _all_finite(leaves: list[jax.Array]) -> jax.Array:
    """Whether all numbers of each run are finite, `[R]`, for arrays `[R, ...]`."""
    finite = [
        jnp.all(jnp.isfinite(leaf), axis=tuple(range(1, leaf.ndim)))
        for leaf in leaves
        if jnp.issubdtype(leaf.dtype, jnp.floating)
    ]
    return jnp.all(jnp.stack(finite), axis=0)
