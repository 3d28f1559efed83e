"""The main loop: trains, logs, evaluates and saves; every effect of a run."""

import math
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jax
import numpy as np
from ml_collections import FrozenConfigDict
from rich.console import Console

from wgan_gp import checkpoint, report, train
from wgan_gp.build import Experiment, build
from wgan_gp.evaluate import critic_diagnostics
from wgan_gp.evaluate.samples import sample_quality, sampling_floor
from wgan_gp.networks import bind
from wgan_gp.report import Held, History
from wgan_gp.writers import MetricWriter


def run(
    config: FrozenConfigDict, workdir: Path, *, console: Console | None = None
) -> dict[str, float]:
    """Trains one experiment and reports on it.

    Args:
      config: from `configs.resolve`.
      workdir: a folder from `workdir.prepare`. It gets `metrics.jsonl`, TensorBoard
        events, the final state under `checkpoint/`, and PNG figures.
      console: where progress and the closing table go; the terminal by default.

    Returns:
      The scalars of the final evaluation.

    Raises:
      FloatingPointError: training diverged; what was logged until then is kept.
    """
    console = console or Console()
    experiment = build(config)
    # Evaluation has streams of its own: it never changes what training draws.
    train_key, held_key, eval_key = jax.random.split(jax.random.key(config.seed), 3)
    held = hold_out(experiment, config, held_key)
    start = partial(train.init, experiment.algorithm, experiment.hyperparameters)
    state, history = jax.jit(start)(train_key), History([], [])
    started = time.monotonic()
    with MetricWriter(workdir) as writer, report.progress_bar(console) as progress:
        task = progress.add_task("", total=config.steps)
        for reached, metrics in train_in_chunks(experiment, config, state):
            state, step = reached, int(reached.step)
            history.training.append({"step": step} | metrics)
            writer.write("train", step, metrics)
            if step % config.eval_every == 0 or step == config.steps:
                repeats = config.eval_repeats if step == config.steps else 1
                key = jax.random.fold_in(eval_key, step)
                scalars = evaluate(experiment, config, state, held, key, repeats)
                history.evaluation.append({"step": step} | scalars)
                writer.write("eval", step, scalars)
            live = report.live_text(metrics, history.evaluation)
            progress.update(task, completed=step, description=live)
    result = history.evaluation[-1] | {"seconds": time.monotonic() - started}
    checkpoint.save(workdir / "checkpoint", state)
    report.draw_figures(experiment, config, state, held, history, eval_key, workdir)
    console.print(report.closing_table(experiment, config, result))
    console.print(f"figures, metrics, trained networks: {workdir}", soft_wrap=True)
    return result


def train_in_chunks(
    experiment: Experiment, config: FrozenConfigDict, state: train.TrainState
) -> Iterator[tuple[train.TrainState, dict[str, float]]]:
    """Trains up to each logging or evaluation step in turn; compiles once.

    Yields:
      The state there, and each training scalar's mean since the one before.

    Raises:
      FloatingPointError: a scalar is not finite: training has diverged.
    """
    step = jax.jit(
        partial(train.train_steps, experiment.algorithm, experiment.hyperparameters),
        donate_argnums=0,
    )
    done = int(state.step)
    while done < config.steps:
        until = next_stop(done, config)
        state, metrics = step(state, until - done)
        done = until
        scalars = report.as_floats(metrics)
        check_finite(done, scalars)
        yield state, scalars


def hold_out(experiment: Experiment, config: FrozenConfigDict, key: jax.Array) -> Held:
    """Draws the held-out samples and measures what real samples score."""
    sets = _draw_sets(experiment.dataset.sample, config, key, 2 * config.eval_repeats)
    reals, others = sets[: config.eval_repeats], sets[config.eval_repeats :]
    return Held(reals, sampling_floor(reals, others))


def evaluate(
    experiment: Experiment,
    config: FrozenConfigDict,
    state: train.TrainState,
    held: Held,
    key: jax.Array,
    repeats: int,
) -> dict[str, float]:
    """The critic and the averaged generator on held-out data.

    Args:
      experiment: what is trained.
      config: its configuration.
      state: where training is.
      held: held-out samples.
      key: of this evaluation.
      repeats: how many of the held-out sets to use.

    Returns:
      The scalars of `critic_diagnostics` and `sample_quality`, and `floor`.
    """
    fake_key, critic_key = jax.random.split(key)
    algorithm = experiment.algorithm
    fakes = _draw_sets(
        partial(train.generate, algorithm, state.average), config, fake_key, repeats
    )
    diagnostics = _diagnose(
        algorithm, state.critic.params, held.reals[0], fakes[0], critic_key
    )
    quality = sample_quality(experiment.dataset, fakes, held.reals[:repeats])
    return report.as_floats(diagnostics) | quality | {"floor": held.floor}


def next_stop(done: int, config: FrozenConfigDict) -> int:
    """The next step after `done` at which something is logged or evaluated."""
    due = [done - done % n + n for n in (config.log_every, config.eval_every)]
    return min(*due, config.steps)


def check_finite(step: int, scalars: dict[str, float]) -> None:
    """Raises FloatingPointError if a scalar of this step is not finite."""
    for name, value in scalars.items():
        if not math.isfinite(value):
            raise FloatingPointError(
                f"{name} is {value} by step {step}: training has diverged; try a lower"
                " learning rate"
            )


@partial(jax.jit, static_argnums=0)
def _diagnose(algorithm: train.Algorithm, params, reals, fakes, key):
    critic = bind(algorithm.critic.network, params)
    return critic_diagnostics(
        critic, reals, fakes, key, penalty=algorithm.critic.penalty
    )


def _draw_sets(sample, config: FrozenConfigDict, key: jax.Array, sets: int):
    n = config.eval_samples
    drawn = np.asarray(sample(key, sets * n))
    return drawn.reshape(sets, n, *drawn.shape[1:])
