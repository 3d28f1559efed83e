"""Samples of finished runs, in Python; `wgan_gp.sample` writes them to files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from wgan_gp.data import Dataset
from wgan_gp.data.class_labels import class_number, original_labels
from wgan_gp.data.conditions import own_entries
from wgan_gp.data.given_rows import encode_given, read_given
from wgan_gp.data.ranges import TO_BYTES
from wgan_gp.evaluate import memory
from wgan_gp.runs import draws, sequence_samples, table_samples
from wgan_gp.runs.draws import SampleBatch
from wgan_gp.runs.opening import FinishedRun, load_run
from wgan_gp.runs.sample_files import SampleSpec
from wgan_gp.system.paths import expand
from wgan_gp.system.values import below, whole

# Conditions of a user's own: a file of rows, or columns by their names, as a data
# frame has them.
Given = str | Path | Mapping[str, Any]


def sample(
    workdir: str | Path,
    n: int | None = None,
    *,
    seed: int = 0,
    label: int | str | None = None,
    given: Given | None = None,
) -> np.ndarray:
    """Samples of a finished run's averaged generator.

    Args:
      workdir: the run's folder.
      n: how many; sample i does not depend on it. It may be left out with `given`: a
        sample for each row.
      seed: of the latents.
      label: a class's name or number, of a run with labels: samples of this class
        alone.
      given: of a run that is told columns, the conditions of the samples: a file of
        rows, as `given_rows.read_given`, columns `[m]` by their names, or a data frame.
        The rows are taken in order, and again from the first if there are fewer than n.

    Returns:
      Samples `[n, ...]`; images are uint8 `[n, H, W, C]`, rows of a table float64
      `[n, columns]` and series `[n, T, C]` in its units, and lines of text strings
      `[n]`.

    Raises:
      FileNotFoundError: the folder holds no finished run.
      ValueError: n < 1, n samples do not fit in memory, there is no such class, the
        conditions are not as they must be, or a column is text (`sample_table` has
        those too).
    """
    check_request(n, seed, given)
    run = open_run(workdir)
    told = given_entries(run, given)
    n = count_of(n, told)
    memory.check_samples(n, sample_spec(run, n))
    drawn = draws.concatenate(draw(run, n, seed=seed, label=label, given=told), n)
    dataset = run.experiment.dataset
    if dataset.kind == "vectors":
        return table_samples.matrix(dataset, SampleBatch(drawn, None))
    if dataset.kind == "sequences":
        return sequence_samples.decoded(dataset, drawn)
    return drawn


def sample_table(
    workdir: str | Path,
    n: int | None = None,
    *,
    seed: int = 0,
    label: int | str | None = None,
    given: Given | None = None,
) -> dict[str, np.ndarray]:
    """Samples of a run on vectors, as a table.

    Args:
      workdir: the run's folder.
      n: how many; row i does not depend on it. It may be left out with `given`.
      seed: of the latents.
      label: as in `sample`.
      given: as in `sample`.

    Returns:
      The values `[n]` of each column by its name, in the data's units, which
      `pandas.DataFrame` takes.

    Raises:
      FileNotFoundError: the folder holds no finished run.
      ValueError: as `sample`, or the run has pictures.
    """
    check_request(n, seed, given)
    run = open_run(workdir)
    dataset = run.experiment.dataset
    if dataset.kind != "vectors":
        raise ValueError(f"{workdir} holds a run on {dataset.kind}, which are no table")
    told = given_entries(run, given)
    n = count_of(n, told)
    memory.check_samples(n, sample_spec(run, n))
    parts = draw(run, n, seed=seed, label=label, given=told)
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


def given_entries(run: FinishedRun, given: Given | None) -> np.ndarray | None:
    """Conditions of a user's own, as the run's generator is told them.

    Args:
      run: from `open_run`.
      given: as in `sample`; None where conditions are drawn.

    Returns:
      `[m, k]`, float32, or None.

    Raises:
      ValueError: the generator is not told columns, or as `given_rows.read_given`.
    """
    if given is None:
        return None
    dataset = run.experiment.dataset
    columns = dataset.columns
    if columns is None or not columns.given:
        raise ValueError(
            "given: the run's generator is told a class: leave given out, and name one"
            " by label (--label NAME)"
            if dataset.classes
            else "given: the run's generator is told nothing: leave it out, or train"
            " with conditional = True and conditions in the data"
        )
    if hasattr(given, "columns"):  # a data frame
        frame: Any = given
        given = {str(name): np.asarray(frame[name]) for name in frame.columns}
    if isinstance(given, Mapping):
        return encode_given(columns.conditions, given)
    encoding = getattr(run.settings.data, "encoding", "utf-8")
    in_array = dataset.kind != "vectors"
    return read_given(expand(given), columns, in_array=in_array, encoding=encoding)


def count_of(n: int | None, told: np.ndarray | None) -> int:
    """How many samples are asked for: n, or one for each of the conditions `[m, k]`."""
    return n if n is not None else len(told if told is not None else ())


def draw(
    run: FinishedRun,
    n: int,
    *,
    seed: int = 0,
    label: int | str | None = None,
    given: np.ndarray | None = None,
) -> Iterator[SampleBatch]:
    """Draws n samples in parts, so that memory does not grow with n.

    Args:
      run: from `open_run`.
      n: how many.
      seed: of the latents.
      label: as in `sample`.
      given: from `given_entries`.

    Returns:
      Parts with samples `[m, ...]`, images as uint8, and labels `[m]`: those of the
      data set where they are whole numbers, otherwise the numbers of its classes. None
      without classes. Of series and images, numbers that the generator was told are
      `given`.

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
        given=given,
        postprocess=_postprocess(run),
    )
    return (
        part._replace(labels=_labels(dataset, part, own), given=_given(dataset, part))
        for part in parts
    )


