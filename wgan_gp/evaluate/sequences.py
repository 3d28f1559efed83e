"""How good generated series are: values, windows, autocorrelations and spectra.

Each number compares generated series with as many real ones. Beside it stands its
floor, what other real series score.
"""

import numpy as np

from wgan_gp.evaluate.distances import as_float64, sliced_wasserstein
from wgan_gp.evaluate.vectors import marginal_wasserstein

_WINDOW = 8
_MOST = 4096  # windows that are compared
_DIRECTIONS = 128
_FLOOR = 1e-12  # of a power, so that its logarithm is finite


def autocorrelation(series: np.ndarray, lags: int) -> np.ndarray:
    """Correlations of each channel with itself, k steps later.

    The channel's mean and variance are those of all steps of all series.

    Args:
      series: `[n, T, C]`.
      lags: the largest k, below T.

    Returns:
      `[lags + 1, C]`; 0 for a channel that is constant.
    """
    centred = series - series.mean(axis=(0, 1))
    variance = np.square(centred).mean(axis=(0, 1))
    length = series.shape[1]
    products = [
        (centred[:, : length - k] * centred[:, k:]).mean(axis=(0, 1))
        for k in range(lags + 1)
    ]
    return np.stack(products) / np.where(variance > 0, variance, np.inf)


def power_spectrum(series: np.ndarray) -> np.ndarray:
    """The mean periodogram of each channel, by a Hann window, without the mean.

    Args:
      series: `[n, T, C]`.

    Returns:
      `[T // 2, C]`, at the frequencies k / T for k = 1 to T // 2.
    """
    length = series.shape[1]
    window = np.hanning(length + 2)[1:-1, None]
    waves = np.fft.rfft((series - series.mean(axis=(0, 1))) * window, axis=1)
    power = np.square(np.abs(waves[:, 1:])).mean(axis=0)
    return power / np.square(window).sum()


def windows(series: np.ndarray, length: int = _WINDOW) -> np.ndarray:
    """Parts of series `[n, T, C]` as vectors `[m, length * C]`, at most 4,096.

    One from each series at a place that runs through them all; more from each where
    there are few series.
    """
    length = min(length, series.shape[1])
    places = series.shape[1] - length + 1
    each = max(1, min(places, _MOST // len(series)))
    found = [
        series[i, start : start + length].ravel()
        for i in range(min(len(series), _MOST))
        for start in ((i + places * j // each) % places for j in range(each))
    ]
    return np.stack(found)


def windows_wasserstein(fakes: np.ndarray, reals: np.ndarray) -> float:
    """Sliced W1 of windows of 8 steps, of series `[n, T, C]`."""
    return sliced_wasserstein(windows(fakes), windows(reals), directions=_DIRECTIONS)


def series_quality(fakes: np.ndarray, reals: np.ndarray) -> dict[str, float]:
    """The metrics of generated series.

    Args:
      fakes: generated series `[n, T, C]`.
      reals: held-out series `[n, T, C]`.

    Returns:
      `values_w1`: the W1 of single values, mean over channels. `windows_w1`: sliced W1
      of windows of 8 steps. `autocorrelation_error`: root mean square difference of
      autocorrelations over lags 1 to T // 2. `spectrum_error`: the same of power
      spectra, in decibels.
    """
    fakes, reals = as_float64(fakes), as_float64(reals)
    lags = max(1, fakes.shape[1] // 2)
    lags = min(lags, fakes.shape[1] - 1)
    sides = fakes, reals
    found = [autocorrelation(x, lags) for x in sides]
    powers = [10 * np.log10(power_spectrum(x) + _FLOOR) for x in sides]
    return {
        "values_w1": marginal_wasserstein(*(x.reshape(-1, x.shape[-1]) for x in sides)),
        "windows_w1": windows_wasserstein(*sides),
        "autocorrelation_error": _rms((found[0] - found[1])[1:]),
        "spectrum_error": _rms(powers[0] - powers[1]),
    }


def _rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.square(x).mean()))
