"""Checkpoints of a run, written by Orbax in the background."""

import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from orbax.checkpoint import v1 as ocp

from wgan_gp.devices import hosts, unwrap_keys
from wgan_gp.runs import restore
from wgan_gp.runs.restore import Restored
from wgan_gp.system import checksums
from wgan_gp.system.files import WriteError, writing

_DRAFT = ".draft"  # suffix of a folder that is being written or removed
_ORBAX_DRAFT = ".orbax-checkpoint-tmp"

# Orbax logs the traceback of each error that it raises. `Checkpoints` raises the error
# again, so the log would only repeat it.
logging.getLogger("absl").addFilter(
    lambda record: record.levelno < logging.WARNING or "orbax" not in record.pathname
)


def _quiet(unraisable, show=sys.unraisablehook) -> None:
    if str(unraisable.exc_value) != "Event loop is closed":
        show(unraisable)


# After a failure, threads of tensorstore print errors about Orbax's closed event loop.
sys.unraisablehook = _quiet


class Checkpoints:
    """The checkpoints of one run, each a folder named by its step.

    Saving runs in the background. A checkpoint is written to a draft folder together
    with its checksums, and the folder is then renamed to the step. A folder with a
    step's name is therefore complete, and its checksums show later damage.
    """

    def __init__(self, folder: Path, *, keep: int = 2, keep_every: int = 0):
        """Opens the folder, makes it if needed, and removes unfinished drafts.

        Args:
          folder: of the checkpoints.
          keep: how many of the newest checkpoints are kept.
          keep_every: checkpoints at multiples of this step are kept for good; 0 keeps
            none for good.

        Raises:
          WriteError: the folder cannot be written to.
        """
        self._folder, self._keep, self._every = folder.absolute(), keep, keep_every
        self._steps: list[int] = hosts.on_first_host(self._open)
        self._thread = ThreadPoolExecutor(1)
        self._pending: tuple[int, Future[None]] | None = None

    def _open(self) -> list[int]:
        with writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            for path in self._folder.glob("*"):
                if _DRAFT in path.suffixes or path.name.endswith(_ORBAX_DRAFT):
                    shutil.rmtree(path)
        return restore.steps(self._folder)

    def save(self, step: int, state: Any, position: dict[str, Any] | None) -> None:
        """Starts saving a state, once the previous save has finished.

        Does nothing if the step is saved already.

        Args:
          step: of the state.
          state: a pytree of arrays, which may include typed keys. It is copied, so the
            caller may donate it.
          position: of the data's stream, fit for JSON; None for data without a stream.

        Raises:
          WriteError: this checkpoint or the previous one could not be written.
        """
        self.wait()
        if step in self._steps:
            return
        # A copy, because the next training step reuses the memory of the state.
        copy = jax.tree.map(lambda leaf: np.array(leaf), unwrap_keys(state))
        with self._saving(step):
            response = ocp.save_checkpointables_async(
                str(self._draft(step)),
                {"state": copy},
                custom_metadata={"step": step, "position": position},
            )
        self._pending = step, self._thread.submit(self._finish, step, response)

    def _finish(self, step: int, response: Any) -> None:
        response.result()
        if hosts.is_first():
            checksums.write(self._draft(step))
            self._draft(step).rename(self._path(step))
            for old in set(self._steps) - set(self._kept(step)):
                self._remove(old)

    def _kept(self, step: int) -> list[int]:
        """The steps that are kept once `step` is saved, the newest first."""
        every = sorted({step, *self._steps}, reverse=True)
        apart = [each for each in every if self._every and each % self._every == 0]
        return sorted({*every[: self._keep], *apart}, reverse=True)

    def _remove(self, step: int) -> None:
        """Removes a checkpoint; renamed first, so that it is never half there."""
        self._path(step).rename(self._draft(step))
        shutil.rmtree(self._draft(step))
        checksums.legacy_path(self._path(step)).unlink(missing_ok=True)

    def wait(self) -> None:
        """Waits until the save that was started has finished.

        Raises:
          WriteError: the checkpoint could not be written.
        """
        if self._pending is None:
            return
        (step, saved), self._pending = self._pending, None
        with self._saving(step):
            saved.result()
        self._steps = self._kept(step)

    @contextmanager
    def _saving(self, step: int) -> Iterator[None]:
        try:
            yield
        except WriteError:
            raise
        except Exception as error:  # Orbax raises errors of many types
            raise WriteError(self._path(step), error) from error

    def close(self) -> None:
        """Waits as `wait` does, and ends the background thread."""
        try:
            self.wait()
        finally:
            self._thread.shutdown()

    def steps(self) -> list[int]:
        """The steps that have a complete checkpoint, the newest first."""
        return self._steps

    def load_latest(
        self, like: Any, warn: Callable[[str], None], *, set_aside: bool = False
    ) -> Restored | None:
        """The newest checkpoint that is not damaged, or None if there is none at all.

        Args:
          like: a state of `jax.ShapeDtypeStruct`, with the expected structure, shapes
            and types.
          warn: `(text)`. Called with a line about each damaged checkpoint.
          set_aside: whether damaged checkpoints are moved to a folder `damaged` beside
            this one, so that a resumed run can save at their steps again.

        Raises:
          ValueError: the newest checkpoint has other networks, or all are damaged.
        """
        saved = restore.load_newest(self._folder, self._steps, like, warn)
        damaged = [step for step in self._steps if saved and step > saved.step]
        if set_aside and damaged:
            self._set_aside(damaged)
        return saved

    def discard(self, step: int) -> None:
        """Moves the checkpoint of a step, if there is one, to the folder `damaged`."""
        self.wait()
        if step in self._steps:
            self._set_aside([step])

    def _set_aside(self, steps: list[int]) -> None:
        hosts.on_first_host(partial(self._move_aside, steps))
        self._steps = [step for step in self._steps if step not in steps]

    def _move_aside(self, steps: list[int]) -> None:
        folder = self._folder.parent / "damaged"
        with writing(folder):
            folder.mkdir(exist_ok=True)
            for step in steps:
                shutil.rmtree(folder / str(step), ignore_errors=True)
                self._path(step).rename(folder / str(step))
                checksums.legacy_path(self._path(step)).unlink(missing_ok=True)

    def _path(self, step: int) -> Path:
        return self._folder / str(step)

    def _draft(self, step: int) -> Path:
        return self._folder / f"{step}{_DRAFT}"


def load(folder: Path, like: Any) -> Any:
    """Loads the newest state of a run, and changes nothing in its folder.

    Args:
      folder: of the run's checkpoints.
      like: as in `Checkpoints.load_latest`.

    Raises:
      FileNotFoundError: there is no checkpoint.
      ValueError: as in `Checkpoints.load_latest`.
    """
    folder = folder.absolute()
    warn = lambda text: print(text, file=sys.stderr)  # noqa: E731
    saved = restore.load_newest(folder, restore.steps(folder), like, warn)
    if saved is None:
        raise FileNotFoundError(f"no checkpoint in {folder}")
    return saved.state
