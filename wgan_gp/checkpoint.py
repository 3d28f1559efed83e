"""The states of a run on disk, by Orbax. The only module that knows of it."""

import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from orbax.checkpoint import v1 as ocp

from wgan_gp import checksums, hosts
from wgan_gp.checksums import DamageError
from wgan_gp.parallel import plain, with_keys
from wgan_gp.writers import WriteError

_POLICIES = ocp.training.preservation_policies


# Orbax's threads log the traceback of what they raise, and `Checkpoints` raises it.
logging.getLogger("absl").addFilter(
    lambda record: record.levelno < logging.ERROR or "orbax" not in record.pathname
)


def _quiet(unraisable, show=sys.unraisablehook) -> None:
    if str(unraisable.exc_value) != "Event loop is closed":
        show(unraisable)


# After a failure, tensorstore's threads print that Orbax no longer listens to them.
sys.unraisablehook = _quiet


class Saved(NamedTuple):
    """A checkpoint that was read back."""

    step: int
    state: Any
    position: dict[str, Any] | None  # of the data's stream


class Checkpoints:
    """The checkpoints of one run, a folder each, named by step.

    Saving goes on in the background, and is atomic: a folder with a step's name is
    whole. A damaged one is told by its checksums.
    """

    def __init__(self, folder: Path, *, keep: int = 2, keep_every: int = 0):
        policies: list[Any] = [_POLICIES.LatestN(keep)]
        if keep_every:
            policies.append(_POLICIES.EveryNSteps(keep_every))
        self._folder = folder.absolute()
        policy: Any = _POLICIES.AnyPreservationPolicy(policies)
        self._open = partial(
            ocp.training.Checkpointer,
            str(self._folder),
            preservation_policy=policy,
            cleanup_tmp_directories=True,
        )
        try:
            self._checkpointer = self._open()
        except Exception as error:
            raise WriteError(self._folder, error) from error
        self._thread = ThreadPoolExecutor(1)
        self._pending: tuple[int, Future[None]] | None = None
        self._failed = False

    def save(self, step: int, state: Any, position: dict[str, Any] | None) -> None:
        """Begins to save a state; waits for the one before.

        Args:
          step: at which it is.
          state: a tree of arrays; keys among them are fine.
          position: of the data's stream, fit for JSON.

        Raises:
          WriteError: this one, or the one before, could not be written.
        """
        self.wait()
        if step in self.steps():
            return
        # A copy: training goes on in the memory of what it is given.
        copy = jax.tree.map(lambda leaf: np.array(leaf), plain(state))
        with self._saving(step):
            response = self._checkpointer.save_checkpointables_async(
                step,
                {"state": copy},
                custom_metadata={"position": position},
            )
        # In a thread: a checkpoint without checksums is not gone on from.
        self._pending = step, self._thread.submit(self._finish, step, response)

    def _finish(self, step: int, response: Any) -> None:
        response.result()
        if hosts.is_first():
            checksums.write(self._folder, step)

    def wait(self) -> None:
        """Returns when what was begun is saved and its checksums are there."""
        if self._pending is None:
            return
        (step, saved), self._pending = self._pending, None
        with self._saving(step):
            saved.result()
        if hosts.is_first():
            checksums.remove_but(self._folder, self.steps())

    @contextmanager
    def _saving(self, step: int) -> Iterator[None]:
        try:
            yield
        except WriteError:
            self._failed = True
            raise
        except Exception as error:  # Orbax's threads raise what they like
            self._failed = True
            raise WriteError(self._path(step), error) from error

    def close(self) -> None:
        """Waits, and ends the threads."""
        try:
            self.wait()
        finally:
            self._thread.shutdown()
            try:
                self._checkpointer.close()
            except Exception as error:
                if not self._failed:  # or it is what was raised before
                    raise WriteError(self._folder, error) from error

    def steps(self) -> list[int]:
        """Steps of which there is a whole checkpoint, the newest first."""
        saved = self._checkpointer.checkpoints
        return sorted((each.step for each in saved), reverse=True)

    def latest(
        self, like: Any, warn: Callable[[str], None], *, set_aside: bool = False
    ) -> Saved | None:
        """The newest checkpoint that is not damaged, or None if there is none at all.

        Args:
          like: a state of the same structure, shapes and types, of
            `jax.ShapeDtypeStruct`.
          warn: is told of each damaged one.
          set_aside: whether damaged ones are moved to a folder `damaged` beside this
            one, so that a run that goes on can save at their steps again.

        Raises:
          ValueError: the newest is of other networks, or all are damaged.
        """
        damaged: list[int] = []
        steps = self.steps()
        for step in steps:
            try:
                if problem := hosts.on_first(partial(self._problem, step, steps, warn)):
                    raise DamageError(problem)
                saved = self._load(step, like)
            except DamageError as error:
                damaged.append(step)
                warn(f"checkpoint {step} is damaged ({error}): trying the one before")
                continue
            if set_aside:
                self._set_aside(damaged)
            return saved
        if damaged:
            raise ValueError(
                f"all checkpoints in {self._folder} are damaged: start again with"
                " --overwrite"
            )
        return None

    def discard(self, step: int) -> None:
        """Moves a checkpoint to the folder `damaged`, unless it is the only one."""
        self.wait()
        if step in self.steps() and len(self.steps()) > 1:
            self._set_aside([step])

    def _problem(self, step: int, steps: list[int], warn) -> str | None:
        """What is wrong with a checkpoint, by its checksums."""
        if steps == [step] and not checksums.of(self._folder, step).is_file():
            # The first of a run, which was killed before its checksums.
            warn(f"checkpoint {step} has no checksums: going on unchecked")
            return None
        try:
            checksums.verify(self._folder, step)
        except DamageError as error:
            return str(error)
        return None

    def _set_aside(self, steps: list[int]) -> None:
        if not steps:
            return
        hosts.on_first(partial(self._move_aside, steps))
        # Orbax remembers what was there.
        self._checkpointer.close()
        self._checkpointer = self._open()

    def _move_aside(self, steps: list[int]) -> None:
        folder = self._folder.parent / "damaged"
        folder.mkdir(exist_ok=True)
        for step in steps:
            shutil.rmtree(folder / str(step), ignore_errors=True)
            self._path(step).rename(folder / str(step))

    def _path(self, step: int) -> Path:
        return self._folder / str(step)

    def _load(self, step: int, like: Any) -> Saved:
        device = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
        expected = jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device),
            jax.eval_shape(plain, like),
        )
        try:
            stored: Any = ocp.checkpointables_metadata(str(self._path(step)))
            if stored.metadata["state"] is None:
                raise DamageError("its arrays cannot be read")
            shapes = [
                sorted(tuple(leaf.shape) for leaf in jax.tree.leaves(tree))
                for tree in (stored.metadata["state"], expected)
            ]
        except Exception as error:
            raise DamageError(_line(error)) from error
        if shapes[0] != shapes[1]:
            raise ValueError(
                f"{self._path(step)} holds other networks than its run's config"
                " describes"
            )
        try:
            loaded = self._checkpointer.load_checkpointables(step, {"state": expected})
        except Exception as error:
            raise DamageError(_line(error)) from error
        state = with_keys(loaded["state"], like)
        return Saved(step, state, stored.custom_metadata["position"])


def load(folder: Path, like: Any) -> Any:
    """The newest state of a run.

    Args:
      folder: of its checkpoints.
      like: as in `Checkpoints.latest`.

    Raises:
      FileNotFoundError: there is none.
      ValueError: as `Checkpoints.latest`.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"no checkpoint in {folder}")
    checkpoints = Checkpoints(folder)
    try:
        saved = checkpoints.latest(like, lambda text: print(text, file=sys.stderr))
    finally:
        checkpoints.close()
    if saved is None:
        raise FileNotFoundError(f"no checkpoint in {folder}")
    return saved.state


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
