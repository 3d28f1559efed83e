"""Samples of finished runs, in Python; `wgan_gp.sample` writes them to files."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jax
import numpy as np

from wgan_gp.data.class_labels import class_number, original_labels
from wgan_gp.data.ranges import PIXEL_RANGES, to_uint8
from wgan_gp.evaluate import memory
from wgan_gp.runs import draws, sequence_samples, table_samples
from wgan_gp.runs.draws import SampleBatch
from wgan_gp.runs.opening import FinishedRun, load_run
from wgan_gp.runs.sample_files import SampleSpec
from wgan_gp.system.paths import expand
from wgan_gp.system.values import whole


def sample(
    workdir: str | Path, n: int, *, seed: int = 0, label: int | str | None = None
) -> np.ndarray:
    """Samples of a finished run's averaged generator.

    Args:
      workdir: the run's folder.
      n: how many; sample i does not depend on it.
      seed: of the latents.
      label: a class's name or number, of a run with labels: samples of this class
        alone.

    Returns:
      Samples `[n, ...]`; images are uint8 `[n, H, W, C]`, rows of a table float64
      `[n, columns]` and series `[n, T, C]` in its units, and lines of text strings
      `[n]`.

    Raises:
      FileNotFoundError: the folder holds no finished run.
      ValueError: n < 1, n samples do not fit in memory, there is no such class, or a
        column is text (`sample_table` has those too).
    """
    check_request(n, seed)
    run = open_run(workdir)
    memory.check_samples(n, sample_spec(run, n))
    drawn = draws.concatenate(draw(run, n, seed=seed, label=label), n)
    dataset = run.experiment.dataset
    if dataset.kind == "vectors":
        return table_samples.matrix(dataset, SampleBatch(drawn, None))
    if dataset.kind == "sequences":
        return sequence_samples.decoded(dataset, drawn)
    return drawn


def sample_table(
    workdir: str | Path, n: int, *, seed: int = 0, label: int | str | None = None
) -> dict[str, np.ndarray]:
    """Samples of a run on vectors, as a table.

    Args:
      workdir: the run's folder.
      n: how many; row i does not depend on it.
      seed: of the latents.
      label: as in `sample`.

    Returns:
      The values `[n]` of each column by its name, in the data's units, which
      `pandas.DataFrame` takes.

    Raises:
      FileNotFoundError: the folder holds no finished run.
      ValueError: as `sample`, or the run has pictures.
    """
    check_request(n, seed)
    run = open_run(workdir)
    dataset = run.experiment.dataset
    if dataset.kind != "vectors":
        raise ValueError(f"{workdir} holds a run on {dataset.kind}, which are no table")
    memory.check_samples(n, sample_spec(run, n))
    parts = draw(run, n, seed=seed, label=label)
    tables = [table_samples.rows(dataset, part) for part in parts]
    return {name: np.concatenate([each[name] for each in tables]) for name in tables[0]}


def open_run(workdir: str | Path) -> FinishedRun:
    """The newest state of a run, without its data.

    A copy of the experiment's file in the run's folder is executed.

    Raises:
      FileNotFoundError: the folder holds no run, or one that has saved nothing yet.
      ValueError: what it holds cannot be read, or has no generator.
    """
    return load_run(expand(workdir))


def draw(
    run: FinishedRun, n: int, *, seed: int = 0, label: int | str | None = None
) -> Iterator[SampleBatch]:
    """Draws n samples in parts, so that memory does not grow with n.

    Args:
      run: from `open_run`.
      n: how many.
      seed: of the latents.
      label: as in `sample`.

    Returns:
      Parts with samples `[m, ...]`, images as uint8, and labels `[m]`: those of the
      data set where they are whole numbers, otherwise the numbers of its classes.

    Raises:
      ValueError: there is no such class.
    """
    dataset = run.experiment.dataset
    number = None if label is None else class_number(dataset, label)
    own = original_labels(dataset) if dataset.classes else None
    parts = draws.draw(
        run.experiment.algorithm,
        run.state.average,
        jax.random.key(seed),
        n,
        label=number,
        postprocess=_postprocess(run),
    )
    if own is None:
        return parts
    return (SampleBatch(samples, own[labels]) for samples, labels in parts)


def sample_spec(run: FinishedRun, n: int) -> SampleSpec:
    """What n samples of a run look like."""
    made = draws.sample_struct(
        run.experiment.algorithm, run.state.average, _postprocess(run)
    )
    dataset = run.experiment.dataset
    labelled = dataset.classes is not None
    named = labelled and original_labels(dataset) is None
    names = dataset.class_names if named else None
    return SampleSpec(n, made.shape, np.dtype(made.dtype), labelled, names)


def _postprocess(run: FinishedRun):
    """What is done to samples on the device: images become bytes."""
    if run.experiment.dataset.kind != "images":
        return draws.identity
    low, high = PIXEL_RANGES[run.settings.data.scale]
    return partial(to_uint8, low=low, high=high)


def check_request(n: int, seed: int) -> None:
    """Raises ValueError for fewer than one sample, or a seed out of range."""
    if n < 1:
        raise ValueError(f"n must be >= 1, got {n}")
    whole("seed", seed, 0, 2**32)
