"""What a run tells: progress while it trains, a table and pictures at its end."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure
from ml_collections import FrozenConfigDict
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from wgan_gp import figures, train
from wgan_gp.build import Experiment
from wgan_gp.held_out import Held, to_bytes
from wgan_gp.networks import bind
from wgan_gp.writers import writing

IMAGE_QUANTITIES = {
    "sliced_w1": "sliced W1 of pixels (real to real)",
    "frechet": "Frechet distance of features (real to real)",
    "kernel": "kernel distance of features (real to real)",
    "precision": "precision (real to real)",
    "recall": "recall (real to real)",
    "score": "score of class probabilities (real)",
    "class_divergence": "KL of classes to an even share",
    "confidence": "mean confidence of the classifier",
}


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
    title = f"{config.name}, {config.lipschitz}, {config.steps:,} generator updates"
    curves = figures.training_curves(*history, floor=held.floor, title=title)
    save_figure(folder / "curves.png", curves)
    images = image_grid(experiment, config, state)
    if images is not None:
        _draw_images(experiment, config, state, images, folder)
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
    save_figure(folder / "critic.png", contours)


def save_figure(path: Path, figure: Figure) -> None:
    """Writes a figure as PNG, all of it or nothing: an old file stays until then.

    Raises:
      WriteError: it cannot be written.
    """
    _whole(path, partial(figure.savefig, dpi=150))


def _save_image(path: Path, image: np.ndarray) -> None:
    _whole(path, partial(figures.save_image, image=image))


def _whole(path: Path, write: Callable[[Path], None]) -> None:
    draft = path.with_suffix(".part.png")
    with writing(path):
        try:
            write(draft)
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise


def image_grid(
    experiment: Experiment, config: FrozenConfigDict, state: train.TrainState
) -> np.ndarray | None:
    """64 generated images as one, `[8 H, 8 W, C]` uint8; None if they are no images.

    The latents are the same at every step of a run; conditional generators' rows run
    through the classes.
    """
    if len(experiment.dataset.shape) != 3:
        return None
    key = jax.random.fold_in(jax.random.key(config.seed), 64)
    latents = experiment.algorithm.sample_latent(key, 64)
    if classes := experiment.dataset.classes:
        latents = latents[0], jnp.arange(64) % min(classes, 8)
    images = _generate(experiment, state, latents)
    return figures.image_grid(to_bytes(config, images), columns=8)


def _draw_images(experiment, config, state, images: np.ndarray, folder: Path) -> None:
    """The grid, and rows of images on straight lines between two latents."""
    _save_image(folder / "samples.png", images)
    key = jax.random.fold_in(jax.random.key(config.seed), 65)
    latents = experiment.algorithm.sample_latent(key, 16)
    labels = None
    if isinstance(latents, tuple):
        latents, labels = latents
        labels = jnp.repeat(labels[:8], 8)
    share = jnp.linspace(0, 1, 8).reshape(1, 8, 1)
    starts, ends = latents[:8, None], latents[8:, None]
    lines = (starts + share * (ends - starts)).reshape(64, -1)
    given = lines if labels is None else (lines, labels)
    strips = to_bytes(config, _generate(experiment, state, given))
    _save_image(folder / "interpolation.png", figures.image_grid(strips, columns=8))


def _generate(experiment, state, latents) -> jax.Array:
    return jax.jit(experiment.algorithm.generator.apply)(state.average, latents)


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
        "gradient norm at interpolates: mean": f"{result['gradient_norm_mean']:.3f}",
        "... minimum to maximum": f"{result['gradient_norm_min']:.3f} to"
        f" {result['gradient_norm_max']:.3f}",
        "penalty, without lambda": f"{result['penalty']:.5f}",
    }
    if "w1" in result:
        rows["exact W1, generated to real"] = (
            f"{result['w1']:.4f} ± {result['w1_std']:.4f}"
        )
        rows["exact W1, real to real (sampling floor)"] = f"{result['floor']:.4f}"
        rows["ratio of the two"] = f"{result['w1'] / result['floor']:.2f}"
    for name, title in IMAGE_QUANTITIES.items():
        if name in result:
            rows[title] = f"{result[name]:.4g}"
            if (floor := result.get(f"floor_{name}")) is not None:
                rows[title] += f" ({floor:.4g})"
    if experiment.dataset.modes is not None:
        total = len(experiment.dataset.modes)
        rows["modes found"] = f"{result['modes']:.1f} of {total}"
        rows["samples within 3 sigma of a mode"] = f"{100 * result['share']:.1f} %"
        rows["reverse KL over modes"] = f"{result['reverse_kl']:.4f}"
    rows["training and evaluation"] = f"{result['seconds']:.1f} s"
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def advice(config: FrozenConfigDict, measured: dict[str, float]) -> list[str]:
    """What held-out numbers of a critic say of it, where they say that it is broken."""
    mean, found = measured.get("gradient_norm_mean"), []
    if mean is None or config.lipschitz == "clip":  # whose slopes have any scale
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
    text = f"estimate {metrics['wasserstein']:+.3f}"
    if evaluation:
        name = "w1" if "w1" in evaluation[-1] else "sliced_w1"
        text += f"  {name} {evaluation[-1][name]:.3f}"
        text += f"  |grad D| {evaluation[-1]['gradient_norm_mean']:.2f}"
    if evaluation and "share" in evaluation[-1]:
        text += f"  within 3σ {100 * evaluation[-1]['share']:.0f} %"
    return text
