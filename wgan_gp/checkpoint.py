"""Training states on disk, by Orbax. The only module that knows of it."""

from pathlib import Path
from typing import Any

import jax
from orbax.checkpoint import v1 as ocp

from wgan_gp.train import TrainState


def save(path: Path, state: TrainState) -> None:
    """Writes a state to a folder that must not exist yet; atomic."""
    save_tree(path, _plain(state))


def save_tree(path: Path, tree: Any) -> None:
    """Writes a tree of arrays, none of them keys, likewise."""
    ocp.save(str(path.absolute()), tree)


def load(path: Path, like: TrainState) -> TrainState:
    """Reads a state.

    Args:
      path: the folder.
      like: a state of the same structure, shapes and types; `jax.eval_shape` of
        `train.init` gives one without computing anything.

    Raises:
      FileNotFoundError: there is no such folder.
      ValueError: it holds arrays of other shapes than `like`.
    """
    if not path.is_dir():
        raise FileNotFoundError(f"no checkpoint at {path}")
    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    plain = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device),
        jax.eval_shape(_plain, like),
    )
    _check_shapes(path, plain)
    state: Any = ocp.load(str(path.absolute()), plain)
    return state._replace(key=jax.random.wrap_key_data(state.key))


def _check_shapes(path: Path, like: TrainState) -> None:
    """Orbax's own answer to a misfit is a page of tracebacks from its threads."""
    stored: Any = ocp.metadata(str(path.absolute())).metadata
    shapes = [
        [tuple(leaf.shape) for leaf in jax.tree.leaves(t)] for t in (stored, like)
    ]
    if sorted(shapes[0]) != sorted(shapes[1]):
        raise ValueError(f"{path} holds other networks than its run's config describes")


def _plain(state: TrainState) -> Any:
    return state._replace(key=jax.random.key_data(state.key))
