"""What a run tells: progress while it trains, a table and pictures at its end."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from matplotlib.figure import Figure
from ml_collections import FrozenConfigDict
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from wgan_gp import train
from wgan_gp.build import Experiment
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.evaluate.held_out import Held
from wgan_gp.evaluate.metrics import METRICS, OF_IMAGES
from wgan_gp.runs import figures, grids
from wgan_gp.system.files import writing

# Below this a generator's gradients drown in the epsilon that its optimiser adds, 1e-8.
# In docs/images/sweep_toy.csv all critics of clip_bound 0.003 are below, and those of
# 0.01 above 1e-4.
_FROZEN_WITHOUT_SCALE = 1e-6


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
    """Writes the run's pictures as PNG files under `figures/`.

    Raises:
      WriteError: one cannot be written; an old one in its place is as it was.
    """
    folder = workdir / "figures"
    with writing(folder):
        folder.mkdir(exist_ok=True)
    title = _title(experiment, config)
    curves = figures.training_curves(*history, floor=held.floor, title=title)
    save_figure(folder / "curves.png", curves)
    images = grids.image_grid(experiment, config, state)
    if images is not None:
        _draw_images(experiment, config, state, images, folder)
    if experiment.dataset.shape != (2,):
        return
    edge = 1.25 * float(np.abs(held.reals).max())
    grid = np.linspace(-edge, edge, 128, dtype=np.float32)
    plane = np.stack(np.meshgrid(grid, grid), axis=-1)
    critic = train.bind_critic(experiment.algorithm.critic, state.critic)
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
    save_figure(folder / "critic.png", contours)


def save_figure(path: Path, figure: Figure) -> None:
    """Writes a figure as PNG, all of it or nothing: an old file stays until then.

    Raises:
      WriteError: it cannot be written.
    """
    _whole(path, partial(figure.savefig, dpi=150))


def _save_image(path: Path, image: np.ndarray, **headings) -> None:
    _whole(path, partial(figures.save_image, image=image, **headings))


def _title(experiment: Experiment, config: FrozenConfigDict) -> str:
    kind, colon, path = experiment.dataset.name.partition(":")
    name = f"{kind}:{Path(path).name}" if colon else kind  # of own data without folders
    name = name.replace("$", r"\$")  # which begins a formula
    return f"{name}: {config.lipschitz}, {config.steps:,} generator updates"


def _whole(path: Path, write: Callable[[Path], None]) -> None:
    draft = path.with_suffix(".part.png")
    with writing(path):
        try:
            write(draft)
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise


def _draw_images(experiment, config, state, images: np.ndarray, folder: Path) -> None:
    headings = grids.layout(experiment.dataset).headings
    _save_image(folder / "samples.png", images, **headings)
    lines = grids.interpolations(experiment, config, state)
    _save_image(folder / "interpolation.png", lines)


def closing_table(
    experiment: Experiment,
    config: FrozenConfigDict,
    result: dict[str, float],
) -> Table:
    """The closing table."""
    table = Table(title=f"{config.name}: {config.lipschitz}", title_justify="left")
    table.add_column("held-out quantity")
    table.add_column("value", justify="right")
    # Significant digits: under clipping the critic's numbers can be of any size.
    rows = {
        METRICS["wasserstein"].label: f"{result['wasserstein']:.4g}",
        METRICS["gradient_norm_mean"].label: f"{result['gradient_norm_mean']:.4g}",
        "... minimum to maximum": f"{result['gradient_norm_min']:.4g} to"
        f" {result['gradient_norm_max']:.4g}",
    }
    if config.penalty.weight is not None:
        rows["penalty, without lambda"] = f"{result['penalty']:.4g}"
    if "w1" in result:
        name, value = METRICS["w1"].label, f"{result['w1']:.4g}"
        if "w1_std" in result:
            name += f" (± standard deviation of {config.eval_repeats} sets)"
            value += f" ± {result['w1_std']:.2g}"
        rows[name] = value
        rows["exact W1, real to real (sampling floor)"] = f"{result['floor']:.4g}"
        rows["ratio of the two"] = f"{result['w1'] / result['floor']:.3g}"
    for name in OF_IMAGES:
        if name in result:
            title, value = METRICS[name].label, f"{result[name]:.4g}"
            if (floor := result.get(METRICS[name].floor)) is not None:
                title, value = f"{title} (real to real)", f"{value} ({floor:.4g})"
            rows[title] = value
    if experiment.dataset.modes is not None:
        total = len(experiment.dataset.modes)
        rows[METRICS["modes"].label] = f"{result['modes']:.1f} of {total}"
        rows["samples within 3 sigma of a mode"] = f"{100 * result['share']:.1f} %"
        rows[METRICS["reverse_kl"].label] = f"{result['reverse_kl']:.4f}"
    rows["training and evaluation"] = f"{result['seconds']:.1f} s"
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def advice(config: FrozenConfigDict, measured: dict[str, float]) -> list[str]:
    """What held-out numbers of a critic say of it, where they say that it is broken."""
    mean, found = measured.get("gradient_norm_mean"), []
    if mean is None:
        return found
    if not CONSTRAINTS[config.lipschitz].has_scale:
        if mean < _FROZEN_WITHOUT_SCALE:
            found.append(
                f"the critic is frozen (mean gradient norm {mean:.2g}, below"
                f" {_FROZEN_WITHOUT_SCALE:g}): try a larger"
                f" {CONSTRAINTS[config.lipschitz].strength}, or fewer layers"
            )
        return found
    if mean < 0.01:
        found.append(
            f"the critic is frozen (mean gradient norm {mean:.2g}): try a lower"
            " critic_optimiser.learning_rate, or another initialisation"
        )
    if mean > 5:
        found.append(
            f"the critic is far from 1-Lipschitz (mean gradient norm {mean:.2g}): try"
            " a larger penalty.weight or a lower critic_optimiser.learning_rate"
        )
    if measured["wasserstein"] < -0.1:
        found.append(
            f"the estimate is upside down ({measured['wasserstein']:.2g}, real below"
            " generated): try more n_critic, or lipschitz = 'one_sided'"
        )
    return found


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
    text = f"estimate {metrics['wasserstein']:+.3g}"
    if evaluation:
        name = "w1" if "w1" in evaluation[-1] else "sliced_w1"
        text += f"  {name} {evaluation[-1][name]:.3g}"
        text += f"  |grad D| {evaluation[-1]['gradient_norm_mean']:.2g}"
    if evaluation and "share" in evaluation[-1]:
        text += f"  within 3σ {100 * evaluation[-1]['share']:.0f} %"
    return text
