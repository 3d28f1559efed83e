"""Runs of task "gan": a critic and a generator, trained, evaluated and reported on."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from rich.console import Console

from wgan_gp import data, devices, train
from wgan_gp.build import Experiment
from wgan_gp.configs import Settings
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.devices import hosts
from wgan_gp.evaluate import critic_diagnostics
from wgan_gp.evaluate.held_out import (
    HeldOutSets,
    count_evaluated,
    describe_counts,
    hold_out,
)
from wgan_gp.evaluate.inception import difference_from_published
from wgan_gp.runs import (
    animation,
    class_tables,
    dataset_file,
    draws,
    grids,
    report,
    series_figures,
)
from wgan_gp.runs.advice import recommendation
from wgan_gp.runs.closing import closing_table, summary
from wgan_gp.runs.drawing import draw_figures
from wgan_gp.runs.driver import drive, next_stop
from wgan_gp.runs.progress import as_floats, print_line, progress_text
from wgan_gp.runs.records import MetricWriter
from wgan_gp.runs.run_facts import Facts
from wgan_gp.runs.started import Start
from wgan_gp.runs.trainable import Trainable


def run(
    settings: Settings,
    workdir: Path,
    experiment: Experiment,
    *,
    console: Console | None = None,
    start: Start | None = None,
) -> dict[str, float]:
    """Trains one experiment, from its newest checkpoint if any, and reports on it.

    Args:
      settings: from `configs.resolve`.
      workdir: a folder from `workdir.prepare`. It gets `metrics.jsonl`, TensorBoard
        events, states under `checkpoints/`, PNG figures, and `report.html`.
      experiment: what `build` makes of the settings.
      console: prints progress and the closing table; the terminal by default.
      start: the command that was given, for the report; None for a run in Python.

    Returns:
      The scalars of the final evaluation.

    Raises:
      FloatingPointError: training diverged; earlier records and checkpoints are kept.
      driver.Interrupted: SIGTERM or SIGINT was received; the state was saved.
    """
    console = console or Console(quiet=not hosts.is_first())
    mesh = devices.mesh_for(settings.batches, settings.mesh.data)
    remarks = begin_with(settings, experiment, mesh)
    for line in remarks:
        print_line(console, line)
    dataset_file.write(workdir, experiment.dataset)
    # Evaluation has keys of its own, so it never changes what training draws.
    train_key, held_key, eval_key = run_keys(settings.seed)
    held = hold_out(experiment.dataset, experiment.evaluation, held_key)
    started = time.monotonic()
    trainable = _trainable(experiment, settings, mesh, held, train_key, eval_key)
    if experiment.dataset.shape == (2,) and hosts.is_first():
        keep = _frame_keeper(experiment, settings, workdir, held)
        trainable = trainable._replace(keep_frame=keep)
    state, history = drive(trainable, settings, workdir, console)
    result = history.evaluation[-1] | {"seconds": time.monotonic() - started}
    # The others wait in the broadcast: at their end they would wait for a minute only.
    hosts.on_first_host(
        lambda: draw_figures(
            experiment, settings, state, held, history, eval_key, workdir
        )
    )
    tables = [closing_table(experiment, settings, result)]
    if classes := class_tables.class_table(experiment, state, held, eval_key):
        tables.append(classes)
    facts = Facts(
        settings=settings,
        summary=summary(settings, result),
        tables=tables,
        seconds=result["seconds"],
        mesh=mesh,
        evaluation=history.evaluation,
        evaluated=trainable.samples,
        remarks=remarks,
        samples=series_figures.text_samples(experiment, settings, state),
        hint=recommendation(experiment.dataset, settings),
        dataset=experiment.dataset,
        start=start,
    )
    report.conclude(workdir, facts, console)
    return result


def begin_with(settings: Settings, experiment: Experiment, mesh: Mesh) -> list[str]:
    """The lines on constraint, data, devices and features that a run begins with."""
    weights, dataset = settings.features.weights, experiment.dataset
    columns = dataset.columns if dataset.kind == "vectors" else None
    lines = [
        CONSTRAINTS[settings.lipschitz].remark,
        f"columns are {columns.kinds()}" if columns is not None else None,
        *dataset.notes,
        devices.unused_devices(mesh, settings.batches, settings.mesh.data),
        describe_counts(experiment.evaluation, dataset),
        difference_from_published(weights) if weights is not None else None,
    ]
    return [line for line in lines if line]


def run_keys(seed: int | jax.Array) -> jax.Array:
    """The keys `[3]` of a run: for training, held-out samples and evaluation."""
    return jax.random.split(jax.random.key(seed), 3)


def _trainable(
    experiment: Experiment,
    settings: Settings,
    mesh: Mesh,
    held: HeldOutSets,
    train_key: jax.Array,
    eval_key: jax.Array,
) -> Trainable:
    start = jax.jit(
        partial(train.init, experiment.algorithm, experiment.hyperparameters),
        out_shardings=devices.replicated(mesh),
    )
    train_key = devices.replicate(train_key, mesh)

    def measure(state: train.TrainState, step: int) -> dict[str, float]:
        is_last = step == settings.steps
        repeats = settings.eval_repeats if is_last else 1
        key = jax.random.fold_in(eval_key, step)
        return evaluate(experiment, state, held, key, repeats, is_last=is_last)

    def show(state: train.TrainState, step: int, writer: MetricWriter) -> None:
        images = grids.image_grid(experiment, settings, state)
        if images is not None:
            writer.write_image("samples", step, images)
        if lines := series_figures.text_samples(experiment, settings, state):
            writer.write_text("samples", step, lines)

    batches, position = None, {}
    if experiment.dataset.stream is not None:
        batches = experiment.dataset.stream(settings.batch_size, settings.seed)
        position = {
            "stream_position": batches.get_state,
            "seek_stream": batches.set_state,
        }
    return Trainable(
        init=lambda: start(train_key),
        advance=_on_device(experiment, mesh)
        if batches is None
        else _streamed(experiment, settings, mesh, batches),
        evaluate=measure,
        progress_text=progress_text,
        log_samples=show,
        samples=count_evaluated(experiment.evaluation, experiment.dataset)[0],
        to_devices=partial(devices.replicate, mesh=mesh),
        step=partial(
            train.train_step, experiment.algorithm, experiment.hyperparameters
        ),
        step_inputs=lambda _: (
            None if batches is None else _stacked(batches, settings.n_critic)
        ),
        **position,
    )


def _frame_keeper(
    experiment: Experiment,
    settings: Settings,
    workdir: Path,
    held: HeldOutSets,
):
    stops = [next_stop(0, settings)]
    while stops[-1] < settings.steps:
        stops.append(next_stop(stops[-1], settings))
    return animation.keeper(
        experiment,
        workdir,
        title=settings.lipschitz,
        reals=held.reals[0],
        steps=animation.frame_steps(settings.steps, stops),
        seed=settings.seed,
    )


def _on_device(experiment: Experiment, mesh: Mesh):
    """Steps on data that is on the device; one program serves any number of steps."""

    # The sampler is an argument, because a closed-over array becomes a constant of the
    # compiled program.
    def several(sampler: data.Sampler, state: train.TrainState, count: Any):
        critic = experiment.algorithm.critic._replace(sample_real=sampler)
        algorithm = experiment.algorithm._replace(critic=critic)
        return train.train_steps(algorithm, experiment.hyperparameters, state, count)

    sampler = experiment.dataset.sample
    if not isinstance(sampler, jax.tree_util.Partial):
        sampler = jax.tree_util.Partial(sampler)
    sampler = devices.replicate(sampler, mesh)
    compiled = devices.jit_replicated(several, mesh, donate_argnums=1)
    return lambda state, done, until: compiled(sampler, state, until - done)


def _streamed(
    experiment: Experiment, settings: Settings, mesh: Mesh, batches: Iterator
):
    """Steps on data that the hosts stream in batches."""
    step = devices.jit_replicated(
        partial(train.train_step, experiment.algorithm, experiment.hyperparameters),
        mesh,
        donate_argnums=0,
    )
    add = jax.jit(partial(jax.tree.map, jnp.add))

    def advance(state: train.TrainState, done: int, until: int):
        totals = None
        for _ in range(done, until):
            # One transfer for all batches of a step, which overlaps the previous step.
            stacked = _stacked(batches, settings.n_critic)
            state, metrics = step(state, devices.shard_host_batches(stacked, mesh))
            totals = metrics if totals is None else add(totals, metrics)
        return state, jax.tree.map(lambda total: total / (until - done), totals)

    return advance


def _stacked(batches: Iterator, count: int):
    """The next `count` batches of a stream, stacked: `[count, batch, ...]`."""
    raw = [next(batches) for _ in range(count)]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *raw)


def evaluate(
    experiment: Experiment,
    state: train.TrainState,
    held: HeldOutSets,
    key: jax.Array,
    repeats: int,
    *,
    is_last: bool = False,
) -> dict[str, float]:
    """Evaluates the critic and the averaged generator on held-out data.

    Args:
      experiment: with the algorithm and the data set.
      state: of training, on one device.
      held: R held-out sets of n samples each, `[R, n, ...]`.
      key: of this evaluation.
      repeats: how many of the held-out sets are used; at most R.
      is_last: whether to measure what takes seconds too.

    Returns:
      The scalars of `critic_diagnostics`, the quality of generated samples, and the
      floor: the scores of other real samples.
    """
    fake_key, critic_key = jax.random.split(key)
    algorithm = experiment.algorithm
    reals = held.reals[:repeats]
    count = reals.shape[0] * reals.shape[1]
    parts = draws.draw(algorithm, state.average, fake_key, count)
    fakes = draws.concatenate(parts, count).reshape(reals.shape)
    diagnostics = _diagnose(algorithm, state.critic, reals[0], fakes[0], critic_key)
    quality = held.quality(fakes) | held.floor_beside(len(reals))
    if is_last:
        quality |= held.final_quality(fakes)
    return diagnostics | quality


def _diagnose(
    algorithm: train.Algorithm,
    critic: train.Player,
    reals: jax.Array,
    fakes: jax.Array,
    key: jax.Array,
) -> dict[str, float]:
    """The critic's diagnostics, computed in parts so that memory suffices.

    A part has at most as many samples as training differentiates at once; small samples
    may be more.
    """
    most = (
        draws.batches_per_call(algorithm, reals.shape[1:]) * algorithm.critic.batch_size
    )
    parts = -(-len(reals) // max(1, most // algorithm.critic.microbatches))
    parts = min(parts, max(1, len(reals) // 2))  # independent pairs take two samples
    measured, sizes = [], []
    for i, pair in enumerate(zip(*(np.array_split(x, parts) for x in (reals, fakes)))):
        part_key = jax.random.fold_in(key, i)
        part = _diagnose_part(algorithm, critic, *pair, part_key)
        measured.append(as_floats(part))
        sizes.append(len(pair[0]))
    return {name: _over_parts(name, measured, sizes) for name in measured[0]}


def _over_parts(name: str, measured: list[dict[str, float]], sizes: list[int]) -> float:
    """Combines a scalar of the parts: minimum, maximum, or mean by size."""
    values = [part[name] for part in measured]
    if name.endswith("_min"):
        return min(values)
    if name.endswith("_max"):
        return max(values)
    return float(np.average(values, weights=sizes))


@partial(jax.jit, static_argnums=0)
def _diagnose_part(
    algorithm: train.Algorithm,
    critic: train.Player,
    reals: jax.Array,
    fakes: jax.Array,
    key: jax.Array,
):
    bound = train.bind_critic(algorithm.critic, critic)
    penalty = train.bind_penalty(algorithm.critic, critic)
    return critic_diagnostics(bound, reals, fakes, key, penalty=penalty)
