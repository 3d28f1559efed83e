"""A batch over the devices of a mesh: what a step has to know of it, and no more.

A step looks up the mesh that `jax.set_mesh` has put around it. Without one, or with one
device, every function here does nothing. With several, what is sampled is split over
the axis `DATA`, each device differentiates the critic's loss on its part, and one
all-reduce per update brings their means together; the compiler splits the rest.
"""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from ml_collections import FrozenConfigDict

from wgan_gp.platforms import cores

DATA = "data"  # the axis of the mesh that batches are split over
_LEAST_WORK = 8192  # samples times width, of a CPU's device that is worth its own


def make_mesh(count: int) -> Mesh:
    """A mesh of `count` devices along `DATA`, as many of each host.

    Args:
      count: a multiple of the number of hosts.
    """
    devices = _first_of_each(jax.devices(), count // jax.process_count())
    return jax.make_mesh((count,), (DATA,), (AxisType.Auto,), devices=devices)


def _first_of_each(devices: list[Any], each: int) -> list[Any]:
    """The first `each` devices of every host, in their order."""
    taken: dict[int, int] = {}
    chosen = []
    for device in devices:
        host = device.process_index
        taken[host] = taken.get(host, 0) + 1
        if taken[host] <= each:
            chosen.append(device)
    return chosen


def mesh_for(config: FrozenConfigDict) -> Mesh:
    """The mesh that a run's batches are split over.

    Args:
      config: from `configs.resolve`. Where its `mesh.data` is 0, the mesh has as many
        devices as the batches divide over.

    Raises:
      ValueError: there are fewer devices than `mesh.data`, or a batch does not divide
        over them, or not over the hosts.
    """
    if config.mesh.data:
        _check_available(config.mesh.data)
        _check_divides(config, config.mesh.data)
        return make_mesh(config.mesh.data)
    hosts = jax.process_count()
    own = [device.process_index for device in jax.devices()]
    each = min(own.count(host) for host in set(own))
    return make_mesh(largest_count(config, hosts=hosts, each=each))


def largest_count(config: FrozenConfigDict, *, hosts: int, each: int) -> int:
    """The most devices, as many of each host, that a run's batches divide over.

    Args:
      config: from `configs.resolve`.
      hosts: the number of hosts.
      each: the devices of each.

    Raises:
      ValueError: a batch does not divide over the hosts.
    """
    for count in range(hosts * each, hosts, -hosts):
        if not any(size % unit for _, size, unit in _batches(config, count)):
            return count
    _check_divides(config, hosts)
    return hosts


def idle(mesh: Mesh, config: FrozenConfigDict) -> str | None:
    """A line that says how many devices a run leaves idle, if it was not asked to."""
    if config.mesh.data or mesh.size == jax.device_count():
        return None
    sizes = {name: size for name, size, _ in _batches(config, mesh.size)}.items()
    return (
        f"training on {mesh.size} of {jax.device_count()} devices: the batches do not"
        f" divide over more ({', '.join(f'{name} = {size}' for name, size in sizes)})"
    )


def _check_available(wanted: int) -> None:
    there, hosts = jax.device_count(), jax.process_count()
    if wanted > there:
        cure = f"take at most {there}, or 0 for all that the batches divide over"
        if jax.default_backend() == "cpu":
            cure += ", or set JAX_NUM_CPU_DEVICES"
        raise ValueError(
            f"mesh.data is {wanted}, but there are {there} devices"
            f" ({jax.default_backend()}): {cure}"
        )
    if hosts > 1 and wanted != there:
        raise ValueError(
            f"mesh.data is {wanted}, but {hosts} hosts take part with {there} devices"
            f" in all: take {there}, or 0 for all that the batches divide over"
        )


def _batches(config: FrozenConfigDict, count: int) -> list[tuple[str, int, int]]:
    """Each batch's field, its size, and what must divide it on so many devices."""
    parts = config.compute.microbatches if "compute" in config else 1
    found = [("batch_size", config.batch_size, count * parts)]
    if size := config.get("generator_batch_size"):
        found.append(("generator_batch_size", size, count))
    return found


def _check_divides(config: FrozenConfigDict, count: int) -> None:
    for name, size, unit in _batches(config, count):
        if size % unit == 0:
            continue
        parts = unit // count
        over = f"{count} devices"
        over += f" in {parts} microbatches each" if parts > 1 else ""
        below, above = size - size % unit, size - size % unit + unit
        nearest = f"{below} or {above}" if below else f"{above}"
        cure = "set mesh.data to 0" if config.mesh.data else "take fewer hosts"
        raise ValueError(
            f"{name} must divide over {over}, got {size}: the nearest that does is"
            f" {nearest}, or {cure}"
        )


def provide_cpu_devices(count: int) -> None:
    """Has a CPU act as so many devices, but not as more than it has cores.

    Of no effect on accelerators, and if the number is set already
    (JAX_NUM_CPU_DEVICES).

    Args:
      count: of devices.

    Raises:
      ValueError: JAX has been used before, and the CPU acts as another number.
    """
    count = min(count, cores())
    chosen = "xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", "")
    if chosen or jax.config.values["jax_num_cpu_devices"] >= 0:
        return
    try:
        jax.config.update("jax_num_cpu_devices", count)
    except RuntimeError:  # it counts devices once, when the first array is made
        if jax.default_backend() == "cpu" and jax.device_count() != count:
            raise ValueError(
                f"an array was made before the CPU acted as {count} devices, perhaps at"
                " the top of the config file: make it with NumPy, or set"
                f" JAX_NUM_CPU_DEVICES={count}"
            ) from None


