"""A batch over the devices of a mesh: what a step has to know of it, and no more.

A step looks up the mesh that `jax.set_mesh` has put around it. Without one, or with one
device, every function here does nothing. With several, what is sampled is split over
the axis `DATA`, each device differentiates the critic's loss on its part, and one
all-reduce per update brings their means together; the compiler splits the rest.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

DATA = "data"  # the axis of the mesh that batches are split over


def make_mesh(count: int) -> Mesh:
    """A mesh of the first `count` devices of all hosts, along `DATA`."""
    devices = jax.devices()[:count]
    return jax.make_mesh((count,), (DATA,), (AxisType.Auto,), devices=devices)


def compiled(function: Callable, mesh: Mesh, **options: Any) -> Callable:
    """`jax.jit` under a mesh; results are whole on each device.

    Args:
      function: of pytrees of arrays.
      mesh: from `make_mesh`.
      **options: of `jax.jit`.
    """
    made = jax.jit(function, out_shardings=everywhere(mesh), **options)

    def run(*arguments):
        with jax.set_mesh(mesh):
            return made(*arguments)

    return run


def everywhere(mesh: Mesh) -> NamedSharding:
    """The sharding of arrays that each device has whole."""
    return NamedSharding(mesh, PartitionSpec())


def replicate(tree: Any, mesh: Mesh) -> Any:
    """The same arrays, whole on each device; every host must hold the same."""
    return jax.device_put(tree, everywhere(mesh))


def local(tree: Any) -> Any:
    """Arrays that each device has whole, as arrays of one device of this host."""
    return jax.tree.map(lambda leaf: leaf.addressable_shards[0].data, tree)


def from_hosts(tree: Any, mesh: Mesh) -> Any:
    """Stacks of batches that each host holds its rows of, as arrays over the mesh.

    Args:
      tree: NumPy arrays `[steps, rows of this host, ...]`.
      mesh: from `make_mesh`.

    Returns:
      Arrays `[steps, rows of all hosts, ...]`, split along their second axis.
    """
    rows = NamedSharding(mesh, PartitionSpec(None, DATA))
    put = partial(jax.make_array_from_process_local_data, rows)
    return jax.tree.map(put, tree)


def split(batch: Any) -> Any:
    """Has a pytree of `[B, ...]` computed in parts, one on each device."""
    if not _devices():
        return batch
    return jax.lax.with_sharding_constraint(batch, PartitionSpec(DATA))


def mean_of_parts(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """`function(params, batch)`, a mean over the batch, from each device's part.

    All of its results travel in one all-reduce.

    Args:
      function: of parameters and a pytree of `[B, ...]`, to a pytree of means over B
        of what depends on one sample each. `next_sample` may look at neighbours.

    Returns:
      The same function.
    """
    if not _devices():
        return function

    def part(params, batch):
        # The barrier keeps all that is to be reduced together, for one all-reduce.
        results = jax.lax.optimization_barrier(function(params, batch))
        return jax.lax.pmean(results, DATA)

    return jax.shard_map(
        part,
        in_specs=(PartitionSpec(), PartitionSpec(DATA)),
        out_specs=PartitionSpec(),
        check_vma=False,
    )


def next_sample(x: jax.Array) -> jax.Array:
    """Each sample's successor in a batch `[B, ...]`, the first one's for the last.

    Within `mean_of_parts` the last of a part is followed by the first of the next.
    """
    if not _in_part():
        return jnp.roll(x, -1, axis=0)
    size = jax.lax.axis_size(DATA)
    ring = [(device, (device - 1) % size) for device in range(size)]
    return jnp.concatenate([x[1:], jax.lax.ppermute(x[:1], DATA, ring)])


def mean_of_all(x: jax.Array) -> jax.Array:
    """The mean over the devices of what each has from its part of a batch."""
    return jax.lax.pmean(x, DATA) if _in_part() else x


def _in_part() -> bool:
    return DATA in jax.sharding.get_abstract_mesh().manual_axes


def _devices() -> int:
    """How many devices batches are to be split over; 0 if they are not."""
    mesh = jax.sharding.get_abstract_mesh()
    count = 0 if mesh.empty else dict(mesh.shape).get(DATA, 0)
    return 0 if count == 1 or DATA in mesh.manual_axes else count
