"""Image sets in folders: the pictures stay compressed on disk until they are read.

Opening a folder reads the header of every picture, but decodes none. That is enough to
know the common size, whether there is colour, and how many pictures each split has, and
it finds most problems before training starts. Pixels are decoded one picture at a time,
by whoever reads the source: `sources.load_arrays` for a set that fits into memory,
`streaming.stream` for a larger one.

Which files count, and which split each is in, is decided in `folder_files`.
"""

import warnings
from collections import Counter
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wgan_gp.data.decoding import decode, read_header
from wgan_gp.data.folder_files import SplitFiles, find_splits, split_folders
from wgan_gp.data.sources import (
    Example,
    ImageSet,
    ImageSource,
    LeftOutFile,
    read_or_skip,
)


class _Header(NamedTuple):
    """What the header of one picture says."""

    channels: int  # 1 or 3
    size: tuple[int, int]  # H, W


class _Headers(NamedTuple):
    """The readable pictures of one split.

    `skipped` is shared with the split's source, which adds the pictures that turn out
    to be corrupt when they are decoded.
    """

    headers: dict[Path, _Header]  # by path below the split's root, in order
    skipped: set[str]  # names of pictures left out so far


class _OutputFormat(NamedTuple):
    """What the pictures of all splits are converted to, and their classes."""

    shape: tuple[int, int, int]  # H, W, C
    size: tuple[int, int] | None  # H, W to crop and resize to; None keeps sizes
    classes: tuple[str, ...]


def open_folder(
    root: Path,
    *,
    size: tuple[int, int] | None,
    channels: int | None,
    skip_corrupt: bool,
) -> ImageSet:
    """Opens the pictures below a folder.

    Every file with one of `folder_files.SUFFIXES` counts unless it is hidden.
    Subfolders are classes, numbered in alphabetical order; then no picture may lie
    beside them. The pictures are split by `split_indices` in the order of their paths,
    unless there is a subfolder for `train`: then the splits are the subfolders of
    `SPLIT_FOLDERS`. Size, channels and classes are the same in all splits.

    Args:
      root: the folder.
      size: height and width to crop and resize to; None if all pictures have one size.
      channels: 1 for grey, 3 for colour; None takes 1 if all are grey, otherwise 3.
      skip_corrupt: whether to leave out pictures that are corrupt or differ from the
        most common size, rather than refuse the folder.

    Returns:
      The set. Its `open(split)` raises ValueError for a split that the folder lacks.

    Raises:
      ValueError: the folder does not exist or has no picture, a link leads outside, or
        a picture differs in size or cannot be read. Sources raise it for a picture that
        turns out to be corrupt when it is decoded.
    """
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}: check data.name")
    name, root = f"folder:{root}", root.resolve()
    splits, left_out = find_splits(root)
    read = {x: _read_headers(x, splits[x], skip_corrupt=skip_corrupt) for x in splits}
    usual = _most_common_size(read)
    if size is None:
        for split, files in splits.items():
            left_out += _drop_other_sizes(
                files, read[split], usual, skip_corrupt=skip_corrupt
            )
    notes = []
    if channels is None:
        channels, notes = _choose_channels(splits, read)
    output = _OutputFormat((*(size or usual), channels), size, _class_names(splits))

    def open_split(split: str) -> ImageSource:
        if split not in splits:
            train = split_folders(root)["train"].name
            raise ValueError(
                f"{root} has a subfolder {train} but none named {split} with pictures:"
                f" add one, or rename {train} if it is a class"
            )
        return _open_split(
            name, split, splits[split], read[split], output, skip_corrupt
        )

    return ImageSet(name, open_split, tuple(left_out), tuple(notes), tuple(splits))


def _read_headers(split: str, files: SplitFiles, *, skip_corrupt: bool) -> _Headers:
    """Reads the header of each picture of a split.

    Raises:
      ValueError: a picture is corrupt and not to be skipped, or all of them are.
    """
    from PIL import Image

    found = _Headers({}, set())
    read = read_or_skip(
        lambda index: _Header(*read_header(files.root / files.paths[index])),
        lambda index: str(files.root / files.paths[index]),
        skip_corrupt=skip_corrupt,
        skipped=found.skipped,
    )
    with warnings.catch_warnings():
        # `read_header` refuses large pictures itself, where Pillow would warn.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        for index, path in enumerate(files.paths):
            if header := read(index):
                found.headers[path] = header
    if not found.headers:
        count = len(files.paths)
        raise ValueError(
            f"all {count} pictures of the {split} split of {files.root} are corrupt:"
            " replace them, or remove them and add others"
        )
    return found


