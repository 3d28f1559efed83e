"""What a run on sequences shows: the figure of series, and lines of text."""

import jax
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wgan_gp import train
from wgan_gp.build import Experiment
from wgan_gp.configs import Settings
from wgan_gp.data.conditions import told_classes
from wgan_gp.evaluate.sequences import autocorrelation, power_spectrum
from wgan_gp.runs import sequence_samples
from wgan_gp.runs.axes import label_decades, legend_below, plain_text
from wgan_gp.runs.style import FAKE, PAGE, REAL, styled

_LINES = 10
_SHOWN = 4  # series
_CHANNELS = 4


def text_samples(
    experiment: Experiment, settings: Settings, state: train.TrainState
) -> list[str]:
    """Ten generated lines, of the same latents at every step; none of other data.

    Where the generator is told a class, each line begins with its name.

    Args:
      experiment: of the run.
      settings: of the run.
      state: of training, on one device.
    """
    if experiment.dataset.characters is None:
        return []
    dataset, algorithm = experiment.dataset, experiment.algorithm
    key = jax.random.fold_in(jax.random.key(settings.seed), 64)
    if not dataset.classes:
        drawn = train.generate(algorithm, state.average, key, _LINES)
        return sequence_samples.decoded(dataset, np.asarray(drawn)).tolist()
    latents, _ = algorithm.sample_latent(key, _LINES)
    classes = np.arange(_LINES) % dataset.classes
    told = latents, told_classes(dataset, classes)
    drawn = jax.jit(algorithm.generator.apply)(state.average, told)
    lines = sequence_samples.decoded(dataset, np.asarray(drawn)).tolist()
    names = dataset.class_names or tuple(map(str, range(dataset.classes)))
    return [f"{names[i]}: {line}" for i, line in zip(classes.tolist(), lines)]


@styled
def series_figure(
    names: list[str], reals: np.ndarray, fakes: np.ndarray, *, title: str = ""
) -> Figure:
    """Two rows for each channel: real and generated series; autocorrelation, spectrum.

    Args:
      names: of the channels, C of them; the first four are drawn.
      reals: held-out series `[n, T, C]`.
      fakes: generated series `[m, T, C]`.
      title: of the figure.
    """
    shown = names[:_CHANNELS]
    figure = Figure(figsize=(PAGE, 4.4 * len(shown) + 0.6))
    figure.suptitle(title)
    grid = figure.subplots(2 * len(shown), 2, squeeze=False)
    for channel, name in enumerate(shown):
        _draw_channel(
            grid[2 * channel :][:2], name, *(x[..., channel] for x in (reals, fakes))
        )
    legend_below(figure, grid[1, :1], columns=2)
    return figure


def _draw_channel(
    panels: np.ndarray, name: str, reals: np.ndarray, fakes: np.ndarray
) -> None:
    """Draws one channel of real and of generated series, `[n, T]` each."""
    (first, second), (lagged, spectral) = panels
    low, high = np.quantile(reals, [0.001, 0.999])
    for axes, series, colour, kind in (
        (first, reals, REAL, "real"),
        (second, fakes, FAKE, "generated"),
    ):
        for each in series[:_SHOWN]:
            axes.plot(each, color=colour, linewidth=1)
        axes.set(
            title=f"{kind} {plain_text(name, 40)}, {len(series[:_SHOWN])} series",
            xlabel="step",
        )
        axes.set_ylim(low - 0.1 * (high - low), high + 0.1 * (high - low))
    sets = reals[..., None], fakes[..., None]
    length = reals.shape[1]
    _compare(lagged, [autocorrelation(x, max(1, length // 2)) for x in sets])
    lagged.set(title="autocorrelation", xlabel="lag (steps)", ylim=(-1.05, 1.05))
    powers = [power_spectrum(x) for x in sets]
    _compare(spectral, powers, np.arange(1, len(powers[0]) + 1) / length)
    spectral.set(title="power spectrum", xlabel="cycles per step", yscale="log")
    label_decades(spectral.yaxis)


def _compare(axes: Axes, pair: list[np.ndarray], at: np.ndarray | None = None) -> None:
    at = np.arange(len(pair[0])) if at is None else at
    axes.plot(at, pair[0], color=REAL, linewidth=2.8, label="real")
    axes.plot(at, pair[1], "--", color=FAKE, linewidth=1.4, label="generated")
