"""Image sets as data sets to learn: the step from files to a sampler.

`load_images` opens a set, learns from its train split and holds out its validation
split. There are two ways for pictures to reach the training step:

- resident: the train split takes at most `resident_bytes`. It is copied to the device
  once, as bytes, and `Dataset.sample(key, n)` draws from it with replacement;
- streamed: it takes more. `Dataset.stream` reads shuffled batches on the host, and
  `Dataset.sample(key, batch)` only scales such a batch.

Both give float32 `[n, H, W, C]` in the range that `scale` names. The choice depends on
the set's size and the settings alone, so a resumed run makes the same one.

The validation split is always in memory, or `held_out_bytes` of it, chosen at random.
The test split is not read: `wgan_gp.score` does that on request.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from wgan_gp.data import DATASETS, Dataset, open_named
from wgan_gp.data.conditions import with_label_entries
from wgan_gp.data.image_conditions import (
    CHANNELS,
    CLASSIFIER,
    check_conditions,
    with_given_channels,
    with_row_numbers,
)
from wgan_gp.data.image_notes import all_left_out, class_shares, collect_notes
from wgan_gp.data.image_samplers import load_splits
from wgan_gp.data.images import fits, open_all_splits
from wgan_gp.data.ranges import SCALES
from wgan_gp.data.sources import ImageSource
from wgan_gp.system.fields import Rule, among, at_least, check_unset, setting
from wgan_gp.system.values import WIDEST, show, whole


def _check_name(path: str, name: str) -> None:
    """Refuses names that no file or data set can have; `path` is the field's name."""
    if len(name) > 500 or not name.isprintable():
        raise ValueError(
            f"{path} must be at most 500 characters that can be printed, got"
            f" {show(name)}"
        )


