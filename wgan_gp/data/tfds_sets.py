"""Image sets that TFDS has prepared, read without TensorFlow.

TensorFlow Datasets (TFDS) knows hundreds of sets. `wgan_gp.data.prepare` downloads one
and writes it as ArrayRecord files, which are read by index; afterwards neither a
network nor TensorFlow is needed. A record needs a feature `image`, uint8 with 1 or 3
channels. A feature `label` with classes is used, too.

Splits are TFDS's own where it has train and validation. Otherwise `validation` is the
end of the train split, a tenth of it, or as many as the papers use for the sets of
`PUBLISHED_SPLITS`. A set without a test split has none here.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wgan_gp.data.decoding import decode
from wgan_gp.data.prepare import (
    BUILT_IN,
    UnknownSetError,
    declared_shape,
    get_feature,
    is_prepared,
    make_builder,
    open_builder,
    prepare,
)
from wgan_gp.data.sources import Example, ImageSet, ImageSource, read_or_skip

# Splits as the papers use them, in TFDS's notation. They train on all of CIFAR-10's
# training pictures, so its test split serves as validation, and no test split is left.
PUBLISHED_SPLITS = {
    "mnist": {"train": "train[:50000]", "validation": "train[50000:]", "test": "test"},
    "cifar10": {"train": "train", "validation": "test"},
}
# Other sets without a validation split give up the last 1 / 10 of their train split.
VALIDATION_DIVISOR = 10
_CHUNK = 128  # records read at a time; two such parts are in memory


def open_tfds(
    name: str,
    *,
    data_dir: str | None,
    size: tuple[int, int] | None,
    channels: int | None,
    skip_corrupt: bool,
) -> ImageSet:
    """Opens a set that is prepared, or that an installed package ships.

    Classes and their names are those that the set declares. A set that a package ships
    (`prepare.BUILT_IN`) is prepared on first use, which takes seconds.

    Args:
      name: as TFDS writes it: `mnist`, `lsun/bedroom`, `cifar10:3.0.2`.
      data_dir: TFDS's folder; None for its default.
      size: height and width to crop and resize to; None if all have one size.
      channels: 1 for grey, 3 for colour; None for what the set declares.
      skip_corrupt: whether to skip records that cannot be decoded.

    Returns:
      The set. Its `open(split)` raises ValueError for a split that it lacks.

    Raises:
      ValueError: TFDS has no such set, it is not prepared, or has no pictures of 8
        bits. Sources raise it for a corrupt record when it is read.
    """
    builder = _open_builder(name, data_dir)
    shape = _output_shape(builder, name, size, channels)
    builder = _ensure_prepared(builder, name, data_dir)

    def open_split(split: str) -> ImageSource:
        records = _records(builder, name, _split_expression(builder, name, split))
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
    """Makes the source of one split, which decodes each record when it is read."""
    label: Any = get_feature(builder, "label")
    classes = getattr(label, "num_classes", None)
    skipped: set[str] = set()

    def reader(records: Any) -> Callable[[int], Example | None]:
        return read_or_skip(
            partial(_decode, records, shape, size, classes is not None),
            lambda index: f"record {index} of {name}'s {split} split",
            skip_corrupt=skip_corrupt,
            skipped=skipped,
        )

    def read_many(indices: Sequence[int]) -> Iterator[Example | None]:
        for part, some in _in_chunks(records, indices):
            yield from map(reader(some), part)

    return ImageSource(
        name=name,
        split=split,
        count=len(records),
        shape=shape,
        classes=classes,
        read=reader(records),
        read_many=read_many,
        skipped=skipped,
        class_names=None if classes is None else tuple(label.names),
        read_labels=None if classes is None else partial(_read_labels, records),
    )


def _in_chunks(
    records: Any, indices: Sequence[int]
) -> Iterator[tuple[Sequence[int], Any]]:
    """Records, many at a time: four to five times as fast as one by one.

    Yields:
      Some of the indices, and what has their records by index.
    """
    for start in range(0, len(indices), _CHUNK):
        part = indices[start : start + _CHUNK]
        try:
            yield part, dict(zip(part, records.__getitems__(list(part)), strict=True))
        except Exception:  # of one of them; read one by one, the error names it
            yield part, records


def _read_labels(records: Any) -> np.ndarray:
    """Reads the labels of all records, int32 `[N]`. Pictures stay compressed."""
    chunks = _in_chunks(records, range(len(records)))
    labels = (some[index]["label"] for part, some in chunks for index in part)
    return np.fromiter(labels, np.int32, len(records))


def _ensure_prepared(builder: Any, name: str, data_dir: str | None) -> Any:
    """Returns the builder of a set that is on disk; prepares it if a package ships it.

    Raises:
      ValueError: it is not on disk; the message has the command that prepares it.
    """
    if name in BUILT_IN and not is_prepared(builder):
        prepare(builder, quiet=True)
        # Another process may have written the set first. This builder would then
        # describe its own files, so a new one reads what is on disk.
        builder = make_builder(name, data_dir)
    if not is_prepared(builder):
        raise ValueError(
            f"{name} is not in {builder.data_path}: run {_command(builder, name)} on a"
            " machine with network, and copy its folder"
            f" {Path(builder.data_dir_root) / builder.name} here"
        )
    return builder


def _command(builder: Any, name: str) -> str:
    """The command that prepares a set where the builder looks for it."""
    root = builder.data_dir_root
    return f"`python -m wgan_gp.data.prepare {name} --data_dir {root}`"


def _open_builder(name: str, data_dir: str | None) -> Any:
    """Returns the builder; the error for an unknown name lists all kinds of names."""
    try:
        return open_builder(name, data_dir)
    except UnknownSetError as error:
        raise ValueError(
            f"there is no image set {name!r}{error.hint or ':'} {', '.join(BUILT_IN)},"
            " npz:FILE and folder:FOLDER need no network, other names are TFDS's"
        ) from None


def _output_shape(
    builder: Any, name: str, size: tuple[int, int] | None, channels: int | None
) -> tuple[int, int, int]:
    """The shape [H, W, C] that pictures are converted to.

    Raises:
      ValueError: the set's pictures vary in size and no size was asked for.
    """
    declared = declared_shape(builder, name)
    height, width = size or declared[:2]
    if height is None or width is None:
        raise ValueError(
            f"{name} has pictures of several sizes: set data.size to (height, width)"
        )
    return height, width, channels or declared[-1]


def _split_expression(builder: Any, name: str, split: str) -> str:
    """Returns a split in TFDS's notation, as "train[:50000]".

    Raises:
      ValueError: the set lacks the split.
    """
    counts = {key: info.num_examples for key, info in builder.info.splits.items()}
    own = {key: key for key in ("train", "validation", "test") if key in counts}
    if "train" in own and "validation" not in own:
        last = counts["train"] - counts["train"] // VALIDATION_DIVISOR
        own |= {"train": f"train[:{last}]", "validation": f"train[{last}:]"}
    own = PUBLISHED_SPLITS.get(builder.name, own)
    if split not in own:
        raise ValueError(f"{name} has no {split} split: it has {', '.join(own)}")
    return own[split]


def _records(builder: Any, name: str, expression: str) -> Any:
    """Opens the records of a split, to be read by index.

    Raises:
      ValueError: the set is prepared in a format that needs TensorFlow.
    """
    import tensorflow_datasets as tfds

    try:
        # The picture stays compressed and is decoded by `decoding`: TFDS would use
        # OpenCV where it is installed, and check nothing.
        return builder.as_data_source(
            expression, decoders={"image": tfds.decode.SkipDecoding()}
        )
    except NotImplementedError:
        raise ValueError(
            f"{name} in {builder.data_path} is prepared as"
            f" {builder.info.file_format.value}, expected array_record: delete it and"
            f" run {_command(builder, name)}"
        ) from None


def _decode(
    records: Any,
    shape: tuple[int, int, int],
    size: tuple[int, int] | None,
    labelled: bool,
    index: int,
) -> Example:
    """Decodes the record of this index.

    Raises:
      ValueError: the picture is not of the size that the set declares.
    """
    record = records[index]
    image = decode(io.BytesIO(record["image"]), shape[-1], size)
    if image.shape != shape:
        raise ValueError(f"got {image.shape}, expected {shape}")
    return Example(image, np.array(record["label"], np.int32) if labelled else None)
