"""Reads series of a user's own from an .npz file, and what there is on each series.

    samples    [N, T, C] or [N, T]: the series; or the only array of the file
    channels   [C], names, if there are any
    labels     [N], numbers or text: the class of each series
    given      [N, k] or [N], numbers: what else is known of each series
    given_names  [k], if there are any

The last three are read where a generator is to be told them.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from wgan_gp.data.given_arrays import array_names, given_numbers
from wgan_gp.data.labels import check_labels
from wgan_gp.data.numpy_files import read_arrays
from wgan_gp.system.values import show

LEAST = 30  # series of a file, so that three are held out
LONGEST = 2**14
LABEL = "label"  # the name of the column of classes


class RawSeries(NamedTuple):
    """The series of a file.

    Attributes:
      samples: `[N, T, C]`, float64.
      channels: the names of the C channels.
      labels: `[N]`, text as objects or whole numbers as float64; None for none.
      given: the numbers `[N]`, float64, of each condition by its name.
    """

    samples: np.ndarray
    channels: list[str]
    labels: np.ndarray | None = None
    given: dict[str, np.ndarray] = {}  # noqa: RUF012 - never changed


def read_series(path: Path, *, conditional: bool = False) -> RawSeries:
    """Reads a file of series.

    Args:
      path: of the file.
      conditional: whether labels or other conditions are read, and must be there.

    Raises:
      ValueError: the file cannot be read, or does not hold finite series; or it has
        neither labels nor given, or both.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    arrays = read_arrays(path)
    others = [name for name in arrays if name != "channels"]
    if "samples" not in arrays and len(others) != 1:
        raise ValueError(
            f"{path} has no array samples, [N, T, C]: it has"
            f" {', '.join(sorted(arrays)) or 'no arrays'}"
        )
    series = _as_series(arrays["samples" if "samples" in arrays else others[0]], path)
    channels = array_names(arrays, "channels", "x", series.shape[2], path)
    raw = RawSeries(series, channels)
    return _with_conditions(raw, arrays, path) if conditional else raw


def _as_series(series: np.ndarray, path: Path) -> np.ndarray:
    """Series `[N, T, C]` in float64."""
    found = f"got {series.dtype} {list(series.shape)}"
    if series.ndim not in (2, 3) or series.dtype.kind not in "fiub":
        raise ValueError(f"{path} must have series of numbers [N, T, C], {found}")
    if series.ndim == 2:
        series = series[..., None]
    count, length, channels = series.shape
    if count < LEAST or not 2 <= length <= LONGEST or not channels:
        raise ValueError(
            f"{path} must have at least {LEAST} series of 2 to {LONGEST:,} steps,"
            f" {found}"
        )
    series = series.astype(np.float64)
    if not np.isfinite(series).all():
        bad = int((~np.isfinite(series).all(axis=(1, 2))).sum())
        raise ValueError(
            f"{path}: {bad:,} of {count:,} series have values that are missing or"
            " infinite: leave these series out"
        )
    return series


def _with_conditions(
    raw: RawSeries, arrays: dict[str, np.ndarray], path: Path
) -> RawSeries:
    found = [name for name in ("labels", "given") if name in arrays]
    if len(found) != 1:
        raise ValueError(
            f"{path} has both labels and given: conditional = True takes one of them,"
            " leave the other out"
            if found
            else f"{path} has neither labels [N] nor given [N, k]: conditional must be"
            " False, or add one"
        )
    count = len(raw.samples)
    if found == ["labels"]:
        labels = check_labels(arrays["labels"], count, f"{path}: labels")
        labels = labels.astype(object if labels.dtype.kind == "U" else np.float64)
        raw = raw._replace(labels=labels)
    else:
        numbers = given_numbers(arrays["given"], path)
        if len(numbers) != count:
            raise ValueError(
                f"{path}: given must be [{count}, k], a row a series, got"
                f" {list(arrays['given'].shape)}"
            )
        names = array_names(arrays, "given_names", "given", numbers.shape[1], path)
        raw = raw._replace(given=dict(zip(names, numbers.T)))
    names = [LABEL] if raw.labels is not None else list(raw.given)
    if twice := sorted({*raw.channels} & {*names}):
        raise ValueError(
            f"{path}: a channel and a condition have the name {show(twice[0])}: rename"
            " the channel"
        )
    return raw
