"""Trains the runs of a sweep, chunk by chunk; goes on where it was stopped."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.progress import Progress

from wgan_gp.runs import loop, report
from wgan_gp.runs.checkpoint import Checkpoints
from wgan_gp.runs.driver import Interrupted
from wgan_gp.studies.sweep import programs
from wgan_gp.studies.sweep.evaluation import HeldOut, evaluate
from wgan_gp.studies.sweep.plan import Program, Run, Sweep, run_config
from wgan_gp.studies.sweep.programs import Trained
from wgan_gp.system.files import write_json, writing
from wgan_gp.system.signals import Held as HeldSignals

PIECE = 100  # steps between two looks at signals


class Result(NamedTuple):
    """What became of a run."""

    run: Run
    metrics: dict[str, float]  # of the last evaluation; empty if it diverged

    @property
    def diverged(self) -> bool:
        """Whether one of its numbers was not finite."""
        return not self.metrics


class _Chunk(NamedTuple):
    """Runs that are trained at the same time."""

    number: int
    program: Program
    runs: list[Run]


def run(sweep: Sweep, workdir: Path, console: Console) -> list[Result]:
    """Trains and evaluates what is not done yet.

    Args:
      sweep: from `resolve`.
      workdir: a prepared folder. Finished chunks stay under `chunks/`, the state of
        the one in work under `checkpoints/`.
      console: where progress and warnings go.

    Returns:
      A result for each run, in the sweep's order.

    Raises:
      Interrupted: SIGTERM or SIGINT came; the state was saved.
      ValueError: a file of a finished chunk is damaged, or all checkpoints are.
      WriteError: a state or a result could not be written.
    """
    results: list[Result] = []
    with HeldSignals() as signals, report.progress_bar(console) as progress:
        work = _Work(sweep, workdir, console, progress, signals)
        for chunk in chunks(sweep):
            results += work.finish(chunk)
    found = {each.run: each for each in results}
    return [found[each] for each in sweep.runs]


def chunks(sweep: Sweep) -> Iterator[_Chunk]:
    """All chunks of all programs, numbered from 0."""
    number = 0
    for program in sweep.programs:
        for runs in program.chunks:
            yield _Chunk(number, program, runs)
            number += 1


def finished(workdir: Path) -> int:
    """The number of chunks that are finished."""
    return len(list((workdir / "chunks").glob("*.json")))


def read(path: Path, runs: list[Run]) -> list[Result]:
    """The results of a finished chunk.

    Raises:
      ValueError: it is not what was written.
    """
    try:
        results = [
            Result(Run(each["point"], each["seed"]), each["metrics"])
            for each in json.loads(path.read_text())
        ]
        if [each.run for each in results] != runs:
            raise ValueError
    except (ValueError, TypeError, KeyError):
        raise ValueError(
            f"{path} is not the record of this sweep's runs: remove it, and they are"
            " trained again"
        ) from None
    return results


class _Work:
    """The sweep in work."""

    def __init__(self, sweep, workdir, console, progress: Progress, signals):
        self._sweep, self._workdir, self._console = sweep, workdir, console
        self._progress, self._signals = progress, signals
        total = sum(len(c.runs) * c.program.config.steps for c in chunks(sweep))
        self._task = progress.add_task("", total=total)
        self._count = sum(1 for _ in chunks(sweep))
        self._held = HeldOut()
        self._functions: dict[Any, programs.Functions] = {}

    def finish(self, chunk: _Chunk) -> list[Result]:
        """The chunk's results, from its file or by training."""
        path = self._workdir / "chunks" / f"{chunk.number:04d}.json"
        folder = self._workdir / "checkpoints" / f"{chunk.number:04d}"
        runs, steps = chunk.runs, chunk.program.config.steps
        self._tell(chunk)
        if path.exists():
            results = read(path, runs)
            self._progress.advance(self._task, len(runs) * steps)
        else:
            results = self._evaluate(chunk, self._train(chunk, folder))
            with writing(path.parent):
                path.parent.mkdir(exist_ok=True)
            write_json(
                path, [r.run._asdict() | {"metrics": r.metrics} for r in results]
            )
        shutil.rmtree(folder, ignore_errors=True)  # of use to no one any more
        return results

    def _tell(self, chunk: _Chunk, what: str = "") -> None:
        of = f"chunk {chunk.number + 1} of {self._count}"
        text = f"{of}: {chunk.program.config.lipschitz}, {len(chunk.runs)} runs {what}"
        self._progress.update(self._task, description=text)

    def _train(self, chunk: _Chunk, folder: Path) -> Trained:
        """The runs after their last step, on one device."""
        with writing(folder):
            folder.parent.mkdir(exist_ok=True)
        checkpoints = Checkpoints(folder)
        try:
            return self._advance(chunk, checkpoints)
        finally:
            checkpoints.close()

    def _advance(self, chunk: _Chunk, checkpoints: Checkpoints) -> Trained:
        count, steps = len(chunk.runs), chunk.program.config.steps
        mesh = programs.make_mesh(min(self._sweep.devices, count))
        made = self._compiled(chunk.program, mesh)
        configs = [run_config(self._sweep, each) for each in chunk.runs]
        given = programs.hyperparameters(chunk.program.experiment, configs)
        given = programs.spread(given, mesh)
        seeds = jnp.asarray([each.seed for each in chunk.runs], jnp.uint32)
        keys = programs.spread(jax.vmap(loop.run_keys)(seeds)[:, 0], mesh)
        like = jax.eval_shape(
            lambda tree: jax.tree.map(lambda leaf: leaf[:count], tree),
            jax.eval_shape(made.start, keys, given),
        )
        saved = checkpoints.latest(like, self._warn, set_aside=True)
        done = saved.step if saved else 0
        trained = programs.spread(saved.state, mesh) if saved else None
        trained = made.start(keys, given) if trained is None else trained
        self._progress.advance(self._task, done * count)
        while done < steps:
            until = min(_next(done, PIECE), _next(done, self._sweep.config.save_every))
            until = min(until, steps)
            trained = jax.block_until_ready(made.advance(until - done, given, trained))
            self._progress.advance(self._task, (until - done) * count)
            done, stop = until, self._signals.received
            if done % self._sweep.config.save_every == 0 or done == steps or stop:
                checkpoints.save(done, programs.gather(trained, count), None)
            if stop:
                checkpoints.wait()
                raise self._interrupted(stop, chunk, done)
        return programs.gather(trained, count)

    def _compiled(self, program: Program, mesh) -> programs.Functions:
        """Those of the newest program: a sweep has many, and they take memory."""
        key = id(program), mesh
        if key not in self._functions:
            self._functions.clear()  # its copies of the data go before others come
            self._functions[key] = programs.functions(program.experiment, mesh)
        return self._functions[key]

    def _evaluate(self, chunk: _Chunk, trained: Trained) -> list[Result]:
        results, finite = [], np.asarray(trained.finite)
        for i, each in enumerate(chunk.runs):
            self._tell(chunk, f"({i} evaluated)")
            config = run_config(self._sweep, each)
            metrics: dict[str, float] = {}
            if finite[i]:
                experiment = chunk.program.experiment
                state = jax.tree.map(lambda leaf: leaf[i], trained.state)  # noqa: B023
                held = self._held.get(experiment, config)
                metrics = evaluate(experiment, config, state, held)
            results.append(Result(each, metrics))
            if stop := self._signals.received:  # what was trained is saved
                raise self._interrupted(stop, chunk, chunk.program.config.steps)
        return results

    def _warn(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)

    def _interrupted(self, number: int, chunk: _Chunk, step: int) -> Interrupted:
        where = f"{step} of chunk {chunk.number + 1} of {self._count}"
        return Interrupted(number, where, self._workdir)


def _next(done: int, every: int) -> int:
    return done - done % every + every