def _labels(
    dataset: Dataset, part: SampleBatch, own: np.ndarray | None
) -> np.ndarray | None:
    """The labels `[m]` of samples, as users know them."""
    if part.labels is None or not dataset.classes:
        return None
    numbers = draws.class_numbers(part.labels)
    return numbers if own is None else own[numbers]


def _given(dataset: Dataset, part: SampleBatch) -> np.ndarray | None:
    """The numbers `[m, k]` that a generator was told, which are no part of samples."""
    if part.labels is None or not _is_given_apart(dataset):
        return None
    assert dataset.columns is not None
    found = dataset.columns.conditions.decode(part.labels)
    return np.stack(list(found.values()), axis=-1)


def _is_given_apart(dataset: Dataset) -> bool:
    return bool(dataset.told) and not dataset.classes and dataset.kind != "vectors"


def sample_spec(run: FinishedRun, n: int) -> SampleSpec:
    """What n samples of a run look like."""
    made = draws.sample_struct(
        run.experiment.algorithm, run.state.average, _postprocess(run)
    )
    dataset, shape, given = run.experiment.dataset, made.shape, ()
    if dataset.kind == "sequences" and dataset.characters is None:
        shape = dataset.own_shape
    if dataset.columns is not None and _is_given_apart(dataset):
        given = tuple(each.name for each in dataset.columns.conditions.columns)
    labelled = dataset.classes is not None
    named = labelled and original_labels(dataset) is None
    names = dataset.class_names if named else None
    return SampleSpec(n, shape, np.dtype(made.dtype), labelled, names, given)


def _postprocess(run: FinishedRun):
    """What is done to samples on the device: images become bytes of their pixels."""
    dataset = run.experiment.dataset
    if dataset.kind != "images":
        return draws.identity
    to_bytes = TO_BYTES[run.settings.data.scale]
    return lambda images: to_bytes(own_entries(dataset, images))


def check_request(n: int | None, seed: int, given: Any = None) -> None:
    """Raises ValueError for a number of samples or a seed that is out of range."""
    if n is None and given is None:
        raise ValueError(
            "n, the number of samples, is missing: it is needed without given"
        )
    if n is not None and n < 1:
        raise ValueError(f"n must be >= 1, got {n}")
    if n is not None:
        below("n", n, 2**63)
    whole("seed", seed, 0, 2**32)
