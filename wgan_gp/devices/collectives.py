"""A batch over the devices of a mesh: what a step has to know of it, and no more.

A step looks up the mesh that `jax.set_mesh` has put around it. Without one, or with one
device, every function here does nothing. With several, what is sampled is split over
the axis `DATA`, each device differentiates the critic's loss on its part, and one
all-reduce per update brings their means together; the compiler splits the rest.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.sharding import PartitionSpec

DATA = "data"  # the axis of the mesh that batches are split over


def shard_batch(batch: Any) -> Any:
    """Has a pytree of `[B, ...]` computed in parts, one on each device."""
    if not _is_split():
        return batch
    return jax.lax.with_sharding_constraint(batch, PartitionSpec(DATA))


def data_parallel_mean(
    function: Callable[[Any, Any], Any],
) -> Callable[[Any, Any], Any]:
    """`function(params, batch)`, a mean over the batch, from each device's part.

    All of its results travel in one all-reduce.

    Args:
      function: of parameters and a pytree of `[B, ...]`, to a pytree of means over B
        of what depends on one sample each. `next_in_batch` may look at neighbours.

    Returns:
      The same function.
    """
    if not _is_split():
        return function

    def part(params: Any, batch: Any):
        # The barrier keeps all that is to be reduced together, for one all-reduce.
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
    """Each sample's successor in a batch `[B, ...]`, the first one's for the last.

    Within `data_parallel_mean` the last of a part is followed by the first of the next.
    """
    if not _in_part():
        return jnp.roll(x, -1, axis=0)
    size = jax.lax.axis_size(DATA)
    ring = [(device, (device - 1) % size) for device in range(size)]
    return jnp.concatenate([x[1:], jax.lax.ppermute(x[:1], DATA, ring)])


def mean_over_devices(x: jax.Array) -> jax.Array:
    """The mean over the devices of what each has from its part of a batch."""
    return jax.lax.pmean(x, DATA) if _in_part() else x


def _in_part() -> bool:
    return DATA in jax.sharding.get_abstract_mesh().manual_axes


def _is_split() -> bool:
    """Whether batches are to be split over devices, and are not already."""
    mesh = jax.sharding.get_abstract_mesh()
    return dict(mesh.shape).get(DATA, 1) > 1 and not _in_part()
