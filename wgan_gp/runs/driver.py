"""The training loop of every run: it logs, evaluates, saves, resumes and stops."""

import math
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console

from wgan_gp import devices
from wgan_gp.configs import CriticSettings
from wgan_gp.devices import hosts
from wgan_gp.runs import animation, replay, resume
from wgan_gp.runs.advice import advice
from wgan_gp.runs.checkpoint import Checkpoints
from wgan_gp.runs.finite import check_finite
from wgan_gp.runs.progress import as_floats, print_line, progress_bar
from wgan_gp.runs.records import (
    History,
    MetricWriter,
    NullWriter,
    truncate_records,
)
from wgan_gp.runs.trainable import Trainable
from wgan_gp.runs.workdir import REPORT
from wgan_gp.system.files import WriteError, writing
from wgan_gp.system.signals import DeferredSignals


class Interrupted(Exception):  # noqa: N818
    """SIGTERM or SIGINT stopped the run after its state was saved.

    Attributes:
      where: what stopped it, and at which step.
      status: the exit status of a command that was stopped by the signal.
    """

    def __init__(self, number: int, step: int | str, workdir: Path):
        self.where = f"stopped by {signal.Signals(number).name} at step {step}, saved"
        self.status = 128 + number
        super().__init__(
            f"{self.where}: the same command with --workdir {workdir} goes on from"
            " there"
        )


def drive(
    trainable: Trainable, settings: CriticSettings, workdir: Path, console: Console
) -> tuple[Any, History]:
    """Trains to the end, from the newest checkpoint if the workdir has one.

    Args:
      trainable: what is trained, as functions.
      settings: from `configs.resolve`.
      workdir: a folder from `workdir.prepare`.
      console: prints progress and warnings.

    Returns:
      The final state on one device, and all records of the run, including those from
      before it was resumed.

    Raises:
      FloatingPointError: a scalar or a parameter is not finite; that state is not kept.
      Interrupted: SIGTERM or SIGINT was received; the state was saved.
      ValueError: the checkpoints have other networks, or all are damaged.
      WriteError: a checkpoint or a record could not be written.
    """
    kept = settings.checkpoint
    checkpoints = Checkpoints(
        workdir / "checkpoints", keep=kept.keep, keep_every=kept.keep_every
    )
    with DeferredSignals() as signals:
        try:
            end = _drive(trainable, settings, workdir, console, checkpoints, signals)
        except BaseException:
            with suppress(WriteError):  # the first error is the one to report
                checkpoints.close()
            raise
        checkpoints.close()
    if stop := hosts.max_over_hosts(
        signals.received
    ):  # received while the last state was saved
        raise Interrupted(stop, settings.steps, workdir)
    return end


def _drive(
    trainable: Trainable,
    settings: CriticSettings,
    workdir: Path,
    console: Console,
    checkpoints: Checkpoints,
    signals: DeferredSignals,
):
    state, done = _resume(trainable, checkpoints, settings, console)
    history = _history(hosts.on_first_host(partial(_records, workdir, settings, done)))
    save = partial(_save, trainable, checkpoints, workdir)
    with (
        open_writer(workdir, done) as writer,
        progress_bar(console) as progress,
    ):
        task = progress.add_task("", total=settings.steps, completed=done)
        evaluate = partial(
            _evaluate,
            trainable,
            settings,
            checkpoints,
            history,
            writer,
            progress.console,
        )
        if done:
            lacks = _lacks_evaluation(done, settings, history)
            line = _resumed(done, settings, workdir, not lacks)
            print_line(progress.console, line)
            if lacks:
                evaluate(devices.unreplicate(state), done)
        while done < settings.steps:
            until = next_stop(done, settings)
            find = _finder(trainable, settings, state, done, until)
            state, metrics = trainable.advance(state, done, until)
            done, own = until, devices.unreplicate(state)
            scalars = as_floats(metrics)
            check_finite(done, scalars, own, checkpoints, find)
            history.training.append({"step": done} | scalars)
            writer.write("train", done, scalars)
            trainable.keep_frame(own, done)
            # Before the evaluation, which may run out of memory.
            if _is_saved(done, settings):
                save(done, own, writer)
            if _due(done, settings.eval_every, settings):
                evaluate(own, done)
            # Read once: a later signal is handled at the next stop.
            if stop := hosts.max_over_hosts(signals.received):
                save(done, own, writer)
                checkpoints.wait()
                raise Interrupted(stop, done, workdir)
            live = trainable.progress_text(scalars, history.evaluation)
            progress.update(task, completed=done, description=live)
    return devices.unreplicate(state), history


def _records(workdir: Path, settings: CriticSettings, done: int) -> list[dict]:
    """The records up to the saved step, without any that are made again.

    Frames of later steps, of an attempt whose state was not saved, go with them.


    Without a report the last step was evaluated as one among others, if it was: the run
    was to go on for longer, or was killed before its end.
    """
    animation.remove_after(workdir, done)
    finished = done < settings.steps or (workdir / REPORT).exists()
    return truncate_records(workdir / "metrics.jsonl", done, evaluated=finished)


