"""Checkpoints that are read back: which there are, whether they are whole, and fit."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
from orbax.checkpoint import v1 as ocp

from wgan_gp.devices import hosts, rewrap_keys, unwrap_keys
from wgan_gp.system import checksums
from wgan_gp.system.checksums import DamageError
from wgan_gp.system.failures import one_line


class Restored(NamedTuple):
    """A checkpoint that was read back."""

    step: int
    state: Any
    position: dict[str, Any] | None  # of the data's stream


def steps(folder: Path) -> list[int]:
    """The steps of which a run has a checkpoint, the newest first.

    Args:
      folder: of a run's checkpoints; it need not exist.
    """
    names = [path.name for path in folder.glob("*") if path.is_dir()]
    found = (int(name) for name in names if name.isascii() and name.isdecimal())
    return sorted((step for step in found if str(step) in names), reverse=True)


def load_newest(
    folder: Path, saved: list[int], like: Any, warn: Callable[[str], None]
) -> Restored | None:
    """The newest checkpoint that is not damaged, or None if there is none at all.

    Args:
      folder: of a run's checkpoints.
      saved: their steps, from `steps`.
      like: a state of the same structure, shapes and types, of
        `jax.ShapeDtypeStruct`.
      warn: is told of each damaged one.

    Raises:
      ValueError: the newest is of other networks, or all are damaged.
    """
    for step in saved:
        path = folder / str(step)
        try:
            if found := hosts.on_first_host(partial(find_damage, path, warn)):
                raise DamageError(found)
            return _load(path, like)
        except DamageError as error:
            warn(f"checkpoint {step} is damaged ({error}): trying the one before")
    if saved:
        raise all_damaged_error(folder)
    return None


def all_damaged_error(folder: Path) -> ValueError:
    """What is raised when no checkpoint of a run can be used."""
    return ValueError(
        f"all checkpoints in {folder} are damaged: start again with --overwrite"
    )


def find_damage(path: Path, warn: Callable[[str], None] = lambda _: None) -> str | None:
    """What is wrong with a checkpoint, by its checksums; None if nothing is.

    Args:
      path: of the checkpoint.
      warn: is told if there is nothing to check it by.
    """
    inside, beside = path / checksums.NAME, checksums.legacy_path(path)
    try:
        if not inside.is_file() and beside.is_file():  # by version 0.1
            checksums.verify(path, beside)
            return None
        summed = inside.is_file() or "step" in _metadata(path).custom_metadata
        if not summed:  # by version 0.1, killed before it wrote the sums
            warn(f"checkpoint {path.name} has no checksums: going on unchecked")
            return None
        checksums.verify(path)
        if (step := _metadata(path).custom_metadata["step"]) != int(path.name):
            return f"it is the one of step {step}"
    except DamageError as error:
        return str(error)
    return None


def mismatches(path: Path, like: Any, *, types: bool = True) -> list[str]:
    """How the arrays of a checkpoint differ from those of a state, in words.

    Args:
      path: of the checkpoint. Its arrays are not read.
      like: as in `load_newest`.
      types: whether their types are compared, too, and not only their shapes.

    Raises:
      DamageError: what the checkpoint says of its arrays cannot be read.
    """
    stored = _arrays(_metadata(path).metadata["state"], types)
    expected = _arrays(jax.eval_shape(unwrap_keys, like), types)
    return [
        f"{name} {_comparison(stored.get(name), expected.get(name))}"
        for name in {**expected, **stored}
        if stored.get(name) != expected.get(name)
    ]


def _comparison(stored: str | None, expected: str | None) -> str:
    if stored is None:
        return f"is not saved, and should be {expected}"
    if expected is None:
        return "is saved, but not part of the new state"
    return f"is saved as {stored}, and should be {expected}"


def stream_position(path: Path) -> dict[str, Any] | None:
    """The position of the data's stream that a checkpoint holds.

    Raises:
      DamageError: it cannot be read.
    """
    return _metadata(path).custom_metadata.get("position")


def _arrays(tree: Any, types: bool) -> dict[str, str]:
    """Shape, and type if asked for, of each array, by its place in the state."""
    return {
        name: f"{leaf.dtype if types else ''}{list(leaf.shape)}"
        for name, leaf in _leaves(tree).items()
    }


def _leaves(tree: Any) -> dict[str, Any]:
    """The leaves of a tree by their places in it."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {_name(key_path): leaf for key_path, leaf in leaves}


def _name(key_path: Any) -> str:
    """The place of a leaf in words, the same for tuples, lists and dicts."""
    return jax.tree_util.keystr(key_path, simple=True, separator=".")


def _metadata(path: Path) -> Any:
    try:
        found: Any = ocp.checkpointables_metadata(str(path))
        if found.metadata["state"] is None or not found.custom_metadata:
            raise ValueError("its arrays cannot be read")
    except Exception as error:  # Orbax raises what it likes
        raise DamageError(one_line(error, 200)) from error
    return found


def _load(path: Path, like: Any) -> Restored:
    # Orbax converts types.
    if differing := mismatches(path, like, types=False):
        raise ValueError(
            f"{path} holds other networks than its run's config describes:"
            f" {differing[0]}"
        )
    expected = jax.eval_shape(unwrap_keys, like)
    by_name = _leaves(_read(path, _leaves(expected)))
    state = jax.tree_util.tree_map_with_path(
        lambda key_path, _: by_name[_name(key_path)], expected
    )
    return Restored(int(path.name), rewrap_keys(state, like), stream_position(path))


def _read(path: Path, expected: dict[str, Any]) -> Any:
    """The arrays of a checkpoint, each of its expected type, on one device.

    They come in the checkpoint's own structure. That of a state may have gained parts
    without arrays since, such as `state=()` of a critic, and Orbax compares them.
    """
    device = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])

    def typed(key_path: Any, leaf: Any):
        dtype = expected[_name(key_path)].dtype
        return jax.ShapeDtypeStruct(leaf.shape, dtype, sharding=device)

    stored = _metadata(path).metadata["state"]
    wanted = jax.tree_util.tree_map_with_path(typed, stored)
    try:
        return ocp.load_checkpointables(str(path), {"state": wanted})["state"]
    except Exception as error:
        raise DamageError(one_line(error, 200)) from error
