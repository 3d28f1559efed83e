"""Devices and hosts: the mesh, the placement of arrays, and collectives.

Data parallelism: each batch is split over the devices of a mesh, and parameters are
replicated on all of them. `docs/scaling.md` explains how to use it.
"""

from wgan_gp.devices.collectives import (
    DATA,
    data_parallel_mean,
    max_in_batch,
    mean_over_devices,
    next_in_batch,
    shard_batch,
)
from wgan_gp.devices.mesh import (
    cpu_device_count,
    largest_device_count,
    make_mesh,
    mesh_for,
    provide_cpu_devices,
    unused_devices,
)
from wgan_gp.devices.placement import (
    jit_replicated,
    replicate,
    replicated,
    rewrap_keys,
    shard_host_batches,
    unreplicate,
    unwrap_keys,
)

__all__ = [
    "DATA",
    "cpu_device_count",
    "data_parallel_mean",
    "jit_replicated",
    "largest_device_count",
    "make_mesh",
    "max_in_batch",
    "mean_over_devices",
    "mesh_for",
    "next_in_batch",
    "provide_cpu_devices",
    "replicate",
    "replicated",
    "rewrap_keys",
    "shard_batch",
    "shard_host_batches",
    "unreplicate",
    "unused_devices",
    "unwrap_keys",
]
