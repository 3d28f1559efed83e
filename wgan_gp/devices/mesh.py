"""The mesh of devices that a run's batches are split over."""

import os
from typing import Any

import jax
from jax.sharding import AxisType, Mesh
from ml_collections import FrozenConfigDict

from wgan_gp.devices.collectives import DATA
from wgan_gp.system.platforms import cores

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
    return make_mesh(largest_device_count(config, hosts=hosts, each=each))


def largest_device_count(config: FrozenConfigDict, *, hosts: int, each: int) -> int:
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


def unused_devices(mesh: Mesh, config: FrozenConfigDict) -> str | None:
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


def cpu_device_count(config: FrozenConfigDict) -> int:
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
