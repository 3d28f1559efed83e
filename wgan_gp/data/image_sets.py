"""Image sets as data sets to learn: on the device where they fit, streamed if not."""

import dataclasses
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.data import DATASETS, Dataset, open_named
from wgan_gp.data.images import fits, open_set, resident_images
from wgan_gp.data.ranges import SCALES, Scale
from wgan_gp.data.sources import (
    ImageSet,
    ImageSource,
    LeftOut,
    count_left_out,
    load_arrays,
    read_in,
)
from wgan_gp.system.fields import Rule, among, at_least, setting
from wgan_gp.system.values import WIDEST, show, whole


def _check_name(path: str, name: str) -> None:
    if len(name) > 500 or not name.isprintable():
        raise ValueError(
            f"{path} must be at most 500 characters that can be printed, got"
            f" {show(name)}"
        )


def _check_size(path: str, size: tuple) -> None:
    if len(size) != 2:
        raise ValueError(f"{path} must be (height, width), got {show(size)}")
    for side in size:
        whole(path, side, 1, WIDEST)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageData:
    """The section `data` of a configuration for images."""

    kind: str
    name: str = setting(
        "mnist5k",
        "Image set: mnist5k, digits8x8, a name of TFDS's, npz:FILE or folder:FOLDER.",
        Rule(_check_name),
    )
    scale: str = setting(
        "symmetric",
        "Range of pixels: [0, 1], [-1, 1], or [-1, 1] with uniform noise.",
        among(SCALES),
    )
    size: tuple[int, int] | None = setting(
        None,
        "(height, width) that pictures are cropped and scaled to.",
        Rule(_check_size, words=">= 1"),
    )
    channels: int | None = setting(
        None,
        "1 reads pictures in grey, 3 in colour; open is what the set has.",
        among((1, 3)),
    )
    data_dir: str | None = setting(
        None, "Folder of TFDS's sets; open is TFDS's own default."
    )
    skip_corrupt: bool = setting(
        False, "Whether pictures that do not decode are left out."
    )
    resident_bytes: int = setting(
        2**31,
        "Larger image sets are streamed rather than kept on the device.",
        at_least(0),
    )

    @property
    def source_options(self) -> dict[str, Any]:
        """What `images.open_images` needs beside a name and a split."""
        names = ("size", "channels", "data_dir", "skip_corrupt")
        return {name: getattr(self, name) for name in names}


def open_image_set(
    settings: ImageData,
    *,
    conditional: bool,
    check: Callable[[ImageSource], None],
) -> Dataset:
    """The image set that the settings name; arguments and errors of `load_images`.

    A name in `DATASETS` comes before those of `images.open_images`. Such a set makes
    its own pixels, in the range of `data.scale`.
    """
    if settings.name in DATASETS:
        return _open_named(settings, conditional)
    return load_images(
        settings.name,
        scale=settings.scale,
        resident_bytes=settings.resident_bytes,
        conditional=conditional,
        check=check,
        **settings.source_options,
    )


def _open_named(settings: ImageData, conditional: bool) -> Dataset:
    """A set of `DATASETS`, which the fields for files have no effect on."""
    fields = {each.name: each for each in dataclasses.fields(settings)}
    for name in (*settings.source_options, "resident_bytes"):
        if getattr(settings, name) != fields[name].default:
            raise ValueError(
                f"data.{name} = {show(getattr(settings, name))} has no effect on a set"
                " of data.DATASETS, which makes its own pixels: leave it out"
            )
    dataset = open_named(settings.name, "images", conditional=conditional)
    if dataset.stream is not None and dataset.held_out is None:
        raise ValueError(
            f"{settings.name} is streamed and holds nothing out: give it held_out, a"
            " sampler of images to evaluate on"
        )
    return dataset


