"""Image sets that TFDS has prepared, read without TensorFlow."""

import difflib
import io
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.data.decoding import decode
from wgan_gp.data.prepare import (
    BUILT_IN,
    get_feature,
    is_prepared,
    make_builder,
    prepare,
)
from wgan_gp.data.sources import Example, ImageSource, read_or_skip

# set, configuration, version
_NAME = re.compile(r"\w+(/[\w.+-]+)*(:\d+\.\d+\.\d+)?")
# Splits as published. CIFAR-10 is trained on all of its training split there, and
# what is called test serves as validation: it has no test split here.
PUBLISHED = {
    "mnist": {"train": "train[:50000]", "validation": "train[50000:]", "test": "test"},
    "cifar10": {"train": "train", "validation": "test"},
}
HELD_OUT = 10  # elsewhere one part in ten of train, its last, is for validation


def open_tfds(
    name: str,
    split: str,
    *,
    data_dir: str | None,
    size: tuple[int, int] | None,
    skip_corrupt: bool,
) -> ImageSource:
    """One split of a set that is prepared, or that an installed package ships.

    A set without a validation split gives up the last of its training split, in the
    order of TFDS's files; `PUBLISHED` and `HELD_OUT` say how much.

    Args:
      name: as TFDS writes it: `mnist`, `lsun/bedroom`, `cifar10:3.0.2`.
      split: one of `SPLITS`.
      data_dir: TFDS's folder; None for its default.
      size: height and width to crop and scale to; None if all have one size.
      skip_corrupt: skips records that cannot be decoded, rather than refuse them.

    Raises:
      ValueError: TFDS knows no such set, it is not prepared, has no pictures of 8 bits
        or not this split; also from reading a record.
    """
    builder = _builder(name, data_dir)
    shape = _shape(builder, name, size)
    builder = _prepared(builder, name, data_dir)
    records = _records(builder, name, _instruction(builder, name, split))
    classes = getattr(get_feature(builder, "label"), "num_classes", None)
    skipped: set[str] = set()
    read = read_or_skip(
        partial(_decode, records, shape, size, classes is not None),
        lambda index: f"record {index} of {name}'s {split} split",
        skip_corrupt=skip_corrupt,
        skipped=skipped,
    )
    count = len(records)
    return ImageSource(name, split, count, shape, classes, read, skipped)


def _prepared(builder: Any, name: str, data_dir: str | None) -> Any:
    if name in BUILT_IN and not is_prepared(builder):
        prepare(builder, quiet=True)
        # A builder that has lost a race describes its own files, not those there are.
        builder = make_builder(name, data_dir)
    if not is_prepared(builder):
        root = Path(builder.data_dir_root)
        raise ValueError(
            f"{name} is not in {builder.data_path}: run `python -m wgan_gp.data.prepare"
            f" {name} --data_dir {root}` on a machine with network, and copy its folder"
            f" {root / builder.name} here"
        )
    return builder


def _builder(name: str, data_dir: str | None) -> Any:
    import tensorflow_datasets as tfds

    if not _NAME.fullmatch(name):
        raise ValueError(_unknown(name))
    try:
        return make_builder(name, data_dir)
    except tfds.core.registered.DatasetNotFoundError:
        raise ValueError(_unknown(name)) from None
    except Exception as error:  # of many kinds: no such version, broken metadata
        text = " ".join(str(error).split())[:300]
        raise ValueError(f"TFDS cannot open {name}: {text}") from error


def _unknown(name: str) -> str:
    import tensorflow_datasets as tfds

    known = [*BUILT_IN, *tfds.list_builders(with_community_datasets=False)]
    near = difflib.get_close_matches(name.split("/")[0], known, n=3)
    hint = f" (near it: {', '.join(near)})" if near else ""
    return (
        f"there is no image set {name!r}{hint}: {', '.join(BUILT_IN)}, npz:FILE and"
        " folder:FOLDER need no network, other names are TFDS's"
    )


def _shape(
    builder: Any, name: str, size: tuple[int, int] | None
) -> tuple[int, int, int]:
    """What the pictures will be, [H, W, C]."""
    image: Any = get_feature(builder, "image")
    declared = getattr(image, "shape", None) or ()
    if (
        len(declared) != 3
        or declared[-1] not in (1, 3)
        or getattr(image, "np_dtype", None) != np.uint8
    ):
        raise ValueError(
            f"{name} has no feature `image` of uint8 with 1 or 3 channels, got {image}"
        )
    height, width = size or declared[:2]
    if height is None or width is None:
        raise ValueError(
            f"{name} has pictures of several sizes: give size=(height, width)"
        )
    return height, width, declared[-1]


def _instruction(builder: Any, name: str, split: str) -> str:
    """TFDS's words for a split."""
    counts = {key: info.num_examples for key, info in builder.info.splits.items()}
    own = {key: key for key in ("train", "validation", "test") if key in counts}
    if "train" in own and "validation" not in own:
        last = counts["train"] - counts["train"] // HELD_OUT
        own |= {"train": f"train[:{last}]", "validation": f"train[{last}:]"}
    own = PUBLISHED.get(builder.name, own)
    if split not in own:
        raise ValueError(f"{name} has no {split} split: it has {', '.join(own)}")
    return own[split]


def _records(builder: Any, name: str, instruction: str) -> Any:
    import tensorflow_datasets as tfds

    try:
        # The picture stays compressed: TFDS would take OpenCV if it is installed, and
        # checks nothing.
        return builder.as_data_source(
            instruction, decoders={"image": tfds.decode.SkipDecoding()}
        )
    except NotImplementedError:
        raise ValueError(
            f"{name} in {builder.data_path} is prepared as"
            f" {builder.info.file_format.value}, expected array_record: delete it and"
            f" run `python -m wgan_gp.data.prepare {name}`"
        ) from None


def _decode(
    records: Any,
    shape: tuple[int, int, int],
    size: tuple[int, int] | None,
    labelled: bool,
    index: int,
) -> Example:
    record = records[index]
    image = decode(io.BytesIO(record["image"]), shape[-1], size)
    if image.shape != shape:
        raise ValueError(f"got {image.shape}, expected {shape}")
    return Example(image, np.array(record["label"], np.int32) if labelled else None)
