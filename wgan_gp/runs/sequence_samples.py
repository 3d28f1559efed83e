"""Samples that are sequences: series in the data's units, and lines of text."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from wgan_gp.data import Dataset, text
from wgan_gp.data.conditions import own_entries
from wgan_gp.runs.draws import SampleBatch
from wgan_gp.runs.sample_files import SampleSpec, Write, npz_file


def decoded(dataset: Dataset, samples: np.ndarray) -> np.ndarray:
    """Generated sequences as the data has them.

    Args:
      dataset: that was learned.
      samples: `[n, T, C]`.

    Returns:
      Lines of text, `[n]`; or series `[n, T, C]` in the data's units: float64, or as
      they are if they have no units of their own. Channels that a generator is told are
      left out.
    """
    if dataset.characters is not None:
        lines = text.decode(own_entries(dataset, samples), dataset.characters)
        return np.array([line.rstrip(text.PAD) for line in lines], str)
    if dataset.columns is None:
        return samples
    found = dataset.columns.decode(samples.reshape(-1, samples.shape[-1]))
    kept = [found[each.name] for each in dataset.columns.others.columns]
    return np.stack(kept, axis=-1).reshape(*samples.shape[:-1], len(kept))


@contextmanager
def text_file(path: Path, dataset: Dataset) -> Iterator[Write]:
    """Opens a text file, UTF-8, for a line a sample.

    Yields:
      A function that writes the next batch.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:

        def write(drawn: SampleBatch) -> None:
            file.writelines(f"{line}\n" for line in decoded(dataset, drawn.samples))

        yield write


@contextmanager
def series_file(path: Path, dataset: Dataset, spec: SampleSpec) -> Iterator[Write]:
    """Opens an .npz file with `samples` in the data's units, and `channels`.

    What a generator was told is `labels` or `given`.

    Yields:
      A function that writes the next batch.
    """
    names = {}
    if dataset.columns is not None:
        names["channels"] = [each.name for each in dataset.columns.others.columns]
    with npz_file(path, "samples", spec, names) as write:

        def write_series(drawn: SampleBatch) -> None:
            write(drawn._replace(samples=decoded(dataset, drawn.samples)))

        yield write_series
