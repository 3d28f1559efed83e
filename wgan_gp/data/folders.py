"""Pictures in a folder, decoded when they are read."""

import warnings
from collections import Counter
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wgan_gp.data.decoding import decode, read_header
from wgan_gp.data.folder_files import Part, find_parts, split_folders
from wgan_gp.data.sources import Example, ImageSet, ImageSource, LeftOut, read_or_skip


class _Header(NamedTuple):
    channels: int  # 1 or 3
    size: tuple[int, int]  # H, W


class _Headers(NamedTuple):
    """What the pictures of one split are."""

    headers: dict[Path, _Header]  # by path below the split's root, in order
    skipped: set[str]  # names of what is not among them, and of what is found later


class _Form(NamedTuple):
    """What the pictures of all splits become."""

    shape: tuple[int, int, int]  # H, W, C
    size: tuple[int, int] | None  # to crop and scale to, H and W
    classes: tuple[str, ...]


def open_folder(
    root: Path,
    *,
    size: tuple[int, int] | None,
    channels: int | None,
    skip_corrupt: bool,
) -> ImageSet:
    """The pictures below a folder.

    Every file with one of `folder_files.SUFFIXES` counts, unless it is hidden. If there
    are subfolders, each of them is a class, in alphabetical order, and no picture lies
    beside them. The pictures, in order of their paths, are split by `part_of`, unless
    there is a subfolder for `train`: then the splits are the subfolders of
    `SPLIT_FOLDERS`. Headers of all splits are read at once, so that size, channels and
    classes are the same in each; pictures when they are asked for.

    Args:
      root: the folder.
      size: height and width to crop and scale to; None if all have one size.
      channels: 1 for grey, 3 for colour; None for 1 if all are grey, and otherwise 3.
      skip_corrupt: leaves out what is corrupt or has another size than most, rather
        than refuse it.

    Raises:
      ValueError: there is no such folder, no picture, a link that leads outside, or
        a picture of another size or kind; also from reading a picture.
    """
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}")
    name, root = f"folder:{root}", root.resolve()
    parts, left_out = find_parts(root)
    read = {x: _read_headers(parts[x], skip_corrupt=skip_corrupt) for x in parts}
    usual = _usual_size(read)
    if size is None:
        for split, part in parts.items():
            left_out += _keep_only(part, read[split], usual, skip_corrupt=skip_corrupt)
    notes = []
    if channels is None:
        channels, notes = _choose_channels(parts, read)
    form = _Form((*(size or usual), channels), size, _classes(parts))

    def open_split(split: str) -> ImageSource:
        if split not in parts:
            train = split_folders(root)["train"].name
            raise ValueError(
                f"{root} has a subfolder {train} but none named {split} with pictures:"
                f" add one, or rename {train} if it is a class"
            )
        return _open_part(name, split, parts[split], read[split], form, skip_corrupt)

    return ImageSet(name, open_split, tuple(left_out), tuple(notes))


def _read_headers(part: Part, *, skip_corrupt: bool) -> _Headers:
    from PIL import Image

    found = _Headers({}, set())
    read = read_or_skip(
        lambda index: _Header(*read_header(part.root / part.paths[index])),
        lambda index: str(part.root / part.paths[index]),
        skip_corrupt=skip_corrupt,
        skipped=found.skipped,
    )
    with warnings.catch_warnings():
        # `read_header` refuses what Pillow would only warn of.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        for index, path in enumerate(part.paths):
            if header := read(index):
                found.headers[path] = header
    if not found.headers:
        count = len(part.paths)
        raise ValueError(f"all of the {count} pictures in {part.root} are corrupt")
    return found


def _usual_size(read: dict[str, _Headers]) -> tuple[int, int]:
    sizes = Counter(x.size for each in read.values() for x in each.headers.values())
    return sizes.most_common(1)[0][0]


def _keep_only(
    part: Part, found: _Headers, usual: tuple[int, int], *, skip_corrupt: bool
) -> list[LeftOut]:
    """Takes pictures of other sizes out of a split, if they are to be skipped."""
    left_out = []
    others = [path for path in found.headers if found.headers[path].size != usual]
    for path in others:
        height, width = found.headers.pop(path).size
        if not skip_corrupt:
            raise ValueError(
                f"{part.root / path} is {height} x {width}, where the pictures'"
                f" usual size is {usual[0]} x {usual[1]}: set data.size to (height,"
                " width), or data.skip_corrupt"
            )
        found.skipped.add(str(part.root / path))
        left_out.append(
            LeftOut(str(part.root / path), "of another size", f"{height} x {width}")
        )
    if not found.headers:
        raise ValueError(
            f"no picture in {part.root} is {usual[0]} x {usual[1]}, the usual size: set"
            " data.size to (height, width)"
        )
    return left_out


def _choose_channels(
    parts: dict[str, Part], read: dict[str, _Headers]
) -> tuple[int, list[str]]:
    """1 if all pictures are grey, and otherwise 3; and a line if they differ."""
    by_channels: dict[int, list[Path]] = {1: [], 3: []}
    for split, part in parts.items():
        for path, header in read[split].headers.items():
            by_channels[header.channels].append(part.root / path)
    grey, colour = by_channels[1], by_channels[3]
    if not (grey and colour):
        return (1 if grey else 3), []
    line = (
        f"{len(colour):,} pictures are in colour ({colour[0]}) and {len(grey):,} are"
        f" grey ({grey[0]}): all are read in colour; data.channels = 1 makes all grey"
    )
    return 3, [line]


def _classes(parts: dict[str, Part]) -> tuple[str, ...]:
    """Names of the classes of all splits, sorted; none without subfolders."""
    paths = (path for part in parts.values() for path in part.paths)
    return tuple(sorted({path.parts[0] for path in paths if len(path.parts) > 1}))


def _open_part(
    name: str,
    split: str,
    part: Part,
    found: _Headers,
    form: _Form,
    skip_corrupt: bool,
) -> ImageSource:
    kept = list(found.headers)
    labels = None
    if len(kept[0].parts) > 1:
        number = {name: index for index, name in enumerate(form.classes)}
        labels = np.array([number[path.parts[0]] for path in kept], np.int32)
    return ImageSource(
        name=name,
        split=split,
        count=len(kept),
        shape=form.shape,
        classes=None if labels is None else len(form.classes),
        read=read_or_skip(
            partial(_decode, part.root, kept, labels, form),
            lambda index: str(part.root / kept[index]),
            skip_corrupt=skip_corrupt,
            skipped=found.skipped,
        ),
        skipped=found.skipped,
        class_names=None if labels is None else form.classes,
        read_labels=None if labels is None else lambda: labels,
    )


def _decode(
    root: Path, paths: list[Path], labels: np.ndarray | None, form: _Form, index: int
) -> Example:
    image = decode(root / paths[index], form.shape[-1], form.size)
    if image.shape != form.shape:
        raise ValueError(f"got {image.shape}, expected {form.shape}")
    return Example(image, None if labels is None else np.array(labels[index]))