def _check_size(path: str, size: tuple) -> None:
    """Refuses a size that is not two sides of at least 1 pixel."""
    if len(size) != 2:
        raise ValueError(f"{path} must be (height, width), got {show(size)}")
    for side in size:
        whole(path, side, 1, WIDEST)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageData:
    """The section `data` of a configuration for images.

    The sentences are what `--help` prints of each field. `resident_bytes` counts uint8
    pixels, `count * H * W * C`, of the train split.
    """

    kind: str
    name: str = setting(
        "mnist5k",
        "Image set: mnist5k, digits8x8, blue_marble, a name of TFDS's, npz:FILE or"
        " folder:FOLDER.",
        Rule(_check_name),
    )
    scale: str = setting(
        "symmetric",
        "Range of pixels: [0, 1], [-1, 1], or [-1, 1] with uniform noise.",
        among(SCALES),
    )
    size: tuple[int, int] | None = setting(
        None,
        "(height, width) that pictures are cropped and resized to.",
        Rule(_check_size, words=">= 1"),
    )
    channels: int | None = setting(
        None,
        "1 reads pictures in grey, 3 in colour; open is what the set has.",
        among((1, 3)),
    )
    conditioning: str | None = setting(
        None,
        "How conditions act: labels by a classifier (open for labels), or as channels"
        " that the critic sees.",
        among((CLASSIFIER, CHANNELS)),
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
        """The fields that `images.open_images` takes, as its keyword arguments."""
        names = ("size", "channels", "data_dir", "skip_corrupt")
        return {name: getattr(self, name) for name in names}


def open_image_set(
    settings: ImageData,
    *,
    conditional: bool,
    check: Callable[[ImageSource], None],
) -> Dataset:
    """Opens the image set that the settings name.

    `kinds.KINDS` lists this function, and `build` calls it. A name in `DATASETS` comes
    before those of `images.open_images`. Such a set makes its own pixels, in the range
    of `data.scale`.

    Args:
      settings: the section `data`.
      conditional: the same as in `load_images`.
      check: the same as in `load_images`.

    Returns:
      The data set.

    Raises:
      ValueError: the same as `load_images`; or `data.conditioning` has no effect.
    """
    if settings.conditioning is not None and not conditional:
        raise ValueError(
            f"data.conditioning = {show(settings.conditioning)} has an effect only with"
            " conditional = True: leave it out"
        )
    if settings.name in DATASETS:
        return _open_named(settings, conditional)
    return load_images(
        settings.name,
        scale=settings.scale,
        resident_bytes=settings.resident_bytes,
        conditional=conditional,
        conditioning=settings.conditioning,
        check=check,
        **settings.source_options,
    )


def _open_named(settings: ImageData, conditional: bool) -> Dataset:
    """A set of `DATASETS`, which the fields for files have no effect on."""
    why = "has no effect on a set of data.DATASETS, which makes its own pixels"
    check_unset(settings, (*settings.source_options, "resident_bytes"), why)
    dataset = open_named(settings.name, "images", conditional=conditional)
    if dataset.stream is not None and dataset.held_out is None:
        raise ValueError(
            f"{settings.name} is streamed and holds nothing out: give it held_out, a"
            " sampler of images to evaluate on"
        )
    as_channels = settings.conditioning == CHANNELS
    return with_label_entries(dataset) if as_channels else dataset


def _kept(dataset: Dataset, held_out: ImageSource, most: int) -> list[str]:
    """A note where not all pictures of the split that is held out are in memory."""
    if held_out.arrays is not None or fits(held_out, most):
        return []
    counts = f"{dataset.held_out_count:,} of {held_out.count:,}"
    return [f"{counts} held-out pictures are kept, chosen at random"]


def load_images(
    name: str,
    *,
    scale: str = "symmetric",
    conditional: bool = False,
    conditioning: str | None = None,
    resident_bytes: int = 2**31,
    held_out_bytes: int = 2**28,
    check: Callable[[ImageSource], None] = lambda train: None,
    **options: Any,
) -> Dataset:
    """Opens an image set: its train split to learn from, its validation split held out.

    Args:
      name: the same as in `images.open_images`.
      scale: a key of `ranges.SCALES`, the range of pixel values that networks see.
      conditional: whether training samples come with conditions.
      conditioning: how these act, as `image_conditions` describes: "classifier", of
        labels, for samples `([n, H, W, C], [n])`; "channels" for `[n, H, W, C + k]`;
        None for a classifier where there are labels.
      resident_bytes: the most that the train split may take on the device. A larger
        one is streamed, and `sample` then takes raw batches of `stream`.
      held_out_bytes: how much of the validation split to read, at random; a note says
        so where it is not all. A split that is in memory is kept whole.
      check: gets the train split before its pixels are read. It raises ValueError if
        the networks cannot take such pictures.
      **options: other arguments of `images.open_images`.

    Returns:
      The data set. Its held-out sampler draws without repetition.

    Raises:
      ValueError: the same as `images.open_images`; or conditions are asked for and some
        or all pictures have none, as `image_conditions.check_conditions`.
    """
    images = open_all_splits(name, given=conditional, **options)
    train, held_out = images.open("train"), images.open("validation")
    check(train)
    given = conditional and bool(train.given)
    if conditional:
        check_conditions(train, held_out, conditioning)
    numbered = map(with_row_numbers, (train, held_out)) if given else (train, held_out)
    dataset, loaded = load_splits(
        *numbered,
        scale=SCALES[scale],
        labelled=conditional,
        labels_held_out=given or (conditional and conditioning == CHANNELS),
        resident_bytes=resident_bytes,
        held_out_bytes=held_out_bytes,
    )
    shares = class_shares(loaded) if conditional and not given else None
    left_out = all_left_out(images, train, held_out)
    dataset = dataset._replace(
        name=name,
        left_out=tuple(map(str, left_out)),
        notes=(
            *collect_notes(images, left_out, loaded, shares),
            *_kept(dataset, held_out, held_out_bytes),
        ),
    )
    if given:
        return with_given_channels(dataset, train, held_out)
    if not conditional:
        return dataset
    dataset = dataset._replace(
        classes=loaded.classes, class_names=loaded.class_names, class_shares=shares
    )
    return with_label_entries(dataset) if conditioning == CHANNELS else dataset
