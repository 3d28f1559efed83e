"""Placement of arrays: replicated on every device, or sharded over the mesh by rows."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from wgan_gp.devices.collectives import DATA


def jit_replicated(function: Callable, mesh: Mesh, **options: Any) -> Callable:
    """Compiles a function under a mesh, with fully replicated results.

    Args:
      function: from pytrees of arrays to a pytree of arrays.
      mesh: from `make_mesh`.
      **options: of `jax.jit`.

    Returns:
      The compiled function. It sets the mesh, so it cannot be called inside another
      function that is being traced.
    """
    made = jax.jit(function, out_shardings=replicated(mesh), **options)

    def run(*arguments):
        with jax.set_mesh(mesh):
            return made(*arguments)

    return run


def replicated(mesh: Mesh) -> NamedSharding:
    """The fully replicated sharding: every device holds the whole array."""
    return NamedSharding(mesh, PartitionSpec())


def replicate(tree: Any, mesh: Mesh) -> Any:
    """Copies arrays to every device of the mesh.

    Args:
      tree: arrays, equal on all hosts.
      mesh: from `make_mesh`.
    """
    put = partial(jax.make_array_from_process_local_data, replicated(mesh))
    return rewrap_keys(
        jax.tree.map(lambda leaf: put(np.asarray(leaf)), unwrap_keys(tree)), tree
    )


def unreplicate(tree: Any) -> Any:
    """Replicated arrays as arrays on one device of this host, without a copy.

    They share memory with the tree: donating the tree to a function invalidates them.
    """
    own = jax.tree.map(lambda leaf: leaf.addressable_data(0), unwrap_keys(tree))
    return rewrap_keys(own, tree)


def unwrap_keys(tree: Any) -> Any:
    """Replaces typed PRNG keys by their key data, which every JAX function accepts.

    Many functions reject typed keys that span several hosts.
    """
    return jax.tree.map(lambda leaf: _key_data(leaf) if _is_key(leaf) else leaf, tree)


def rewrap_keys(tree: Any, like: Any) -> Any:
    """The inverse of `unwrap_keys`.

    Args:
      tree: from `unwrap_keys`.
      like: a tree of the same structure, with typed keys where `tree` gets them.
    """
    return jax.tree.map(
        lambda of, leaf: jax.random.wrap_key_data(leaf) if _is_key(of) else leaf,
        like,
        tree,
    )


def _is_key(leaf: Any) -> bool:
    dtype = getattr(leaf, "dtype", None)  # Python numbers have none
    return dtype is not None and jnp.issubdtype(dtype, jax.dtypes.prng_key)


_key_data = jax.jit(jax.random.key_data)


def shard_host_batches(tree: Any, mesh: Mesh) -> Any:
    """Joins each host's rows of stacked batches into arrays that are sharded by rows.

    Args:
      tree: NumPy arrays `[steps, rows of this host, ...]`.
      mesh: from `make_mesh`.

    Returns:
      Arrays `[steps, rows of all hosts, ...]`, sharded along their second axis.
    """
    rows = NamedSharding(mesh, PartitionSpec(None, DATA))
    put = partial(jax.make_array_from_process_local_data, rows)
    return jax.tree.map(put, tree)
