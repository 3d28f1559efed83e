"""The loop of a critic alone, on a pair of known W1: every effect of such a run."""

import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
from ml_collections import FrozenConfigDict
from rich.console import Console
from rich.table import Table

from wgan_gp import checkpoint, critics, figures, report
from wgan_gp.build import CriticExperiment, build_critic
from wgan_gp.evaluate.truth import compare_to_truth
from wgan_gp.ground_truth.published import (
    BEST_COSINE,
    COSINE,
    ESTIMATE,
    L2,
    published,
)
from wgan_gp.loop import check_finite, next_stop
from wgan_gp.networks import bind
from wgan_gp.train import Player, init_critic
from wgan_gp.writers import MetricWriter


def run(
    config: FrozenConfigDict, workdir: Path, *, console: Console | None = None
) -> dict[str, float]:
    """Trains one critic and measures it beside the optimal one.

    Args:
      config: of task "critic", from `configs.resolve`.
      workdir: a folder from `workdir.prepare`. It gets `metrics.jsonl`, TensorBoard
        events, the trained critic under `checkpoint/`, and `figures/curves.png`.
      console: where progress and the closing table go; the terminal by default.

    Returns:
      The scalars of the final evaluation, those of `evaluate.truth.Truth`.

    Raises:
      FloatingPointError: training diverged; what was logged until then is kept.
    """
    console = console or Console()
    experiment = build_critic(config)
    # The streams of `ground_truth.cells.solve_cells`: one seed is one critic.
    train_key, eval_key = jax.random.split(jax.random.key(config.seed))
    init_key, step_key = jax.random.split(train_key)
    keys = jax.random.split(step_key, config.steps)
    start = partial(init_critic, experiment.algorithm)
    critic = jax.jit(start)(experiment.hyperparameters, init_key)
    advance = jax.jit(partial(_advance, experiment), donate_argnums=0)
    measure = jax.jit(partial(_measure, experiment, config.eval_samples))
    history: list[dict[str, float]] = []
    done, started = 0, time.monotonic()
    with MetricWriter(workdir) as writer, report.progress_bar(console) as progress:
        task = progress.add_task("", total=config.steps)
        while done < config.steps:
            until = next_stop(done, config)
            critic, metrics = advance(critic, keys[done:until])
            done = until
            scalars = report.as_floats(metrics)
            check_finite(done, scalars)
            writer.write("train", done, scalars)
            if done % config.eval_every == 0 or done == config.steps:
                truth = report.as_floats(measure(critic.params, eval_key)._asdict())
                check_finite(done, truth)
                history.append({"step": done} | truth)
                writer.write("eval", done, truth)
            text = f"estimate {scalars['wasserstein']:+.3f}"
            if history:
                text += f"  W1 {history[-1]['w1']:.3f}"
                text += f"  cosine {history[-1]['cosine']:.3f}"
            progress.update(task, completed=done, description=text)
    result = history[-1] | {"seconds": time.monotonic() - started}
    checkpoint.save_tree(workdir / "checkpoint", critic)
    (workdir / "figures").mkdir(exist_ok=True)
    title = f"{config.name}, {config.lipschitz}, {config.steps:,} critic updates"
    figure = figures.truth_curves(history, title=title)
    figure.savefig(workdir / "figures" / "curves.png", dpi=150)
    console.print(closing_table(config, result))
    console.print(f"figures, metrics, trained critic: {workdir}", soft_wrap=True)
    return result


def _advance(experiment: CriticExperiment, critic: Player, keys: jax.Array):
    """An update for each key, and the mean of their metrics."""
    critic, metrics = critics.critic_steps(
        experiment.algorithm,
        experiment.hyperparameters,
        experiment.sample_fake,
        critic,
        keys,
    )
    return critic, jax.tree.map(jnp.mean, metrics)


def _measure(experiment: CriticExperiment, samples: int, params, key: jax.Array):
    critic = bind(experiment.algorithm.network, params)
    return compare_to_truth(critic, experiment.funnels, key, samples)


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

    row("cosine of the gradients", f"{result['cosine']:.3f}", "1", COSINE)
    row("... best published solver", "", "", BEST_COSINE)
    table.add_row("... centres left out", f"{result['cosine_clear']:.3f}", "1", "")
    row("L2 of the gradients", f"{result['l2']:.3f}", "0", L2)
    estimate, true = f"{result['estimate']:.3f}", f"{result['w1']:.3f}"
    row("Wasserstein estimate", estimate, true, ESTIMATE)
    left_out = f"{100 * result['left_out']:.2f} %"
    table.add_row("samples at a centre", left_out, "", "")
    table.add_row("training and evaluation", f"{result['seconds']:.1f} s", "", "")
    return table
