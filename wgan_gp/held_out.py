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
from wgan_gp.evaluate.samples import sample_quality, sampling_floor

FLOORS = ("sliced_w1", "frechet", "kernel", "precision", "recall", "score")


class Held(NamedTuple):
    """Held-out real samples in sets of `eval_samples`, and what they score."""

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
    repeats = config.eval_repeats
    sets = draw_sets(dataset.sample, config, key, 2 * repeats)
    reals, others = sets[:repeats], sets[repeats:]

    def quality(fakes: np.ndarray) -> dict[str, float]:
        return sample_quality(dataset, fakes, reals[: len(fakes)])

    return Held(reals, {"floor": sampling_floor(reals, others)}, quality)


def _hold_out_images(dataset: Dataset, config: FrozenConfigDict, key: jax.Array):
    """The same for images: what as many of the train split score is the floor."""
    held_key, train_key = jax.random.split(key)
    reals = draw_sets(dataset.held_out, config, held_key, config.eval_repeats)
    observer = _observer(config)
    seen = observe_reals(to_bytes(config, reals), observer)

    def quality(fakes: np.ndarray) -> dict[str, float]:
        pixels = to_bytes(config, fakes)
        features = None if seen.features is None else seen.features[: len(pixels)]
        part = Reals(seen.images[: len(pixels)], features)
        return image_quality(pixels, part, observer)

    floor = {}
    if dataset.stream is None:
        drawn: Any = dataset.sample(train_key, reals.shape[0] * reals.shape[1])
        scores = quality(np.asarray(drawn[0] if dataset.classes else drawn))
        floor = {f"floor_{name}": scores[name] for name in FLOORS if name in scores}
    return Held(reals, floor, quality)


def draw_sets(sample, config: FrozenConfigDict, key: jax.Array, sets: int):
    """Sets of `eval_samples` from a sampler, `[sets, n, ...]`."""
    n = config.eval_samples
    drawn = np.asarray(sample(key, sets * n))
    return drawn.reshape(sets, n, *drawn.shape[1:])


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
