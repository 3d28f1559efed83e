"""The main loop: trains, logs, evaluates and saves; every effect of a run."""

import math
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
from ml_collections import FrozenConfigDict
from rich.console import Console

from wgan_gp import checkpoint, report, train
from wgan_gp.build import Experiment, build
from wgan_gp.evaluate import critic_diagnostics
from wgan_gp.held_out import Held, draw_sets, hold_out
from wgan_gp.networks import bind
from wgan_gp.report import History
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
    held = hold_out(experiment.dataset, config, held_key)
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
                if (images := report.image_grid(experiment, config, state)) is not None:
                    writer.write_image("samples", step, images)
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
    advance = _streamed(experiment, config) if experiment.dataset.stream else None
    advance = advance or _on_device(experiment)
    done = int(state.step)
    while done < config.steps:
        until = next_stop(done, config)
        state, metrics = advance(state, until - done)
        done = until
        scalars = report.as_floats(metrics)
        check_finite(done, scalars)
        yield state, scalars


def _on_device(experiment: Experiment):
    """Iterations of a data set that is on the device, one program for any number."""

    # The sampler is an argument: what a program closes over is compiled into it.
    def advance(sampler, state, count):
        critic = experiment.algorithm.critic._replace(sample_real=sampler)
        algorithm = experiment.algorithm._replace(critic=critic)
        return train.train_steps(algorithm, experiment.hyperparameters, state, count)

    sampler = experiment.dataset.sample
    if not isinstance(sampler, jax.tree_util.Partial):
        sampler = jax.tree_util.Partial(sampler)
    return partial(jax.jit(advance, donate_argnums=1), sampler)


def _streamed(experiment: Experiment, config: FrozenConfigDict):
    """Iterations of a data set that comes from the host in batches."""
    assert experiment.dataset.stream is not None
    batches = experiment.dataset.stream(config.batch_size, config.seed)
    step = jax.jit(
        partial(train.train_step, experiment.algorithm, experiment.hyperparameters),
        donate_argnums=0,
    )
    add = jax.jit(partial(jax.tree.map, jnp.add))

    def advance(state, count):
        totals = None
        for _ in range(count):
            raw = [next(batches) for _ in range(config.n_critic)]
            stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *raw)
            state, metrics = step(state, stacked)
            totals = metrics if totals is None else add(totals, metrics)
        return state, jax.tree.map(lambda total: total / count, totals)

    return advance


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
      The scalars of `critic_diagnostics`, and those of the held-out samples' quality
      and floor.
    """
    fake_key, critic_key = jax.random.split(key)
    algorithm = experiment.algorithm
    fakes = draw_sets(
        partial(train.generate, algorithm, state.average), config, fake_key, repeats
    )
    diagnostics = _diagnose(
        algorithm, state.critic.params, held.reals[0], fakes[0], critic_key
    )
    return report.as_floats(diagnostics) | held.quality(fakes) | held.floor


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
