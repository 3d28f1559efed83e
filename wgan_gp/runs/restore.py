"""Reading checkpoints: their steps, their damage, and whether they fit a state."""

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
    """A checkpoint that has been loaded."""

    step: int
    state: Any
    position: dict[str, Any] | None  # of the data's stream


def steps(folder: Path) -> list[int]:
    """The steps that have a checkpoint, the newest first.

    Args:
      folder: of a run's checkpoints; it need not exist.
    """
    names = [path.name for path in folder.glob("*") if path.is_dir()]
    found = (int(name) for name in names if name.isascii() and name.isdecimal())
    return sorted((step for step in found if str(step) in names), reverse=True)


def load_newest(
    folder: Path, saved: list[int], like: Any, warn: Callable[[str], None]
) -> Restored | None:
    """Loads the newest checkpoint that is not damaged.

    Args:
      folder: of a run's checkpoints.
      saved: their steps, from `steps`.
      like: a state of `jax.ShapeDtypeStruct`, with the expected structure, shapes and
        types.
      warn: `(text)`. Called with a line about each damaged checkpoint.

    Returns:
      The checkpoint; None if there is none at all.

    Raises:
      ValueError: the newest checkpoint has other networks, or all are damaged.
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
    """The error for a run whose checkpoints are all damaged."""
    return ValueError(
        f"all checkpoints in {folder} are damaged: bring one back from a copy, or train"
        " again with --overwrite"
    )


def find_damage(path: Path, warn: Callable[[str], None] = lambda _: None) -> str | None:
    """Compares a checkpoint with its checksums.

    Args:
      path: of the checkpoint.
      warn: `(text)`. Called with a line if the checkpoint has no checksums.

    Returns:
      The damage as text; None if there is none.
    """
    inside, beside = path / checksums.NAME, checksums.legacy_path(path)
    try:
        if not inside.is_file() and beside.is_file():  # written by version 0.1
            checksums.verify(path, beside)
            return None
        summed = inside.is_file() or "step" in _metadata(path).custom_metadata
        if not summed:  # version 0.1 was killed before it wrote the checksums
            warn(f"checkpoint {path.name} has no checksums: going on unchecked")
            return None
        checksums.verify(path)
        if (step := _metadata(path).custom_metadata["step"]) != int(path.name):
            return f"it is the one of step {step}"
    except DamageError as error:
        return str(error)
    return None


def mismatches(path: Path, like: Any, *, types: bool = True) -> list[str]:
    """Compares the arrays of a checkpoint with those of a state.

    Args:
      path: of the checkpoint. Only its metadata is read.
      like: as in `load_newest`.
      types: whether types are compared as well as shapes.

    Returns:
      A line for each array that differs.

    Raises:
      DamageError: the metadata of the arrays cannot be read.
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
    """The stored position of the data's stream; None for data without a stream.

    Args:
      path: of the checkpoint.

    Raises:
      DamageError: the metadata cannot be read.
    """
    return _metadata(path).custom_metadata.get("position")


def _arrays(tree: Any, types: bool) -> dict[str, str]:
    """The shape of each array as text, preceded by its type if `types`, by path."""
    return {
        name: f"{leaf.dtype if types else ''}{list(leaf.shape)}"
        for name, leaf in _leaves(tree).items()
    }


def _leaves(tree: Any) -> dict[str, Any]:
    """The leaves of a tree by their paths."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {_name(key_path): leaf for key_path, leaf in leaves}


def _name(key_path: Any) -> str:
    """The path of a leaf as text, the same for tuples, lists and dicts."""
    return jax.tree_util.keystr(key_path, simple=True, separator=".")


def _metadata(path: Path) -> Any:
    try:
        found: Any = ocp.checkpointables_metadata(str(path))
        if found.metadata["state"] is None or not found.custom_metadata:
            raise ValueError("its arrays cannot be read")
    except Exception as error:  # Orbax raises errors of many types
        raise DamageError(one_line(error, 200)) from error
    return found


def _load(path: Path, like: Any) -> Restored:
    # Types are not compared, because Orbax converts them.
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

    They are read in the structure that was stored. Orbax compares structures, and the
    state may have gained parts without arrays since, such as `state=()` of a critic.
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
