"""Trains and evaluates the runs of a chunk, and resumes an interrupted chunk."""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from rich.console import Console
from rich.progress import Progress

from wgan_gp.runs import loop
from wgan_gp.runs.checkpoint import Checkpoints
from wgan_gp.runs.driver import Interrupted
from wgan_gp.runs.progress import print_line, progress_bar
from wgan_gp.studies.running import Save
from wgan_gp.studies.sweep import programs
from wgan_gp.studies.sweep.chunks import Chunk, Result, to_record
from wgan_gp.studies.sweep.evaluation import HeldOutCache, evaluate
from wgan_gp.studies.sweep.grouping import RunGroup
from wgan_gp.studies.sweep.plan import Sweep, run_settings
from wgan_gp.studies.sweep.programs import TrainedRuns
from wgan_gp.system.files import writing
from wgan_gp.system.signals import DeferredSignals
from wgan_gp.train import Hyperparameters

PIECE = 100  # most steps between two checks for signals


class SharedCache:
    """Compiled functions and held-out sets, shared by the chunks of a process."""

    def __init__(self):
        self.held_out = HeldOutCache()
        self._functions: dict[Any, programs.CompiledFunctions] = {}

    def compiled(self, group: RunGroup, mesh: Mesh) -> programs.CompiledFunctions:
        """The compiled functions of a group.

        Only the newest group is cached: a sweep may have many, and they take memory.
        """
        key = id(group), mesh
        if key not in self._functions:
            self._functions.clear()  # frees the old copies of the data first
            self._functions[key] = programs.compile_functions(group.experiment, mesh)
        return self._functions[key]


def train_chunk(
    sweep: Sweep,
    workdir: Path,
    console: Console,
    shared: SharedCache,
    mine: Sequence[Chunk],
    chunk: Chunk,
    save: Save,
) -> None:
    """Trains and evaluates a chunk, from its newest checkpoint if it has one.

    Args:
      sweep: from `resolve`.
      workdir: of the sweep; checkpoints of the chunk are under its `checkpoints/`.
      console: prints progress and warnings.
      shared: the cache of this process.
      mine: all chunks of this process, for the progress bar.
      chunk: the one of `mine` to train.
      save: `(name, record)`. Called once, with the chunk's name and record.

    Raises:
      Interrupted: SIGTERM or SIGINT was received; the state was saved.
      ValueError: all checkpoints are damaged.
      WriteError: a state or the record could not be written.
    """
    folder = workdir / "checkpoints" / chunk.name
    with DeferredSignals() as signals, progress_bar(console) as progress:
        progress.live.transient = (
            chunk is not mine[-1]
        )  # only the last bar remains on the screen
        bar = _Bar(progress, mine, chunk)
        work = _ChunkTrainer(sweep, workdir, console, shared, chunk, bar, signals)
        save(chunk.name, to_record(work.evaluate(work.train(folder))))
        shutil.rmtree(folder, ignore_errors=True)  # the record replaces them
        if stop := signals.received:  # received after the last check
            raise work.interrupted(stop, chunk.group.settings.steps)


class _Bar:
    """A progress bar over all chunks of this process, while one chunk is trained."""

    def __init__(self, progress: Progress, mine: Sequence[Chunk], chunk: Chunk):
        total = sum(each.steps for each in mine)
        before = sum(each.steps for each in mine if each.number < chunk.number)
        self._progress, self._chunk = progress, chunk
        self._task = progress.add_task("", total=total, completed=before)
        self.describe()

    def describe(self, what: str = "") -> None:
        chunk = self._chunk
        kind = chunk.group.settings.lipschitz
        text = f"chunk {chunk.number + 1}: {kind}, {len(chunk.runs)} runs {what}"
        self._progress.update(self._task, description=text)

    def advance(self, steps: int) -> None:
        self._progress.advance(self._task, steps)