def load_images(
    name: str,
    *,
    scale: str = "symmetric",
    conditional: bool = False,
    resident_bytes: int = 2**31,
    held_out_bytes: int = 2**28,
    check: Callable[[ImageSource], None] = lambda train: None,
    **options: Any,
) -> Dataset:
    """An image set, its train split to learn from and its validation split held out.

    Args:
      name: as in `images.open_images`.
      scale: a key of `ranges.SCALES`.
      conditional: whether training samples come with labels, `([n, H, W, C], [n])`.
      resident_bytes: the most that the train split may take on the device; a larger
        one is streamed, and `sample` then takes raw batches of `stream`.
      held_out_bytes: the most of the validation split that is kept, from its start.
      check: gets the train split before it is read, and raises ValueError if it will
        not do.
      **options: more of `images.open_images`.

    Returns:
      The data set; its held-out samples are without repetition.

    Raises:
      ValueError: as `images.open_images`, or there are no labels.
    """
    images = open_set(name, **options)
    train, held_out = images.open("train"), images.open("validation")
    check(train)
    if conditional and train.classes is None:
        raise ValueError(f"{name} has no labels: conditional must be False")
    scaled, stream = SCALES[scale], None
    if fits(train, resident_bytes):
        train = read_in(train)
        sample = resident_images(
            train, scaled, labelled=conditional, max_bytes=resident_bytes
        )
    else:
        sample = jax.tree_util.Partial(_prepare, scale=scaled, labelled=conditional)
        stream = partial(_open_stream, train)
    held_images = _first_images(held_out, held_out_bytes)
    shares = _class_shares(train) if conditional else None
    left_out = _left_out(images, train, held_out)
    return Dataset(
        name,
        train.shape,
        sample,
        held_out=_held_out(name, held_images, scaled),
        held_out_count=len(held_images),
        count=train.count,
        classes=train.classes if conditional else None,
        class_names=train.class_names if conditional else None,
        class_shares=shares,
        left_out=tuple(map(str, left_out)),
        notes=_notes(images, left_out, train, shares),
        stream=stream,
    )


def _class_shares(train: ImageSource) -> np.ndarray:
    """Of each class among the training pictures, `[classes]`."""
    assert train.classes is not None
    assert train.read_labels is not None
    labels = train.read_labels()
    if missing := int(np.sum(labels < 0)):
        raise ValueError(
            f"{train.name} has {missing} pictures to train on without a label:"
            " conditional must be False"
        )
    return np.bincount(labels, minlength=train.classes) / len(labels)


def _notes(
    images: ImageSet,
    left_out: list[LeftOut],
    train: ImageSource,
    shares: np.ndarray | None,
) -> tuple[str, ...]:
    """What a user should know of the set before it is trained on."""
    notes = list(images.notes)
    if left_out:
        notes.append(count_left_out(left_out))
    if shares is not None and not shares.all():
        absent = [
            str((train.class_names or ())[i]) for i in np.flatnonzero(shares == 0)
        ]
        some = ", ".join(absent[:5]) + (", ..." if len(absent) > 5 else "")
        notes.append(
            f"no picture of {len(absent)} of the {len(shares)} classes is in the train"
            f" split, and none will be generated: {some}"
        )
    return tuple(notes)


def _left_out(images: ImageSet, *sources: ImageSource) -> list[LeftOut]:
    """What is not in the set, with what reading the sources has found corrupt."""
    known = {each.path for each in images.left_out}
    skipped = {name for source in sources for name in source.skipped} - known
    return [*images.left_out, *(LeftOut(name, "corrupt") for name in sorted(skipped))]


def _prepare(key: jax.Array, raw: Any, *, scale: Scale, labelled: bool) -> Any:
    """A streamed batch as the networks see it."""
    images = scale(key, raw.image)
    return (images, raw.label) if labelled else images


def _open_stream(source: ImageSource, batch_size: int, seed: int) -> Any:
    """This host's part of the batches."""
    from wgan_gp.data.streaming import stream

    host, hosts = jax.process_index(), jax.process_count()
    return stream(source, batch_size, seed, shard_index=host, shard_count=hosts)


def _first_images(source: ImageSource, max_bytes: int) -> np.ndarray:
    """As much of a split, from its start, as takes `max_bytes`; `[n, H, W, C]`."""
    count = max(1, min(source.count, max_bytes // math.prod(source.shape)))
    return load_arrays(source, count).image


def _held_out(name: str, images: np.ndarray, scale: Scale):
    """A sampler without repetition."""

    def sample(key: jax.Array, n: int) -> jax.Array:
        if n > len(images):
            raise ValueError(
                f"{name} holds out {len(images)} images, got"
                f" eval_samples * eval_repeats = {n}: lower them"
            )
        order_key, noise_key = jax.random.split(key)
        index = jax.random.permutation(order_key, len(images))[:n]
        return scale(noise_key, jnp.asarray(images)[index])

    return sample
