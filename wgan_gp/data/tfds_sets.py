"""Image sets that TFDS has prepared, read without TensorFlow."""

import io
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.data.decoding import decode
from wgan_gp.data.prepare import (
    BUILT_IN,
    UnknownSetError,
    check_pictures,
    get_feature,
    is_prepared,
    make_builder,
    open_builder,
    prepare,
)
from wgan_gp.data.sources import Example, ImageSet, ImageSource, read_or_skip

# Splits as published. CIFAR-10 is trained on all of its training split there, and
# what is called test serves as validation: it has no test split here.
PUBLISHED = {
    "mnist": {"train": "train[:50000]", "validation": "train[50000:]", "test": "test"},
    "cifar10": {"train": "train", "validation": "test"},
}
HELD_OUT = 10  # elsewhere one part in ten of train, its last, is for validation


def open_tfds(
    name: str,
    *,
    data_dir: str | None,
    size: tuple[int, int] | None,
    channels: int | None,
    skip_corrupt: bool,
) -> ImageSet:
    """A set that is prepared, or that an installed package ships.

    A set without a validation split gives up the last of its training split, in the
    order of TFDS's files; `PUBLISHED` and `HELD_OUT` say how much. Classes and their
    names are those that the set declares.

    Args:
      name: as TFDS writes it: `mnist`, `lsun/bedroom`, `cifar10:3.0.2`.
      data_dir: TFDS's folder; None for its default.
      size: height and width to crop and scale to; None if all have one size.
      channels: 1 for grey, 3 for colour; None for what the set declares.
      skip_corrupt: skips records that cannot be decoded, rather than refuse them.

    Raises:
      ValueError: TFDS knows no such set, it is not prepared, or has no pictures of 8
        bits; also from reading a record, and for a split that it has not.
    """
    builder = _open_builder(name, data_dir)
    shape = _shape(builder, name, size, channels)
    builder = _prepared(builder, name, data_dir)

    def open_split(split: str) -> ImageSource:
        records = _records(builder, name, _instruction(builder, name, split))
        return _open_records(
            builder, records, name, split, shape, size, skip_corrupt=skip_corrupt
        )

    return ImageSet(name, open_split)


def _open_records(
    builder: Any,
    records: Any,
    name: str,
    split: str,
    shape: tuple[int, int, int],
    size: tuple[int, int] | None,
    *,
    skip_corrupt: bool,
) -> ImageSource:
    label: Any = get_feature(builder, "label")
    classes = getattr(label, "num_classes", None)
    skipped: set[str] = set()
    return ImageSource(
        name=name,
        split=split,
        count=len(records),
        shape=shape,
        classes=classes,
        read=read_or_skip(
            partial(_decode, records, shape, size, classes is not None),
            lambda index: f"record {index} of {name}'s {split} split",
            skip_corrupt=skip_corrupt,
            skipped=skipped,
        ),
        skipped=skipped,
        class_names=None if classes is None else tuple(label.names),
        read_labels=None if classes is None else partial(_read_labels, records),
    )


def _read_labels(records: Any) -> np.ndarray:
    labels = (records[index]["label"] for index in range(len(records)))
    return np.fromiter(labels, np.int32, len(records))


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


def _open_builder(name: str, data_dir: str | None) -> Any:
    try:
        return open_builder(name, data_dir)
    except UnknownSetError as error:
        raise ValueError(
            f"there is no image set {name!r}{error.hint or ':'} {', '.join(BUILT_IN)},"
            " npz:FILE and folder:FOLDER need no network, other names are TFDS's"
        ) from None


def _shape(
    builder: Any, name: str, size: tuple[int, int] | None, channels: int | None
) -> tuple[int, int, int]:
    """What the pictures will be, [H, W, C]."""
    declared = check_pictures(builder, name)
    height, width = size or declared[:2]
    if height is None or width is None:
        raise ValueError(
            f"{name} has pictures of several sizes: set data.size to (height, width)"
        )
    return height, width, channels or declared[-1]


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