def cpu_devices(config: FrozenConfigDict) -> int:
    """How many devices a CPU is best split into.

    As measured by benchmarks/scaling.py on multilayer perceptrons, beside one device
    that has all cores; networks for images have not been measured, and stay on one.

    Args:
      config: from `configs.resolve`.
    """
    if config.critic.network != "mlp":
        return 1
    work = config.batch_size * min(config.critic.hidden, default=1)
    fit = (
        count
        for count in range(cores(), 1, -1)
        if config.batch_size % count == 0 and work // count >= _LEAST_WORK
    )
    return next(fit, 1)


def compiled(function: Callable, mesh: Mesh, **options: Any) -> Callable:
    """`jax.jit` under a mesh; results are whole on each device.

    Args:
      function: of pytrees of arrays.
      mesh: from `make_mesh`.
      **options: of `jax.jit`.

    Returns:
      The function; not to be called while another is traced.
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
    put = partial(jax.make_array_from_process_local_data, everywhere(mesh))
    return with_keys(
        jax.tree.map(lambda leaf: put(np.asarray(leaf)), plain(tree)), tree
    )


def local(tree: Any) -> Any:
    """Arrays that each device has whole, as arrays of one device of this host.

    They share the memory: a function that the tree is donated to takes them with it.
    """
    own = jax.tree.map(lambda leaf: leaf.addressable_data(0), plain(tree))
    return with_keys(own, tree)


def plain(tree: Any) -> Any:
    """Keys as the numbers they are made of: few functions take those of many hosts."""
    return jax.tree.map(lambda leaf: _key_data(leaf) if _is_key(leaf) else leaf, tree)


def with_keys(tree: Any, like: Any) -> Any:
    """What `plain` was made from, in the form of `like`."""
    return jax.tree.map(
        lambda of, leaf: jax.random.wrap_key_data(leaf) if _is_key(of) else leaf,
        like,
        tree,
    )


def _is_key(leaf: Any) -> bool:
    dtype = getattr(leaf, "dtype", None)  # plain numbers have none
    return dtype is not None and jnp.issubdtype(dtype, jax.dtypes.prng_key)


_key_data = jax.jit(jax.random.key_data)


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
    if not _is_split():
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
    if not _is_split():
        return function

    def part(params, batch):
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


def next_sample(x: jax.Array) -> jax.Array:
    """Each sample's successor in a batch `[B, ...]`, the first one's for the last.

    Within `mean_of_parts` the last of a part is followed by the first of the next.
    """
    if not _in_part():
        return jnp.roll(x, -1, axis=0)
    size = jax.lax.axis_size(DATA)
    ring = [(device, (device - 1) % size) for device in range(size)]
    return jnp.concatenate([x[1:], jax.lax.ppermute(x[:1], DATA, ring)])


def whole_size(x: jax.Array) -> int:
    """B of the whole batch, of which `x` may be a device's part."""
    return len(x) * (jax.lax.axis_size(DATA) if _in_part() else 1)


def mean_of_all(x: jax.Array) -> jax.Array:
    """The mean over the devices of what each has from its part of a batch."""
    return jax.lax.pmean(x, DATA) if _in_part() else x


def _in_part() -> bool:
    return DATA in jax.sharding.get_abstract_mesh().manual_axes


def _is_split() -> bool:
    """Whether batches are to be split over devices, and are not already."""
    mesh = jax.sharding.get_abstract_mesh()
    return dict(mesh.shape).get(DATA, 1) > 1 and not _in_part()