class _ChunkTrainer:
    """Trains and evaluates one chunk."""

    def __init__(
        self,
        sweep: Sweep,
        workdir: Path,
        console: Console,
        shared: SharedCache,
        chunk: Chunk,
        bar: _Bar,
        signals: DeferredSignals,
    ):
        self._sweep, self._workdir, self._console = sweep, workdir, console
        self._shared, self._chunk, self._bar = shared, chunk, bar
        self._signals = signals

    def train(self, folder: Path) -> TrainedRuns:
        """Trains to the last step; returns the runs on one device."""
        with writing(folder):
            folder.parent.mkdir(exist_ok=True)
        checkpoints = Checkpoints(folder)
        try:
            return self._advance(checkpoints)
        finally:
            checkpoints.close()

    def _advance(self, checkpoints: Checkpoints) -> TrainedRuns:
        chunk, every = self._chunk, self._sweep.settings.save_every
        count, steps = len(chunk.runs), chunk.group.settings.steps
        mesh = programs.make_mesh(min(self._sweep.devices, count))
        made = self._shared.compiled(chunk.group, mesh)
        given, keys = self._inputs(mesh)
        done, trained = self._start(checkpoints, made, given, keys, mesh)
        self._bar.advance(done * count)
        while done < steps:
            until = min(_next(done, PIECE), _next(done, every), steps)
            trained = jax.block_until_ready(made.advance(until - done, given, trained))
            self._bar.advance((until - done) * count)
            done, stop = until, self._signals.received
            if done % every == 0 or done == steps or stop:
                checkpoints.save(done, programs.gather(trained, count), None)
            if stop:
                checkpoints.wait()
                raise self.interrupted(stop, done)
        return programs.gather(trained, count)

    def _inputs(self, mesh: Mesh):
        """The hyperparameters and keys of the runs, on the mesh."""
        settings = [run_settings(self._sweep, each) for each in self._chunk.runs]
        given = programs.hyperparameters(self._chunk.group.experiment, settings)
        seeds = jnp.asarray([each.seed for each in self._chunk.runs], jnp.uint32)
        keys = jax.vmap(loop.run_keys)(seeds)[:, 0]
        split = partial(programs.split_over_mesh, mesh=mesh)
        return split(given), split(keys)

    def _start(
        self,
        checkpoints: Checkpoints,
        made: programs.CompiledFunctions,
        given: Hyperparameters,
        keys: jax.Array,
        mesh: Mesh,
    ) -> tuple[int, TrainedRuns]:
        """The steps done and the runs after them, from a checkpoint if any."""
        count = len(self._chunk.runs)
        like = jax.eval_shape(
            lambda tree: jax.tree.map(lambda leaf: leaf[:count], tree),
            jax.eval_shape(made.start, keys, given),
        )
        saved = checkpoints.load_latest(like, self._warn, set_aside=True)
        if saved is None:
            return 0, made.start(keys, given)
        return saved.step, programs.split_over_mesh(saved.state, mesh)

    def evaluate(self, trained: TrainedRuns) -> list[Result]:
        """Evaluates each run."""
        results, finite = [], np.asarray(trained.finite)
        for i, each in enumerate(self._chunk.runs):
            self._bar.describe(f"({i} evaluated)")
            metrics = self._measure(trained, i) if finite[i] else {}
            results.append(Result(each, metrics))
            if stop := self._signals.received:  # the trained state is saved
                raise self.interrupted(stop, self._chunk.group.settings.steps)
        return results

    def _measure(self, trained: TrainedRuns, i: int) -> dict[str, float]:
        experiment = self._chunk.group.experiment
        settings = run_settings(self._sweep, self._chunk.runs[i])
        state = jax.tree.map(lambda leaf: leaf[i], trained.state)
        held = self._shared.held_out.get(experiment, settings)
        return evaluate(experiment, settings, state, held)

    def _warn(self, text: str) -> None:
        print_line(self._console, text)

    def interrupted(self, number: int, step: int) -> Interrupted:
        """The exception to raise after a signal, once the state is saved."""
        count = sum(len(each.chunks) for each in self._sweep.groups)
        where = f"{step} of chunk {self._chunk.number + 1} of {count}"
        return Interrupted(number, where, self._workdir)


def _next(done: int, every: int) -> int:
    return done - done % every + every
