"""What a run is measured against: held-out real samples, and what they score.

Held-out samples are drawn once for a run. Each evaluation compares as many generated
samples with them. The floor is what other real samples score in place of generated
ones: a generator that scores as low cannot be told from a perfect one.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from wgan_gp.data import Dataset, text, unlabelled
from wgan_gp.data.conditions import own_entries
from wgan_gp.data.ranges import to_pixels
from wgan_gp.evaluate.images import (
    Observer,
    Reals,
    digit_observer,
    image_quality,
    inception_observer,
    observe_reals,
)
from wgan_gp.evaluate.lower_bound import LEAST_SAMPLES, w1_lower_bound
from wgan_gp.evaluate.metrics import FLOOR, METRICS, as_floor, measured
from wgan_gp.evaluate.ngrams import ORDERS, ngram_divergences
from wgan_gp.evaluate.samples import sample_quality, sampling_floor
from wgan_gp.evaluate.sequences import series_quality
from wgan_gp.evaluate.vectors import vector_quality

# Precision and recall look at the third-nearest neighbour, which is of another image.
LEAST_FEATURES = 4
# Exact W1 of samples says less the more dimensions there are: see `vectors`.
MOST_DIMENSIONS = 5
_TRAINING = 10_000
_NO_TRAINING = None, 1.0
# Of the lower bound of W1, which takes seconds: samples a side, entries of all of them,
# and the most entries of one.
_MOST_BOUND, _MOST_ENTRIES, _WIDEST = 2000, 2**19, 2**12


def _nothing_more(fakes: np.ndarray) -> dict[str, float]:
    del fakes
    return {}


class Evaluation(NamedTuple):
    """How generated samples are compared with held-out ones."""

    samples: int  # in a set
    repeats: int  # sets in the final report
    # The experiment's own samples and repeats: if these are they, they shrink to what
    # a data set holds out.
    default: tuple[int, int] | None = None
    features: str = "none"  # a key of `_OBSERVERS`: whose features are compared
    weights: str | None = None  # file of the Inception network
    data: Any = None  # settings of an image set: `data.image_sets.ImageData`


class HeldOutSets(NamedTuple):
    """Held-out real samples in sets of equal size, and what they score."""

    reals: np.ndarray  # [R, n, ...]
    floor: dict[str, float]  # what other real samples score, by `floor` names
    quality: Callable[[np.ndarray], dict[str, float]]  # of generated sets [r, n, ...]
    # The same for the metrics that take seconds, with their floors: the last evaluation
    # of a run has them too.
    final_quality: Callable[[np.ndarray], dict[str, float]] = _nothing_more
    # Of images [n, H, W, C] without channels that are told: how likely each of the
    # set's own classes is, [n, classes].
    classify: Callable[[np.ndarray], np.ndarray] | None = None
    # What real samples score beside the first set alone: metrics that pool sets have
    # another floor there. None if there is one set.
    first_floor: dict[str, float] | None = None

    def floor_beside(self, sets: int) -> dict[str, float]:
        """The floor of an evaluation on one set or on all R.

        Args:
          sets: how many.
        """
        if self.first_floor is None or sets == len(self.reals):
            return self.floor
        return self.first_floor


def hold_out(dataset: Dataset, evaluation: Evaluation, key: jax.Array) -> HeldOutSets:
    """Draws the held-out samples and measures what real samples score.

    Args:
      dataset: what is learned.
      evaluation: how generated samples will be compared with them.
      key: of the samples.

    Returns:
      The sets, their floor, and the function that scores generated sets.

    Raises:
      ValueError: the data set holds out too few samples, or the network in
        `evaluation.features` cannot look at its images.
    """
    return _BY_KIND[dataset.kind](dataset, evaluation, key)


def _hold_out_vectors(
    dataset: Dataset, evaluation: Evaluation, key: jax.Array
) -> HeldOutSets:
    """The floor is what other real samples score: those of the train split, if any."""
    samples, repeats = count_evaluated(evaluation, dataset)
    train = _NO_TRAINING
    if dataset.held_out is None:
        sets = _draw_sets(unlabelled(dataset), key, 2 * repeats, samples)
        reals, others = sets[:repeats], sets[repeats:]
    else:
        held_key, train_key = jax.random.split(key)
        reals = _draw_sets(dataset.held_out, held_key, repeats, samples)
        others = _draw_sets(unlabelled(dataset), train_key, repeats, samples)
        train = _some_of_training(dataset, jax.random.fold_in(train_key, 1))

    def quality(fakes: np.ndarray) -> dict[str, float]:
        fakes, paired = _as_rows(dataset, fakes), reals[: len(fakes)]
        own = measured(fakes, paired, dataset)
        return _of_columns(dataset, fakes, paired, train) | (
            sample_quality(dataset, fakes, paired) | own
        )

    def final_quality(fakes: np.ndarray) -> dict[str, float]:
        found = _bounded_below(_as_rows(dataset, fakes), reals)
        floor = _bounded_below(others, reals)
        return found | {FLOOR + name: value for name, value in floor.items()}

    def pooled_floor(sets: int) -> dict[str, float]:
        pair = others[:sets], reals[:sets]
        more = _of_columns(dataset, *pair, _NO_TRAINING) | measured(*pair, dataset)
        return floor | as_floor(more)

    floor = {METRICS["w1"].floor: sampling_floor(reals, others)}
    return HeldOutSets(
        reals,
        pooled_floor(repeats),
        quality,
        final_quality,
        first_floor=pooled_floor(1) if repeats > 1 else None,
    )


def _bounded_below(fakes: np.ndarray, reals: np.ndarray) -> dict[str, float]:
    """The lower bound of W1 and its error, if samples are enough and not too wide.

    Sets `[R, n, D]` are pooled.
    """
    width = reals.shape[-1]
    most = min(_MOST_BOUND, _MOST_ENTRIES // width)
    real, made = (x.reshape(-1, width)[:most] for x in (reals, fakes))
    if min(len(real), len(made)) < LEAST_SAMPLES or width > _WIDEST:
        return {}
    bound = w1_lower_bound(real, made)
    return {"lower_bound": bound.value, "lower_bound_error": bound.standard_error}


def _hold_out_sequences(
    dataset: Dataset, evaluation: Evaluation, key: jax.Array
) -> HeldOutSets:
    """The floor is what as many sequences of the train split score."""
    held_key, train_key = jax.random.split(key)
    samples, repeats = count_evaluated(evaluation, dataset)
    held_out = dataset.held_out or dataset.sample
    reals = _draw_sets(held_out, held_key, repeats, samples)
    others = _draw_sets(dataset.sample, train_key, repeats, samples)

    def quality(fakes: np.ndarray) -> dict[str, float]:
        paired = reals[: len(fakes)]
        made, real = (
            own_entries(dataset, x.reshape(-1, *dataset.shape)) for x in (fakes, paired)
        )
        if (known := dataset.characters) is None:
            found = series_quality(made, real)
        else:
            orders = [n for n in ORDERS if n <= dataset.shape[0]]
            lines = text.decode(made, known), text.decode(real, known)
            found = ngram_divergences(*lines, orders=orders)
        return found | measured(fakes, paired, dataset)

    return HeldOutSets(
        reals,
        as_floor(quality(others)),
        quality,
        first_floor=as_floor(quality(others[:1])) if repeats > 1 else None,
    )


def _as_rows(dataset: Dataset, vectors: np.ndarray) -> np.ndarray:
    """Vectors `[R, n, D]` as the rows that they stand for: without soft categories."""
    if dataset.columns is None:
        return vectors
    flat = vectors.reshape(-1, vectors.shape[-1])
    return dataset.columns.hardened(flat).reshape(vectors.shape)


def _of_columns(
    dataset: Dataset,
    fakes: np.ndarray,
    reals: np.ndarray,
    train: tuple[np.ndarray | None, float],
) -> dict[str, float]:
    """Metrics of tables, and of vectors of more dimensions than exact W1 is for.

    Sets `[R, n, D]` are pooled; `train` is of `_some_of_training`. Toys, whose truth is
    known, have their own.
    """
    if dataset.columns is None and dataset.shape[0] <= MOST_DIMENSIONS:
        return {}
    made, real = (x.reshape(-1, x.shape[-1]) for x in (fakes, reals))
    return vector_quality(made, real, *train)


def _some_of_training(dataset: Dataset, key: jax.Array) -> tuple[np.ndarray, float]:
    """At most 10,000 training samples to look for copies among, and their share."""
    count = min(dataset.count or _TRAINING, _TRAINING)
    share = 1.0
    if dataset.count is not None:  # they are drawn with replacement
        share = -math.expm1(-count / dataset.count)
    return np.asarray(unlabelled(dataset)(key, count)), share


def _hold_out_images(
    dataset: Dataset, evaluation: Evaluation, key: jax.Array
) -> HeldOutSets:
    """The floor is what as many images of the train split score."""
    held_key, train_key = jax.random.split(key)
    samples, repeats = count_evaluated(evaluation, dataset)
    sampler = dataset.held_out or unlabelled(dataset)
    reals = _draw_sets(sampler, held_key, repeats, samples)
    observer = _OBSERVERS[evaluation.features](evaluation)

    def to_own_pixels(images: np.ndarray) -> np.ndarray:
        return to_pixels(own_entries(dataset, images), evaluation.data.scale)

    seen = observe_reals(to_own_pixels(reals), observer)

    def quality(fakes: np.ndarray) -> dict[str, float]:
        pixels = to_own_pixels(fakes)
        features = None if seen.features is None else seen.features[: len(pixels)]
        part = Reals(seen.images[: len(pixels)], features)
        shape = (*fakes.shape[:2], *dataset.own_shape)
        own = measured(pixels.reshape(shape), part.images.reshape(shape), dataset)
        return image_quality(pixels, part, observer) | own

    floor, first_floor = {}, None
    if dataset.stream is None:
        others = _draw_sets(unlabelled(dataset), train_key, repeats, samples)
        floor = as_floor(quality(others))
        first_floor = as_floor(quality(others[:1])) if repeats > 1 else None
    held = HeldOutSets(reals, floor, quality, first_floor=first_floor)
    if evaluation.features != "digits" or observer is None:
        return held

    def classify(images: np.ndarray) -> np.ndarray:
        return observer(to_pixels(images, evaluation.data.scale))[1]

    return held._replace(classify=classify)


# By the kind of the data set.
_BY_KIND: dict[str, Callable[[Dataset, Evaluation, jax.Array], HeldOutSets]] = {
    "vectors": _hold_out_vectors,
    "sequences": _hold_out_sequences,
    "images": _hold_out_images,
}


def _draw_sets(sample, key: jax.Array, sets: int, n: int) -> np.ndarray:
    """Sets of n from a sampler, `[sets, n, ...]`."""
    drawn = np.asarray(sample(key, sets * n))
    return drawn.reshape(sets, n, *drawn.shape[1:])


def count_evaluated(evaluation: Evaluation, dataset: Dataset) -> tuple[int, int]:
    """Samples in a held-out set, and how many such sets there are.

    The experiment's own `eval_samples` and `eval_repeats` shrink to what the data set
    holds out. Numbers that were set by hand do not: a data set refuses to hold out
    more than it has.

    Args:
      evaluation: with the numbers that are asked for.
      dataset: what is learned.

    Returns:
      n, the samples in a set, and R, the number of sets.

    Raises:
      ValueError: they are too few for distances of features.
    """
    samples, repeats = evaluation.samples, evaluation.repeats
    held_out = dataset.held_out_count
    if held_out is not None and evaluation.default == (samples, repeats):
        samples = min(samples, held_out)
        repeats = max(1, min(repeats, held_out // samples))
    network = evaluation.features
    if network != "none" and samples < LEAST_FEATURES:
        raise ValueError(
            f"features.network = {network!r} needs at least {LEAST_FEATURES} held-out"
            f" images, got {samples} of {dataset.name}: set features.network to 'none',"
            " or take a larger set"
        )
    return samples, repeats


def describe_counts(evaluation: Evaluation, dataset: Dataset) -> str | None:
    """A line that says how many samples are evaluated, if they are fewer than usual."""
    usual = evaluation.samples, evaluation.repeats
    found = count_evaluated(evaluation, dataset)
    if found == usual:
        return None
    return (
        f"{dataset.name} holds out {dataset.held_out_count} samples: evaluating on"
        f" {found[1]} x {found[0]}, not on {usual[1]} x {usual[0]} as the experiment"
        " has it (eval_repeats x eval_samples)"
    )


def check_weights(path: str | None) -> None:
    """Raises ValueError if the file of `features.weights` is not there.

    For before a run's folder is made: its contents are checked when they are read.
    """
    if path is not None and not Path(path).is_file():
        raise ValueError(f"features.weights: there is no file {path}")


def _no_observer(evaluation: Evaluation) -> None:
    return None


def _digits(evaluation: Evaluation) -> Observer:
    return digit_observer(evaluation.data.name, **evaluation.data.source_options)


def _inception(evaluation: Evaluation) -> Observer:
    assert evaluation.weights is not None
    return inception_observer(evaluation.weights)


_OBSERVERS: dict[str, Callable[[Evaluation], Observer | None]] = {
    "none": _no_observer,
    "digits": _digits,
    "inception": _inception,
}
