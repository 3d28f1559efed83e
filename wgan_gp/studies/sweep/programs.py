"""Many runs in one program: their steps under `vmap`, split over devices.

Each function takes and returns trees whose leaves have an axis of runs, `[R, ...]`.
Devices have an equal share of them each, and tell each other nothing.
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
    """Runs at one moment."""

    state: train.TrainState
    finite: jax.Array  # [R] bool, whether all numbers have been


class CompiledFunctions(NamedTuple):
    """The compiled functions of a program."""

    start: Any  # keys, hyperparameters -> TrainedRuns
    advance: Any  # steps, hyperparameters, TrainedRuns -> TrainedRuns


def make_mesh(devices: int) -> Mesh:
    """A mesh of the first devices of this host, along `RUNS`."""
    return jax.make_mesh(
        (devices,), (RUNS,), (AxisType.Auto,), devices=jax.local_devices()[:devices]
    )


def split_over_mesh(tree: Any, mesh: Mesh) -> Any:
    """Splits `[n, ...]` over the mesh; the last run is repeated to make them even."""
    count = mesh.size

    def put(leaf: jax.Array):
        n = len(leaf)
        rows = np.minimum(np.arange(-(-n // count) * count), n - 1)
        return jax.device_put(leaf[rows], NamedSharding(mesh, PartitionSpec(RUNS)))

    return jax.tree.map(put, tree)


def gather(tree: Any, count: int) -> Any:
    """The first `count` of each leaf, on one device: repeats are left out."""
    return jax.tree.map(lambda leaf: jax.device_put(leaf, _first())[:count], tree)


def _first() -> jax.Device:
    return jax.local_devices()[0]


def hyperparameters(
    experiment: Experiment, settings: list[Settings]
) -> train.Hyperparameters:
    """Those of each run, `[R]`; what is the same in all of `settings` too.

    Args:
      experiment: of their program.
      settings: each run's configuration.
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
    """The functions of a program, compiled when they are first called.

    Args:
      experiment: what its runs share.
      mesh: from `make_mesh`.
    """
    algorithm = experiment.algorithm
    one = PartitionSpec(RUNS)

    def start(keys: jax.Array, given: train.Hyperparameters):
        state = jax.vmap(partial(train.init, algorithm))(given, keys)
        return TrainedRuns(state, jnp.ones(len(keys), bool))

    # The sampler is an argument: what a program closes over is compiled into it.
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
    # Once: a call would copy the data to the mesh each time.
    sampler = jax.device_put(sampler, NamedSharding(mesh, whole))
    return CompiledFunctions(
        start=split(start, one, one),
        advance=partial(stepped, sampler),
    )


def _all_finite(leaves: list[jax.Array]) -> jax.Array:
    """Whether all numbers `[R, ...]` of each run are finite, `[R]`."""
    finite = [
        jnp.all(jnp.isfinite(leaf), axis=tuple(range(1, leaf.ndim)))
        for leaf in leaves
        if jnp.issubdtype(leaf.dtype, jnp.floating)
    ]
    return jnp.all(jnp.stack(finite), axis=0)
