"""What every run does, whatever it trains: log, evaluate, save, resume, stop."""

import math
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import FrozenConfigDict
from rich.console import Console

from wgan_gp import hosts, parallel, report
from wgan_gp.checkpoint import Checkpoints
from wgan_gp.report import History
from wgan_gp.signals import Held
from wgan_gp.writers import MetricWriter, Silent, WriteError, keep_records


class Course(NamedTuple):
    """A training to be driven."""

    start: Callable[[], Any]  # the state before the first step
    # state, steps done, steps to have done -> state there, means of scalars since
    advance: Callable[[Any, int, int], tuple[Any, dict[str, jax.Array]]]
    measure: Callable[[Any, int], dict[str, float]]  # state, step -> held-out scalars
    live: Callable[[dict[str, float], list[dict[str, float]]], str]  # beside the bar
    show: Callable[[Any, int, MetricWriter], None] = lambda *_: None
    place: Callable[[Any], Any] = lambda state: state  # of a checkpoint, on the devices
    position: Callable[[], dict[str, Any] | None] = lambda: None  # of the data's stream
    go_to: Callable[[dict[str, Any]], None] = lambda _: None


class Interrupted(Exception):  # noqa: N818
    """A signal stopped the run, which was saved before."""

    def __init__(self, number: int, step: int | str, workdir: Path):
        name = signal.Signals(number).name
        super().__init__(
            f"stopped by {name} at step {step}, saved: the same command with --workdir"
            f" {workdir} goes on from there"
        )
        self.status = 128 + number


def drive(
    course: Course, config: FrozenConfigDict, workdir: Path, console: Console
) -> tuple[Any, History]:
    """Trains to the end, from the newest checkpoint if the workdir has one.

    Args:
      course: what is trained.
      config: from `configs.resolve`.
      workdir: a folder from `workdir.prepare`.
      console: where progress and warnings go.

    Returns:
      The final state, and all records of the run, those before a resume too.

    Raises:
      FloatingPointError: a number is not finite; nothing of that state is saved.
      Interrupted: SIGTERM or SIGINT came; the state was saved.
      ValueError: the checkpoints are of other networks, or all damaged.
      WriteError: a checkpoint or a record could not be written.
    """
    settings = config.checkpoint
    checkpoints = Checkpoints(
        workdir / "checkpoints", keep=settings.keep, keep_every=settings.keep_every
    )
    with Held() as signals:
        try:
            end = _drive(course, config, workdir, console, checkpoints, signals)
        except BaseException:
            with suppress(WriteError):  # what went wrong first is told
                checkpoints.close()
            raise
        checkpoints.close()
    if stop := hosts.largest(signals.received):  # while the last state was being saved
        raise Interrupted(stop, config.steps, workdir)
    return end


def _drive(course, config, workdir, console, checkpoints, signals):
    state, done = _resume(course, checkpoints, console)
    records = hosts.on_first(lambda: keep_records(workdir / "metrics.jsonl", done))
    history = _history(records)
    with (
        open_writer(workdir, done) as writer,
        report.progress_bar(console) as progress,
    ):
        task = progress.add_task("", total=config.steps, completed=done)
        evaluate = partial(
            _evaluate, course, config, checkpoints, history, writer, progress.console
        )
        if done and _lacks_evaluation(done, config, history):
            evaluate(parallel.local(state), done)
        while done < config.steps:
            until = next_stop(done, config)
            state, metrics = course.advance(state, done, until)
            done, own = until, parallel.local(state)
            scalars = report.as_floats(metrics)
            check_finite(done, scalars, own, checkpoints)
            history.training.append({"step": done} | scalars)
            writer.write("train", done, scalars)
            # Before the evaluation, which may need more memory than there is.
            if _due(done, config.checkpoint.every, config):
                _save(done, own, course, checkpoints, writer)
            if _due(done, config.eval_every, config):
                evaluate(own, done)
            # Once: one that comes after is for the next stop.
            if stop := hosts.largest(signals.received):
                _save(done, own, course, checkpoints, writer)
                checkpoints.wait()
                raise Interrupted(stop, done, workdir)
            live = course.live(scalars, history.evaluation)
            progress.update(task, completed=done, description=live)
    return parallel.local(state), history


