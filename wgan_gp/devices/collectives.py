"""Data parallelism inside a training step.

A step runs under the mesh that `jax.set_mesh` has set. Without a mesh, or with one
device, every function here returns its input unchanged. With several devices, samples
are split over the mesh axis `DATA`, each device differentiates the critic's loss on its
shard, and one all-reduce per update averages the gradients. XLA's partitioner splits
the remaining operations.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.sharding import PartitionSpec

DATA = "data"  # the axis of the mesh that batches are split over


def shard_batch(batch: Any) -> Any:
    """Shards a pytree of `[B, ...]` over the devices of the mesh, along B."""
    if not _is_split():
        return batch
    return jax.lax.with_sharding_constraint(batch, PartitionSpec(DATA))


def data_parallel_mean(
    function: Callable[[Any, Any], Any],
) -> Callable[[Any, Any], Any]:
    """Computes a batch mean shard by shard, with one all-reduce for all results.

    Args:
      function: `(params, batch) -> means`, for a batch of arrays `[B, ...]`. Each
        result is a mean over B of a quantity of one sample; through `next_in_batch`
        it may also depend on the sample's neighbour.

    Returns:
      A function with the same arguments and results.
    """
    if not _is_split():
        return function

    def part(params: Any, batch: Any):
        # The barriers keep XLA from splitting the all-reduce into one per array.
        results = jax.lax.optimization_barrier(function(params, batch))
        flat, restore = ravel_pytree(results)
        return restore(jax.lax.optimization_barrier(jax.lax.pmean(flat, DATA)))

    return jax.shard_map(
        part,
        in_specs=(PartitionSpec(), PartitionSpec(DATA)),
        out_specs=PartitionSpec(),
        check_vma=False,
    )


def next_in_batch(x: jax.Array) -> jax.Array:
    """The batch `[B, ...]` rotated by one: sample i + 1 at position i.

    The last position has sample 0. Within `data_parallel_mean` the last position of a
    shard has the first sample of the next device's shard.
    """
    if not _in_part():
        return jnp.roll(x, -1, axis=0)
    size = jax.lax.axis_size(DATA)
    ring = [(device, (device - 1) % size) for device in range(size)]
    return jnp.concatenate([x[1:], jax.lax.ppermute(x[:1], DATA, ring)])


def max_in_batch(x: jax.Array) -> jax.Array:
    """The largest of one number per sample `[B]`, a scalar.

    Within `data_parallel_mean` it is the largest of all shards. It is differentiated as
    one, too: the gradient comes from the device that has the largest number.
    """
    if _in_part():  # `pmax` has no derivative
        x = jax.lax.all_gather(x, DATA, tiled=True)
    return jnp.max(x)


def mean_over_devices(x: jax.Array) -> jax.Array:
    """The mean over devices of values that each computes from its shard of a batch."""
    return jax.lax.pmean(x, DATA) if _in_part() else x


def _in_part() -> bool:
    return DATA in jax.sharding.get_abstract_mesh().manual_axes


def _is_split() -> bool:
    """Whether the mesh has several devices, and this is not code of one shard."""
    mesh = jax.sharding.get_abstract_mesh()
    return dict(mesh.shape).get(DATA, 1) > 1 and not _in_part()
