"""What a run tells: progress while it trains, a table and pictures at its end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import FrozenConfigDict
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from wgan_gp import figures, train
from wgan_gp.build import Experiment
from wgan_gp.networks import bind


class Held(NamedTuple):
    """Held-out real samples in sets of `eval_samples`, and what they score."""

    reals: np.ndarray  # [R, n, ...]
    floor: float  # mean exact W1 to R other sets of real samples


class History(NamedTuple):
    """The records of a run so far."""

    training: list[dict[str, float]]
    evaluation: list[dict[str, float]]


def draw_figures(
    experiment: Experiment,
    config: FrozenConfigDict,
    state: train.TrainState,
    held: Held,
    history: History,
    key: jax.Array,
    workdir: Path,
) -> None:
    """Writes the run's pictures as PNG files under `figures/`."""
    folder = workdir / "figures"
    folder.mkdir(exist_ok=True)
    title = f"{config.name}, {config.lipschitz}, {config.steps:,} generator updates"
    curves = figures.training_curves(*history, floor=held.floor, title=title)
    curves.savefig(folder / "curves.png", dpi=150)
    if experiment.dataset.shape != (2,):
        return
    edge = 1.25 * float(np.abs(held.reals).max())
    grid = np.linspace(-edge, edge, 128, dtype=np.float32)
    plane = np.stack(np.meshgrid(grid, grid), axis=-1)
    critic = bind(experiment.algorithm.critic.network, state.critic.params)
    values = jax.jit(jax.vmap(jax.vmap(critic)))(plane)
    fakes = train.generate(experiment.algorithm, state.average, key, 1000)
    contours = figures.critic_contours(
        np.asarray(values),
        -edge,
        edge,
        held.reals[0, :500],
        np.asarray(fakes),
        title=title,
    )
    contours.savefig(folder / "critic.png", dpi=150)


def closing_table(
    experiment: Experiment,
    config: FrozenConfigDict,
    result: dict[str, float],
) -> Table:
    """The closing table."""
    table = Table(title=f"{config.name}: {config.lipschitz}", title_justify="left")
    table.add_column("held-out quantity")
    table.add_column("value", justify="right")
    rows = {
        "Wasserstein estimate, without the penalty": f"{result['wasserstein']:.4f}",
        "exact W1, generated to real": f"{result['w1']:.4f} ± {result['w1_std']:.4f}",
        "exact W1, real to real (sampling floor)": f"{result['floor']:.4f}",
        "ratio of the two": f"{result['w1'] / result['floor']:.2f}",
        "gradient norm at interpolates: mean": f"{result['gradient_norm_mean']:.3f}",
        "... minimum to maximum": f"{result['gradient_norm_min']:.3f} to"
        f" {result['gradient_norm_max']:.3f}",
        "penalty, without lambda": f"{result['penalty']:.5f}",
    }
    if experiment.dataset.modes is not None:
        total = len(experiment.dataset.modes)
        rows["modes found"] = f"{result['modes']:.1f} of {total}"
        rows["samples within 3 sigma of a mode"] = f"{100 * result['share']:.1f} %"
        rows["reverse KL over modes"] = f"{result['reverse_kl']:.4f}"
    rows["training and evaluation"] = f"{result['seconds']:.1f} s"
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def progress_bar(console: Console) -> Progress:
    """A bar with generator updates done, time left and live numbers."""
    return Progress(
        TextColumn("{task.completed:,.0f} / {task.total:,.0f}"),
        BarColumn(bar_width=24),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=console,
    )


def as_floats(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Scalars on the device as Python numbers."""
    return {name: float(value) for name, value in metrics.items()}


def live_text(metrics: dict[str, float], evaluation: list[dict[str, float]]) -> str:
    """The numbers beside the bar, from the newest records."""
    text = f"estimate {metrics['wasserstein']:+.3f}"
    if evaluation:
        text += f"  exact W1 {evaluation[-1]['w1']:.3f}"
        text += f"  |grad D| {evaluation[-1]['gradient_norm_mean']:.2f}"
    if evaluation and "share" in evaluation[-1]:
        text += f"  within 3σ {100 * evaluation[-1]['share']:.0f} %"
    return text