def _save(done: int, state, course: Course, checkpoints, writer: MetricWriter) -> None:
    """Saves a state, if its step has not been saved yet.

    All training records until its step are on disk before. The evaluation of this very
    step may be missing: a run that goes on from here makes it again.
    """
    writer.flush()
    checkpoints.save(done, state, course.position())


def _evaluate(course, config, checkpoints, history, writer, console, state, done):
    """Measures a state and records it."""
    measured = course.measure(state, done)
    if not all(map(math.isfinite, measured.values())):
        checkpoints.discard(done)
    check_finite(done, measured, None, checkpoints)
    history.evaluation.append({"step": done} | measured)
    writer.write("eval", done, measured)
    course.show(state, done, writer)
    writer.flush()
    for advice in report.advice(config, measured):
        console.print(f"step {done}: {advice}", soft_wrap=True)


def _lacks_evaluation(done: int, config: FrozenConfigDict, history: History) -> bool:
    """Whether the run was broken off between saving a step and evaluating it."""
    measured = history.evaluation[-1]["step"] if history.evaluation else 0
    return _due(done, config.eval_every, config) and measured < done


def _resume(course: Course, checkpoints: Checkpoints, console: Console):
    """The state to go on from, and its step."""
    like = jax.eval_shape(course.start)
    warn = lambda text: console.print(text, soft_wrap=True)  # noqa: E731
    saved = checkpoints.latest(like, warn, set_aside=True)
    if saved is None:
        return course.start(), 0
    if saved.position is not None:
        course.go_to(saved.position)
    console.print(f"going on from step {saved.step}")
    return course.place(saved.state), saved.step


def open_writer(workdir: Path, done: int) -> MetricWriter:
    """What this host's records go to; those of all but the first go nowhere."""
    return MetricWriter(workdir, done) if hosts.is_first() else Silent()


def _history(records: list[dict[str, Any]]) -> History:
    parts: dict[str, list] = {"train": [], "eval": []}
    for record in records:
        parts[record.pop("split")].append(record)
    return History(parts["train"], parts["eval"])


def _due(step: int, every: int, config: FrozenConfigDict) -> bool:
    return step % every == 0 or step == config.steps


def next_stop(done: int, config: FrozenConfigDict) -> int:
    """The next step after `done` at which something is logged, evaluated or saved."""
    intervals = config.log_every, config.eval_every, config.checkpoint.every
    return min(*(done - done % n + n for n in intervals), config.steps)


def check_finite(
    step: int, scalars: dict[str, float], state: Any, checkpoints: Checkpoints
) -> None:
    """Raises FloatingPointError if a scalar or a number of the state is not finite."""
    bad = [f"{name} is {x}" for name, x in scalars.items() if not math.isfinite(x)]
    if not bad and state is not None:
        bad = [f"{name} has NaN or infinity" for name in _not_finite(state)]
    if not bad:
        return
    checkpoints.wait()
    kept = checkpoints.steps()
    last = (
        f"the last good checkpoint, of step {kept[0]}, is kept"
        if kept
        else "no checkpoint was saved yet"
    )
    raise FloatingPointError(
        f"{bad[0]} by step {step}: training has diverged; try a lower learning rate, or"
        f" --config.debug_nans=True to find the operation ({last})"
    )


@jax.jit
def _all_finite(leaves: list[jax.Array]) -> jax.Array:
    return jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in leaves])


def _not_finite(state: Any) -> list[str]:
    """Paths of the state's float arrays that hold NaN or infinity."""
    named = [
        (jax.tree_util.keystr(path, simple=True, separator="."), leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(state)
        if jnp.issubdtype(leaf.dtype, jnp.floating)
    ]
    finite = np.asarray(_all_finite([leaf for _, leaf in named]))
    return [name for (name, _), good in zip(named, finite) if not good]
