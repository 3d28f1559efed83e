"""Runs of task "critic": a critic alone, on two distributions whose W1 is known."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
from rich.console import Console

from wgan_gp import devices, train
from wgan_gp.build import CriticExperiment
from wgan_gp.configs import CriticSettings
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.data.pairs import unpublished
from wgan_gp.devices import hosts
from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.evaluate.published import BEST_COSINE, PUBLISHED, published
from wgan_gp.evaluate.truth import compare_to_truth
from wgan_gp.runs import figures, report
from wgan_gp.runs.axes import plain_text
from wgan_gp.runs.closing import ResultTable, Row
from wgan_gp.runs.drawing import save_figure
from wgan_gp.runs.driver import drive
from wgan_gp.runs.progress import as_floats, progress_text
from wgan_gp.runs.run_facts import Facts
from wgan_gp.runs.started import Start
from wgan_gp.runs.trainable import Trainable
from wgan_gp.runs.workdir import FIGURES
from wgan_gp.system.files import writing
from wgan_gp.train import Player, critic_step, init_critic


def run(
    settings: CriticSettings,
    workdir: Path,
    experiment: CriticExperiment,
    *,
    console: Console | None = None,
    start: Start | None = None,
) -> dict[str, float]:
    """Trains one critic and compares it with the optimal critic.

    Args:
      settings: of task "critic", from `configs.resolve`.
      workdir: a folder from `workdir.prepare`. It gets `metrics.jsonl`, TensorBoard
        events, critics under `checkpoints/`, `figures/curves.png` and `report.html`.
      experiment: what `build_critic` makes of the settings.
      console: prints progress and the closing table; the terminal by default.
      start: the command that was given, for the report; None for a run in Python.

    Returns:
      The scalars of the final evaluation, those of `evaluate.truth.Truth`.

    Raises:
      FloatingPointError: training diverged; earlier records and checkpoints are kept.
      driver.Interrupted: SIGTERM or SIGINT was received; the critic was saved.
    """
    console = console or Console(quiet=not hosts.is_first())
    mesh = devices.mesh_for(settings.batches, settings.mesh.data)
    line = devices.unused_devices(mesh, settings.batches, settings.mesh.data)
    if line:
        console.print(line, soft_wrap=True)
    # The same keys as in `w1_benchmark.cells.solve_cells`: a seed gives one critic.
    train_key, eval_key = jax.random.split(jax.random.key(settings.seed))
    init_key, step_key = jax.random.split(train_key)
    keys = jax.random.split(step_key, settings.steps)
    init = jax.jit(
        partial(init_critic, experiment.algorithm),
        out_shardings=devices.replicated(mesh),
    )
    several = devices.jit_replicated(
        partial(_advance, experiment), mesh, donate_argnums=0
    )

    init_key = devices.replicate(init_key, mesh)

    def advance(critic: Player, done: int, until: int):
        return several(critic, devices.replicate(keys[done:until], mesh))

    measure = jax.jit(partial(_measure, experiment, settings.eval_samples))

    trainable = Trainable(
        init=lambda: init(experiment.hyperparameters, init_key),
        advance=advance,
        to_devices=partial(devices.replicate, mesh=mesh),
        evaluate=lambda critic, _: as_floats(measure(critic, eval_key)._asdict()),
        progress_text=progress_text,
        step=partial(
            critic_step,
            experiment.algorithm,
            experiment.hyperparameters,
            experiment.pair.sample_fake,
        ),
        step_inputs=lambda done: keys[done],
    )
    started = time.monotonic()
    _, (_, evaluation) = drive(trainable, settings, workdir, console)
    result = evaluation[-1] | {"seconds": time.monotonic() - started}
    hosts.on_first_host(partial(_draw, settings, evaluation, workdir))
    cosine = METRICS["cosine"].text(result["cosine"])
    facts = Facts(
        settings=settings,
        summary=f"{settings.steps:,} critic updates under {settings.lipschitz}: cosine"
        f" of its gradients and the optimal ones {cosine} (1 is best)",
        tables=[closing_table(settings, result)],
        seconds=result["seconds"],
        mesh=mesh,
        evaluation=evaluation,
        remarks=[line] if line else [],
        start=start,
    )
    report.conclude(workdir, facts, console)
    return result


def _draw(
    settings: CriticSettings, evaluation: Sequence[dict[str, float]], workdir: Path
) -> None:
    folder = workdir / FIGURES
    with writing(folder):
        folder.mkdir(exist_ok=True)
    done = f"{settings.lipschitz}, {settings.steps:,} critic updates"
    title = f"{plain_text(settings.name)}, {done}"
    figure = figures.truth_curves(evaluation, title=title)
    save_figure(folder / "curves.png", figure)


def _advance(experiment: CriticExperiment, critic: Player, keys: jax.Array):
    """Trains one update for each key; returns the critic and the mean metrics."""
    critic, metrics = train.critic_steps(
        experiment.algorithm,
        experiment.hyperparameters,
        experiment.pair.sample_fake,
        critic,
        keys,
    )
    return critic, jax.tree.map(jnp.mean, metrics)


def _measure(
    experiment: CriticExperiment, samples: int, critic: Player, key: jax.Array
):
    bound = train.bind_critic(experiment.algorithm, critic)
    return compare_to_truth(bound, experiment.pair, key, samples)


def closing_table(settings: CriticSettings, result: dict[str, float]) -> ResultTable:
    """The table of the critic's metrics beside the optimal critic's and published ones.

    Args:
      settings: of the run.
      result: the scalars of the last evaluation, and `seconds` of the run.
    """
    method = CONSTRAINTS[settings.lipschitz].published_as
    cell = method, settings.data.dimension, settings.data.funnels
    is_published = not unpublished(vars(settings.data))
    rows = []
    for name, metric in METRICS.items():
        if name not in result or name == "w1":  # shown as the truth of `estimate`
            continue
        truth = metric.ideal
        if truth in result:
            truth = METRICS[truth].text(result[truth])
        theirs = published(PUBLISHED.get(name, {}), *cell) if is_published else None
        cells = metric.label, metric.text(result[name]), truth, _known(theirs)
        rows.append(Row(cells, name))
        if name == "cosine" and is_published:
            best = published(BEST_COSINE, *cell)
            rows.append(Row(("... best published solver", "", "", _known(best))))
    title = f"{settings.name}: {settings.lipschitz}"
    headings = "held-out quantity", "value", "the truth", "published"
    return ResultTable(title, headings, tuple(rows))


def _known(value: float | None) -> str:
    """A published number as text; empty if none is published for this cell."""
    return "" if value is None else f"{value:g}"
