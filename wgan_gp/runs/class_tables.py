"""The table of a run whose generator is told a class: a row for each class."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp import train
from wgan_gp.build import Experiment
from wgan_gp.data import unlabelled
from wgan_gp.data.conditions import own_entries
from wgan_gp.data.images import open_images
from wgan_gp.data.ranges import SCALES
from wgan_gp.data.sources import load_arrays
from wgan_gp.evaluate.classes import by_class, metric_of, recognition
from wgan_gp.evaluate.held_out import HeldOutSets
from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.runs import draws
from wgan_gp.runs.closing import ResultTable, Row

# Samples whose classes are compared.
_MOST = {"vectors": 10_000, "sequences": 2_000, "images": 1_000}
_MOST_ENTRIES = 2**26  # of these samples, as text of many characters would have


def class_table(
    experiment: Experiment,
    state: train.TrainState,
    held: HeldOutSets,
    key: jax.Array,
) -> ResultTable | None:
    """The table of a conditional run, with a row for each class.

    Where the class is among the entries of a sample, it compares distances with real
    samples of the class. Of images whose classes a classifier knows (features of
    digits), it says how many images the classifier gives to the class that the
    generator was told.

    Args:
      experiment: that was trained.
      state: the final state, on one device.
      held: the held-out sets.
      key: for the generated samples.

    Returns:
      None for other runs.
    """
    dataset = experiment.dataset
    columns = dataset.columns
    if dataset.classes and held.classify is not None:
        return _table_of_images(experiment, state, held.classify, key)
    if columns is None or columns.label is None:
        return None
    real_key, fake_key = jax.random.split(key)
    reals = held.reals.reshape(-1, *dataset.shape)
    most = min(_MOST[dataset.kind], max(1, _MOST_ENTRIES // math.prod(dataset.shape)))
    count = min(most, dataset.count or most)
    others = reals[:0]
    if dataset.kind != "images" or dataset.stream is None:
        others = np.asarray(unlabelled(dataset)(real_key, count))
    parts = draws.draw(experiment.algorithm, state.average, fake_key, count)
    fakes = draws.concatenate(parts, count)
    if dataset.kind == "vectors":
        fakes = columns.hardened(fakes)
    scale = experiment.evaluation.data.scale if dataset.kind == "images" else ""
    metric = METRICS[metric_of(dataset)]
    rows = []
    for name, found in by_class(dataset, fakes, reals, others, scale=scale).items():
        shares = f"{found.share:.1%} ({found.real_share:.1%})"
        texts = [
            metric.text(each) if np.isfinite(each) else "too few"
            for each in (found.distance, found.floor)
        ]
        rows.append(Row((name, shares, "{} ({})".format(*texts))))
    headings = "class", "share (real)", f"{metric.short} (real to real)"
    return ResultTable(f"by {columns.label}", headings, tuple(rows))


def _table_of_images(
    experiment: Experiment,
    state: train.TrainState,
    classify: Callable[[np.ndarray], np.ndarray],
    key: jax.Array,
) -> ResultTable:
    dataset, data = experiment.dataset, experiment.evaluation.data
    classes, most = dataset.classes or 0, _MOST["images"]
    fake_key, noise_key = jax.random.split(key)
    parts = draws.draw(experiment.algorithm, state.average, fake_key, most)
    told, probabilities = [], []
    for part in parts:
        assert part.labels is not None
        told.append(draws.class_numbers(part.labels))
        probabilities.append(classify(own_entries(dataset, part.samples)))
    made = recognition(np.concatenate(probabilities), np.concatenate(told), classes)
    held = open_images(data.name, "validation", **data.source_options)
    examples = load_arrays(held, most)
    assert examples.label is not None
    images = jnp.asarray(examples.image)
    pixels = np.asarray(SCALES[data.scale](noise_key, images))
    real = recognition(classify(pixels), examples.label, classes)
    rows = []
    for name, *both in zip(dataset.class_names or range(classes), made, real):
        cells = ("{} ({})".format(*map(_percent, pair)) for pair in zip(*both))
        rows.append(Row((str(name), *cells)))
    measured = ("share", "recognised as it", "confidence")
    headings = "class", *(f"{each} (real)" for each in measured)
    return ResultTable("by class", headings, tuple(rows))


def _percent(share: float) -> str:
    return "none" if np.isnan(share) else f"{share:.1%}"
