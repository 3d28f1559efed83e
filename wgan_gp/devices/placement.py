"""Where arrays lie: replicated on every device, or split over the mesh by rows."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from wgan_gp.devices.collectives import DATA


def jit_replicated(function: Callable, mesh: Mesh, **options: Any) -> Callable:
    """`jax.jit` under a mesh; results are whole on each device.

    Args:
      function: of pytrees of arrays.
      mesh: from `make_mesh`.
      **options: of `jax.jit`.

    Returns:
      The function; not to be called while another is traced.
    """
    made = jax.jit(function, out_shardings=replicated(mesh), **options)

    def run(*arguments):
        with jax.set_mesh(mesh):
            return made(*arguments)

    return run


def replicated(mesh: Mesh) -> NamedSharding:
    """The sharding of arrays that each device has whole."""
    return NamedSharding(mesh, PartitionSpec())


def replicate(tree: Any, mesh: Mesh) -> Any:
    """The same arrays, whole on each device; every host must hold the same."""
    put = partial(jax.make_array_from_process_local_data, replicated(mesh))
    return rewrap_keys(
        jax.tree.map(lambda leaf: put(np.asarray(leaf)), unwrap_keys(tree)), tree
    )


def unreplicate(tree: Any) -> Any:
    """Arrays that each device has whole, as arrays of one device of this host.

    They share the memory: a function that the tree is donated to takes them with it.
    """
    own = jax.tree.map(lambda leaf: leaf.addressable_data(0), unwrap_keys(tree))
    return rewrap_keys(own, tree)


def unwrap_keys(tree: Any) -> Any:
    """Keys as the numbers they are made of: few functions take those of many hosts."""
    return jax.tree.map(lambda leaf: _key_data(leaf) if _is_key(leaf) else leaf, tree)


def rewrap_keys(tree: Any, like: Any) -> Any:
    """What `unwrap_keys` was made from, in the form of `like`."""
    return jax.tree.map(
        lambda of, leaf: jax.random.wrap_key_data(leaf) if _is_key(of) else leaf,
        like,
        tree,
    )


def _is_key(leaf: Any) -> bool:
    dtype = getattr(leaf, "dtype", None)  # plain numbers have none
    return dtype is not None and jnp.issubdtype(dtype, jax.dtypes.prng_key)


_key_data = jax.jit(jax.random.key_data)


def shard_host_batches(tree: Any, mesh: Mesh) -> Any:
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
