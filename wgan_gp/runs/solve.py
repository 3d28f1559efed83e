"""The loop of a critic alone, on a pair of known W1: every effect of such a run."""

import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
from ml_collections import FrozenConfigDict
from rich.console import Console
from rich.table import Table

from wgan_gp import devices, train
from wgan_gp.build import CriticExperiment, build_critic
from wgan_gp.devices import hosts
from wgan_gp.evaluate.published import BEST_COSINE, COSINE, ESTIMATE, L2, published
from wgan_gp.evaluate.truth import compare_to_truth
from wgan_gp.runs import figures, report
from wgan_gp.runs.driver import Course, drive
from wgan_gp.system.files import writing
from wgan_gp.train import Player, critic_step, init_critic


def run(
    config: FrozenConfigDict,
    workdir: Path,
    *,
    experiment: CriticExperiment | None = None,
    console: Console | None = None,
) -> dict[str, float]:
    """Trains one critic and measures it beside the optimal one.

    Args:
      config: of task "critic", from `configs.resolve`.
      workdir: a folder from `workdir.prepare`. It gets `metrics.jsonl`, TensorBoard
        events, critics under `checkpoints/`, and `figures/curves.png`.
      experiment: what `build_critic` makes of the config; made here by default.
      console: where progress and the closing table go; the terminal by default.

    Returns:
      The scalars of the final evaluation, those of `evaluate.truth.Truth`.

    Raises:
      FloatingPointError: training diverged; what was logged until then is kept.
      driver.Interrupted: a signal came; the critic was saved.
    """
    console = console or Console(quiet=not hosts.is_first())
    mesh = devices.mesh_for(config)
    if line := devices.unused_devices(mesh, config):
        console.print(line, soft_wrap=True)
    experiment = experiment or build_critic(config)
    # The streams of `ground_truth.cells.solve_cells`: one seed is one critic.
    train_key, eval_key = jax.random.split(jax.random.key(config.seed))
    init_key, step_key = jax.random.split(train_key)
    keys = jax.random.split(step_key, config.steps)
    start = jax.jit(
        partial(init_critic, experiment.algorithm),
        out_shardings=devices.replicated(mesh),
    )
    several = devices.jit_replicated(
        partial(_advance, experiment), mesh, donate_argnums=0
    )

    init_key = devices.replicate(init_key, mesh)

    def advance(critic: Player, done: int, until: int):
        return several(critic, devices.replicate(keys[done:until], mesh))

    measure = jax.jit(partial(_measure, experiment, config.eval_samples))
    course = Course(
        start=lambda: start(experiment.hyperparameters, init_key),
        advance=advance,
        place=partial(devices.replicate, mesh=mesh),
        measure=lambda critic, _: report.as_floats(measure(critic, eval_key)._asdict()),
        live=_live_text,
        step=partial(
            critic_step,
            experiment.algorithm,
            experiment.hyperparameters,
            experiment.sample_fake,
        ),
        inputs=lambda done: keys[done],
    )
    started = time.monotonic()
    _, (_, evaluation) = drive(course, config, workdir, console)
    result = evaluation[-1] | {"seconds": time.monotonic() - started}
    if hosts.is_first():
        _draw(config, evaluation, workdir)
    console.print(closing_table(config, result))
    console.print(f"figures, metrics, trained critic: {workdir}", soft_wrap=True)
    return result


def _draw(config: FrozenConfigDict, evaluation, workdir: Path) -> None:
    folder = workdir / "figures"
    with writing(folder):
        folder.mkdir(exist_ok=True)
    title = f"{config.name}, {config.lipschitz}, {config.steps:,} critic updates"
    figure = figures.truth_curves(evaluation, title=title)
    report.save_figure(folder / "curves.png", figure)


def _live_text(metrics: dict[str, float], evaluation: list[dict[str, float]]) -> str:
    text = f"estimate {metrics['wasserstein']:+.3g}"
    if evaluation:
        text += f"  W1 {evaluation[-1]['w1']:.3g}"
        text += f"  cosine {evaluation[-1]['cosine']:.3f}"
    return text


def _advance(experiment: CriticExperiment, critic: Player, keys: jax.Array):
    """An update for each key, and the mean of their metrics."""
    critic, metrics = train.critic_steps(
        experiment.algorithm,
        experiment.hyperparameters,
        experiment.sample_fake,
        critic,
        keys,
    )
    return critic, jax.tree.map(jnp.mean, metrics)


def _measure(experiment: CriticExperiment, samples: int, critic, key: jax.Array):
    bound = train.bind_critic(experiment.algorithm, critic)
    return compare_to_truth(bound, experiment.funnels, key, samples)


def closing_table(config: FrozenConfigDict, result: dict[str, float]) -> Table:
    """The critic's numbers beside the truth and the published ones."""
    cell = config.lipschitz, config.data.dimension, config.data.funnels
    table = Table(title=f"{config.name}: {config.lipschitz}", title_justify="left")
    table.add_column("held-out quantity")
    for heading in ("value", "the truth", "published"):
        table.add_column(heading, justify="right")

    def row(name, value, truth, theirs):
        known = published(theirs, *cell)
        table.add_row(name, value, truth, "" if known is None else f"{known:g}")

    row("cosine of the gradients", f"{result['cosine']:.4g}", "1", COSINE)
    row("... best published solver", "", "", BEST_COSINE)
    table.add_row("... centres left out", f"{result['cosine_clear']:.4g}", "1", "")
    row("L2 of the gradients", f"{result['l2']:.4g}", "0", L2)
    # Significant digits: under clipping an estimate can be of any size.
    estimate, true = f"{result['estimate']:.4g}", f"{result['w1']:.4g}"
    row("Wasserstein estimate", estimate, true, ESTIMATE)
    left_out = f"{100 * result['left_out']:.2f} %"
    table.add_row("samples at a centre", left_out, "", "")
    table.add_row("training and evaluation", f"{result['seconds']:.1f} s", "", "")
    return table