def _most_common_size(read: dict[str, _Headers]) -> tuple[int, int]:
    """The (height, width) that most pictures of all splits have."""
    sizes = Counter(x.size for each in read.values() for x in each.headers.values())
    return sizes.most_common(1)[0][0]


def _drop_other_sizes(
    files: SplitFiles, found: _Headers, usual: tuple[int, int], *, skip_corrupt: bool
) -> list[LeftOutFile]:
    """Removes the pictures of other sizes from a split's headers, in place.

    Returns:
      The pictures removed.

    Raises:
      ValueError: a picture is of another size and not to be skipped, or none is left.
    """
    left_out = []
    others = [path for path in found.headers if found.headers[path].size != usual]
    for path in others:
        height, width = found.headers.pop(path).size
        if not skip_corrupt:
            raise ValueError(
                f"{files.root / path} is {height} x {width}, where the pictures'"
                f" usual size is {usual[0]} x {usual[1]}: set data.size to (height,"
                " width), or data.skip_corrupt"
            )
        found.skipped.add(str(files.root / path))
        left_out.append(
            LeftOutFile(
                str(files.root / path), "of another size", f"{height} x {width}"
            )
        )
    if not found.headers:
        raise ValueError(
            f"no picture in {files.root} is {usual[0]} x {usual[1]}, the usual size:"
            " set data.size to (height, width)"
        )
    return left_out


def _choose_channels(
    splits: dict[str, SplitFiles], read: dict[str, _Headers]
) -> tuple[int, list[str]]:
    """Returns 1 if all pictures are grey, otherwise 3, and a note if they differ."""
    by_channels: dict[int, list[Path]] = {1: [], 3: []}
    for split, files in splits.items():
        for path, header in read[split].headers.items():
            by_channels[header.channels].append(files.root / path)
    grey, colour = by_channels[1], by_channels[3]
    if not (grey and colour):
        return (1 if grey else 3), []
    line = (
        f"{len(colour):,} pictures are in colour ({colour[0]}) and {len(grey):,} are"
        f" grey ({grey[0]}): all are read in colour; data.channels = 1 makes all grey"
    )
    return 3, [line]


def _class_names(splits: dict[str, SplitFiles]) -> tuple[str, ...]:
    """The classes of all splits, sorted; empty if no picture is in a subfolder."""
    paths = (path for files in splits.values() for path in files.paths)
    return tuple(sorted({path.parts[0] for path in paths if len(path.parts) > 1}))


def _open_split(
    name: str,
    split: str,
    files: SplitFiles,
    found: _Headers,
    output: _OutputFormat,
    skip_corrupt: bool,
) -> ImageSource:
    """Makes the source of one split, which decodes each picture when it is read."""
    kept = list(found.headers)
    labels = None
    if len(kept[0].parts) > 1:
        number = {name: index for index, name in enumerate(output.classes)}
        labels = np.array([number[path.parts[0]] for path in kept], np.int32)
    return ImageSource(
        name=name,
        split=split,
        count=len(kept),
        shape=output.shape,
        classes=None if labels is None else len(output.classes),
        read=read_or_skip(
            partial(_decode, files.root, kept, labels, output),
            lambda index: str(files.root / kept[index]),
            skip_corrupt=skip_corrupt,
            skipped=found.skipped,
        ),
        skipped=found.skipped,
        class_names=None if labels is None else output.classes,
        read_labels=None if labels is None else lambda: labels,
    )


def _decode(
    root: Path,
    paths: list[Path],
    labels: np.ndarray | None,
    output: _OutputFormat,
    index: int,
) -> Example:
    """Decodes the picture of this index.

    Raises:
      ValueError: it has changed its size since its header was read.
    """
    image = decode(root / paths[index], output.shape[-1], output.size)
    if image.shape != output.shape:
        raise ValueError(f"got {image.shape}, expected {output.shape}")
    return Example(image, None if labels is None else np.array(labels[index]))
