"""What a run is measured against: held-out real samples, and what they score."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import FrozenConfigDict

from wgan_gp.data import Dataset
from wgan_gp.data.ranges import LIMITS, to_uint8
from wgan_gp.evaluate.images import (
    Observer,
    Reals,
    digit_observer,
    image_quality,
    inception_observer,
    observe_reals,
)
from wgan_gp.evaluate.metrics import METRICS, as_floor
from wgan_gp.evaluate.samples import sample_quality, sampling_floor

# Precision and recall look at the third-nearest neighbour, which is of another image.
LEAST_FEATURES = 4


class Held(NamedTuple):
    """Held-out real samples in sets of equal size, and what they score."""

    reals: np.ndarray  # [R, n, ...]
    floor: dict[str, float]  # what other real samples score, by `floor` names
    quality: Callable[[np.ndarray], dict[str, float]]  # of generated sets [r, n, ...]


def hold_out(dataset: Dataset, config: FrozenConfigDict, key: jax.Array) -> Held:
    """Draws the held-out samples and measures what real samples score.

    Args:
      dataset: what is learned.
      config: its configuration, resolved.
      key: of the samples.
    """
    if dataset.held_out is not None:
        return _hold_out_images(dataset, config, key)
    samples, repeats = count_evaluated(config, dataset)
    sets = _draw_sets(dataset.sample, key, 2 * repeats, samples)
    reals, others = sets[:repeats], sets[repeats:]

    def quality(fakes: np.ndarray) -> dict[str, float]:
        return sample_quality(dataset, fakes, reals[: len(fakes)])

    floor = {METRICS["w1"].floor: sampling_floor(reals, others)}
    return Held(reals, floor, quality)


def _hold_out_images(dataset: Dataset, config: FrozenConfigDict, key: jax.Array):
    """The same for images: what as many of the train split score is the floor."""
    held_key, train_key = jax.random.split(key)
    samples, repeats = count_evaluated(config, dataset)
    reals = _draw_sets(dataset.held_out, held_key, repeats, samples)
    observer = _observer(config)
    seen = observe_reals(to_bytes(config, reals), observer)

    def quality(fakes: np.ndarray) -> dict[str, float]:
        pixels = to_bytes(config, fakes)
        features = None if seen.features is None else seen.features[: len(pixels)]
        part = Reals(seen.images[: len(pixels)], features)
        return image_quality(pixels, part, observer)

    floor = {}
    if dataset.stream is None:
        drawn: Any = dataset.sample(train_key, samples * repeats)
        floor = as_floor(quality(np.asarray(drawn[0] if dataset.classes else drawn)))
    return Held(reals, floor, quality)


def _draw_sets(sample, key: jax.Array, sets: int, n: int) -> np.ndarray:
    """Sets of n from a sampler, `[sets, n, ...]`."""
    drawn = np.asarray(sample(key, sets * n))
    return drawn.reshape(sets, n, *drawn.shape[1:])


def count_evaluated(config: FrozenConfigDict, dataset: Dataset) -> tuple[int, int]:
    """Samples in a held-out set, and how many such sets there are.

    The experiment's own `eval_samples` and `eval_repeats` shrink to what the data set
    holds out. Numbers that were set by hand do not: a data set refuses to hold out
    more than it has.

    Args:
      config: a resolved configuration.
      dataset: what is learned.

    Raises:
      ValueError: they are too few for distances of features.
    """
    samples, repeats = config.eval_samples, config.eval_repeats
    held_out = dataset.held_out_count
    if held_out is not None and config.get("eval_default") == (samples, repeats):
        samples = min(samples, held_out)
        repeats = max(1, min(repeats, held_out // samples))
    network = config.features.network if "features" in config else "none"
    if network != "none" and samples < LEAST_FEATURES:
        raise ValueError(
            f"features.network = {network!r} needs at least {LEAST_FEATURES} held-out"
            f" images, got {samples} of {dataset.name}: set features.network to 'none',"
            " or take a larger set"
        )
    return samples, repeats


def said_of_counts(config: FrozenConfigDict, dataset: Dataset) -> str | None:
    """A line that says how many samples are evaluated, if they are fewer than usual."""
    usual = config.eval_samples, config.eval_repeats
    found = count_evaluated(config, dataset)
    if found == usual:
        return None
    return (
        f"{dataset.name} holds out {dataset.held_out_count} images: evaluating on"
        f" {found[1]} x {found[0]}, not on {usual[1]} x {usual[0]} as the experiment"
        " has it (eval_repeats x eval_samples)"
    )


def to_bytes(config: FrozenConfigDict, images) -> np.ndarray:
    """Images `[..., H, W, C]` as networks see them, to uint8 `[n, H, W, C]`."""
    flat = jnp.reshape(jnp.asarray(images), (-1, *images.shape[-3:]))
    return np.asarray(to_uint8(flat, *LIMITS[config.data.scale]))


def source_options(config: FrozenConfigDict) -> dict[str, Any]:
    """What `data.images.open_images` needs beside a name and a split."""
    names = ("size", "channels", "data_dir", "skip_corrupt")
    return {name: config.data[name] for name in names}


def check_weights(config: FrozenConfigDict) -> None:
    """Raises ValueError if the file of `features.weights` is not there.

    For before a run's folder is made: its contents are checked when they are read.
    """
    if "features" not in config or config.features.weights is None:
        return
    if not Path(config.features.weights).is_file():
        raise ValueError(
            f"features.weights: there is no file {config.features.weights}"
        )


def _observer(config: FrozenConfigDict) -> Observer | None:
    match config.features.network:
        case "digits":
            return digit_observer(config.data.name, **source_options(config))
        case "inception":
            return inception_observer(config.features.weights)
    return None
