"""The mesh of devices that a run's batches are split over."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import jax
from jax.sharding import AxisType, Mesh

from wgan_gp.devices.collectives import DATA
from wgan_gp.system.platforms import cores

# The batches of a run: by the name of the field, the batch size and the number of
# microbatches on each device.
Batches = Mapping[str, tuple[int, int]]

_LEAST_WORK = 8192  # samples times width for which another CPU device is worth it
_MOST_WIDTH = 256  # beyond which one device's products use all cores as well


def make_mesh(count: int) -> Mesh:
    """A mesh of `count` devices along the axis `DATA`, the same number of each host.

    Args:
      count: a multiple of the number of hosts.
    """
    devices = _first_of_each(jax.devices(), count // jax.process_count())
    return jax.make_mesh((count,), (DATA,), (AxisType.Auto,), devices=devices)


def _first_of_each(devices: list[Any], each: int) -> list[Any]:
    """The first `each` devices of every host, in the order of `devices`."""
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
      batches: `settings.batches` of the run.
      count: the number of devices; 0 chooses the most that divide all batches.

    Raises:
      ValueError: there are fewer devices than `count`, or a batch does not divide over
        the devices or the hosts.
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
    """The most devices, equally many of each host, that divide all batches of a run.

    Args:
      batches: as in `mesh_for`.
      hosts: the number of hosts.
      each: the number of devices of each host.

    Raises:
      ValueError: a batch does not divide over the hosts.
    """
    for count in range(hosts * each, hosts, -hosts):
        if not any(size % (count * parts) for size, parts in batches.values()):
            return count
    _check_divides(batches, hosts, "take fewer hosts")
    return hosts


def unused_devices(mesh: Mesh, batches: Batches, count: int) -> str | None:
    """A line that reports devices which a run leaves idle.

    Args:
      mesh: from `mesh_for`.
      batches: as in `mesh_for`.
      count: as in `mesh_for`.

    Returns:
      The line; None if all devices are used, or the user chose their number.
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
    """Splits the CPU into several JAX devices, at most one for each core.

    Does nothing on accelerators, or if JAX_NUM_CPU_DEVICES is set.

    Args:
      count: the number of devices.

    Raises:
      ValueError: JAX has been used before, with another number of CPU devices.
    """
    count = min(count, cores())
    chosen = "xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", "")
    if chosen or jax.config.values["jax_num_cpu_devices"] >= 0:
        return
    try:
        jax.config.update("jax_num_cpu_devices", count)
    except RuntimeError:  # JAX counts devices once, when the first array is made
        if jax.default_backend() == "cpu" and jax.device_count() != count:
            raise ValueError(
                f"an array was made before the CPU acted as {count} devices, perhaps at"
                " the top of the config file: make it with NumPy, or set"
                f" JAX_NUM_CPU_DEVICES={count}"
            ) from None


def cpu_device_count(batch_size: int, widths: Sequence[int] | None) -> int:
    """The number of devices that a CPU is split into for the fastest training.

    Measured by `benchmarks/scaling.py` on multilayer perceptrons, against one device
    with all cores, where there are two. Other networks get one device: two took a fifth
    longer for DCGANs.

    Args:
      batch_size: of a critic update.
      widths: of the hidden layers of a multilayer perceptron; None for other networks.
    """
    if not widths or max(widths) > _MOST_WIDTH:
        return 1
    work = batch_size * min(widths)
    fit = (
        count
        for count in range(cores(), 1, -1)
        if batch_size % count == 0 and work // count >= _LEAST_WORK
    )
    return next(fit, 1)
