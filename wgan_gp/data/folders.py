"""Pictures in a folder, decoded when they are read."""

import os
import warnings
from collections import Counter
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wgan_gp.data.decoding import decode, read_header
from wgan_gp.data.sources import Example, ImageSource, part_of, read_or_skip

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".ppm", ".pgm")


class _Header(NamedTuple):
    channels: int  # 1 or 3
    size: tuple[int, int]  # H, W


def open_folder(
    root: Path, split: str, *, size: tuple[int, int] | None, skip_corrupt: bool
) -> ImageSource:
    """One split of the pictures below a folder.

    Every file with one of `SUFFIXES` counts. If there are subfolders, each of them is
    a class, in alphabetical order, and no picture lies beside them. The pictures, in
    order of their paths, are split by `part_of`, unless there is a subfolder `train`:
    then each split is the subfolder of its name. Headers are read at once, pictures
    when they are asked for; all grey is one channel, and otherwise three.

    Args:
      root: the folder.
      split: one of `SPLITS`.
      size: height and width to crop and scale to; None if all have one size.
      skip_corrupt: leaves out what is corrupt or has another size than most, rather
        than refuse it.

    Raises:
      ValueError: there is no such folder, no picture, a link that leads outside, or
        a picture of another size or kind; also from reading a picture.
    """
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}")
    name, root = f"folder:{root}", root.resolve()
    own_splits = (root / "train").is_dir()
    if own_splits and not (root / split).is_dir():
        raise ValueError(f"{root} has a subfolder train but none named {split}")
    root = root / split if own_splits else root
    paths = _find(root)
    if not paths:
        raise ValueError(f"{root} has no picture: expected {', '.join(SUFFIXES)}")
    classes = _classes(root, paths)
    if not own_splits:
        try:
            paths = [paths[i] for i in part_of(len(paths), split)]
        except ValueError as error:
            raise ValueError(f"{root}: {error}") from None

    skipped: set[str] = set()
    headers = _headers(root, paths, skip_corrupt=skip_corrupt, skipped=skipped)
    usual = _usual_size(headers)
    if size is None:
        headers = _only(
            root, headers, usual, skip_corrupt=skip_corrupt, skipped=skipped
        )
    channels = max(header.channels for header in headers.values())
    kept = list(headers)
    labels = [classes.index(path.parts[0]) for path in kept] if classes else None
    shape = (*(size or usual), channels)
    return ImageSource(
        name=name,
        split=split,
        count=len(kept),
        shape=shape,
        classes=len(classes) or None,
        read=read_or_skip(
            partial(_decode, root, kept, labels, shape, size),
            lambda index: str(root / kept[index]),
            skip_corrupt=skip_corrupt,
            skipped=skipped,
        ),
        skipped=skipped,
    )


def _find(root: Path) -> list[Path]:
    """Relative paths of the pictures below a folder, sorted.

    A link that leads elsewhere in the folder is passed over: its picture is found
    where it lies, and in two splits it would be in both.
    """
    found = []
    for folder, subfolders, files in os.walk(root):
        for entry in (Path(folder, name) for name in subfolders + files):
            if entry.is_symlink():
                _refuse_outside(entry, root)
            elif entry.suffix.lower() in SUFFIXES and entry.is_file():
                found.append(entry.relative_to(root))
    return sorted(found, key=lambda path: path.parts)


def _refuse_outside(link: Path, root: Path) -> None:
    try:
        inside = link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # dangling, or a circle of links
        inside = False
    if not inside:
        raise ValueError(f"{link} is a link that leads outside {root}: copy the file")


def _classes(root: Path, paths: list[Path]) -> list[str]:
    """Names of the classes, sorted; none if no picture is in a subfolder."""
    loose = [path for path in paths if len(path.parts) == 1]
    classes = sorted({path.parts[0] for path in paths if len(path.parts) > 1})
    if loose and classes:
        raise ValueError(
            f"{root}: pictures lie in subfolders, the classes"
            f" ({', '.join(classes[:3])}, ...), and beside them ({loose[0]}): move them"
        )
    return classes


def _headers(
    root: Path, paths: list[Path], *, skip_corrupt: bool, skipped: set[str]
) -> dict[Path, _Header]:
    from PIL import Image

    headers = {}
    read = read_or_skip(
        lambda index: _Header(*read_header(root / paths[index])),
        lambda index: str(root / paths[index]),
        skip_corrupt=skip_corrupt,
        skipped=skipped,
    )
    with warnings.catch_warnings():
        # `read_header` refuses what Pillow would only warn of.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        for index, path in enumerate(paths):
            if header := read(index):
                headers[path] = header
    if not headers:
        raise ValueError(f"all of the {len(paths)} pictures in {root} are corrupt")
    return headers


def _usual_size(headers: dict[Path, _Header]) -> tuple[int, int]:
    return Counter(header.size for header in headers.values()).most_common(1)[0][0]


def _only(
    root: Path,
    headers: dict[Path, _Header],
    usual: tuple[int, int],
    *,
    skip_corrupt: bool,
    skipped: set[str],
) -> dict[Path, _Header]:
    """The pictures of the usual size, if all are or others are to be skipped."""
    other = [path for path, header in headers.items() if header.size != usual]
    if other and not skip_corrupt:
        height, width = headers[other[0]].size
        raise ValueError(
            f"{root / other[0]} is {height} x {width}, and most of the pictures are"
            f" {usual[0]} x {usual[1]}: give size=(height, width), or set skip_corrupt"
        )
    skipped.update(str(root / path) for path in other)
    return {path: header for path, header in headers.items() if header.size == usual}


def _decode(
    root: Path,
    paths: list[Path],
    labels: list[int] | None,
    shape: tuple[int, int, int],
    size: tuple[int, int] | None,
    index: int,
) -> Example:
    image = decode(root / paths[index], shape[-1], size)
    if image.shape != shape:
        raise ValueError(f"got {image.shape}, expected {shape}")
    return Example(image, None if labels is None else np.array(labels[index], np.int32))
