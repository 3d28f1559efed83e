"""The mesh of devices that a run's batches are split over."""

import os
from collections.abc import Mapping
from typing import Any

import jax
from jax.sharding import AxisType, Mesh

from wgan_gp.devices.collectives import DATA
from wgan_gp.system.platforms import cores

# By the name of its field: a batch's size, and in how many parts each device takes it.
Batches = Mapping[str, tuple[int, int]]

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


def mesh_for(batches: Batches, count: int) -> Mesh:
    """The mesh that a run's batches are split over.

    Args:
      batches: all that are split, of a run's settings.
      count: of devices; 0 for as many as the batches divide over.

    Raises:
      ValueError: there are fewer devices than `count`, or a batch does not divide over
        them, or not over the hosts.
    """
    if count:
        _check_available(count)
        _check_divides(batches, count, "set mesh.data to 0")
        return make_mesh(count)
    hosts = jax.process_count()
    own = [device.process_index for device in jax.devices()]
    each = min(own.count(host) for host in set(own))
    return make_mesh(largest_device_count(batches, hosts=hosts, each=each))


def largest_device_count(batches: Batches, *, hosts: int, each: int) -> int:
    """The most devices, as many of each host, that a run's batches divide over.

    Args:
      batches: as in `mesh_for`.
      hosts: the number of hosts.
      each: the devices of each.

    Raises:
      ValueError: a batch does not divide over the hosts.
    """
    for count in range(hosts * each, hosts, -hosts):
        if not any(size % (count * parts) for size, parts in batches.values()):
            return count
    _check_divides(batches, hosts, "take fewer hosts")
    return hosts


def unused_devices(mesh: Mesh, batches: Batches, count: int) -> str | None:
    """A line that says how many devices a run leaves idle, if it was not asked to.

    Args:
      mesh: from `mesh_for`.
      batches: as there.
      count: as there.
    """
    if count or mesh.size == jax.device_count():
        return None
    sizes = ", ".join(f"{name} = {size}" for name, (size, _) in batches.items())
    return (
        f"training on {mesh.size} of {jax.device_count()} devices: the batches do not"
        f" divide over more ({sizes})"
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


def _check_divides(batches: Batches, count: int, cure: str) -> None:
    for name, (size, parts) in batches.items():
        unit = count * parts
        if size % unit == 0:
            continue
        over = f"{count} devices"
        over += f" in {parts} microbatches each" if parts > 1 else ""
        below, above = size - size % unit, size - size % unit + unit
        nearest = f"{below} or {above}" if below else f"{above}"
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


def cpu_device_count(batch_size: int, width: int | None) -> int:
    """How many devices a CPU is best split into.

    As measured by benchmarks/scaling.py on multilayer perceptrons, beside one device
    that has all cores; other networks have not been measured, and stay on one.

    Args:
      batch_size: of a critic update.
      width: of the narrowest hidden layer of a multilayer perceptron; None for others.
    """
    work = batch_size * (width or 0)
    fit = (
        count
        for count in range(cores(), 1, -1)
        if batch_size % count == 0 and work // count >= _LEAST_WORK
    )
    return next(fit, 1)