def _save(
    trainable: Trainable,
    checkpoints: Checkpoints,
    workdir: Path,
    done: int,
    state: Any,
    writer: MetricWriter,
) -> None:
    """Saves a state, if its step has not been saved yet.

    The training records up to its step are written to disk first. The evaluation of
    this step may still be missing; a run that resumes here computes it. The report of
    an earlier end goes: it would say that this step was evaluated as the last.
    """
    writer.flush()
    if hosts.is_first() and done not in checkpoints.steps():
        with writing(workdir / REPORT):
            (workdir / REPORT).unlink(missing_ok=True)
    checkpoints.save(done, state, trainable.stream_position())


def _evaluate(
    trainable: Trainable,
    settings: CriticSettings,
    checkpoints: Checkpoints,
    history: History,
    writer: MetricWriter,
    console: Console,
    state: Any,
    done: int,
):
    """Evaluates a state, checks that the results are finite, and records them."""
    measured = trainable.evaluate(state, done)
    if not all(map(math.isfinite, measured.values())):
        checkpoints.discard(done)
    find = None
    if settings.debug_nans:
        find = partial(
            replay.find_nonfinite_operation, partial(trainable.evaluate, state, done)
        )
    check_finite(done, measured, None, checkpoints, find)
    history.evaluation.append({"step": done} | measured)
    writer.write("eval", done, measured)
    trainable.log_samples(state, done, writer)
    writer.flush()
    for line in advice(settings, measured, trainable.samples):
        print_line(console, f"step {done}: {line}")


def _lacks_evaluation(done: int, settings: CriticSettings, history: History) -> bool:
    """Whether the saved step was due for an evaluation that is not recorded."""
    measured = history.evaluation[-1]["step"] if history.evaluation else 0
    return _due(done, settings.eval_every, settings) and measured < done


def _finder(
    trainable: Trainable, settings: CriticSettings, state: Any, done: int, until: int
):
    """A function that names the first operation with a non-finite result.

    It computes the steps from `done` to `until` again. None without `debug_nans`.
    """
    if not settings.debug_nans or trainable.step is None:
        return None
    # A copy, because training reuses the memory of the state.
    plain, like = (
        devices.unwrap_keys(devices.unreplicate(state)),
        jax.eval_shape(trainable.init),
    )
    kept, position = jax.tree.map(np.array, plain), trainable.stream_position()

    def find() -> str:
        if position is not None:
            trainable.seek_stream(position)
        before = devices.rewrap_keys(jax.tree.map(jnp.asarray, kept), like)
        return replay.find_nonfinite_step(
            trainable.step, trainable.step_inputs, before, done, until
        )

    return find


def _resume(
    trainable: Trainable,
    checkpoints: Checkpoints,
    settings: CriticSettings,
    console: Console,
):
    """The state to continue from, and its step: 0 for a new run."""
    like = jax.eval_shape(trainable.init)
    warn = partial(print_line, console)
    saved = checkpoints.load_latest(like, warn, set_aside=True)
    if saved is None:
        return trainable.init(), 0
    resume.check_steps(saved.step, settings)
    if saved.position is not None:
        trainable.seek_stream(saved.position)
    return trainable.to_devices(saved.state), saved.step


def _resumed(
    done: int, settings: CriticSettings, workdir: Path, evaluated: bool
) -> str:
    """The line that a resumed run prints."""
    if done < settings.steps:
        return f"going on from step {done}"
    if not evaluated:
        return f"all {done} steps are done: evaluating the last"
    return (
        f"this run is finished, at step {done}: its results are in {workdir}. To train"
        " it longer, raise --config.steps and add --accept_changes"
    )


def open_writer(workdir: Path, done: int) -> MetricWriter:
    """The writer of this host's records; only the first host writes any.

    Args:
      workdir: the run's folder.
      done: the step from which the run continues.
    """
    return MetricWriter(workdir, done) if hosts.is_first() else NullWriter()


def _history(records: list[dict[str, Any]]) -> History:
    parts: dict[str, list] = {"train": [], "eval": []}
    for record in records:
        parts[record.pop("split")].append(record)
    return History(parts["train"], parts["eval"])


def _due(step: int, every: int, settings: CriticSettings) -> bool:
    return step % every == 0 or step == settings.steps


def _is_saved(step: int, settings: CriticSettings) -> bool:
    every, for_good = settings.checkpoint.every, settings.checkpoint.keep_every
    return _due(step, every, settings) or bool(for_good and step % for_good == 0)


def next_stop(done: int, settings: CriticSettings) -> int:
    """The next step after `done` at which the run logs, evaluates or saves."""
    saved = settings.checkpoint.every, settings.checkpoint.keep_every or settings.steps
    intervals = settings.log_every, settings.eval_every, *saved
    return min(*(done - done % n + n for n in intervals), settings.steps)
