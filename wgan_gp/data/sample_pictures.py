"""Sets of pictures that are to be compared, from folders and .npz files."""

from pathlib import Path

import numpy as np

from wgan_gp.data.image_notes import all_left_out
from wgan_gp.data.images import open_all_splits
from wgan_gp.data.reading import Reading, Samples, as_flags, most_rows, some_rows
from wgan_gp.data.sources import (
    ImageSet,
    ImageSource,
    read_examples,
    summarise_left_out,
)


def read_pictures(path: Path, how: Reading) -> Samples:
    """Reads pictures of all splits of a set.

    Args:
      path: of a folder or an .npz file.
      how: they are read.

    Raises:
      ValueError: as `images.open_all_splits`, or no picture can be read.
    """
    if path.is_dir():
        options = {"size": how.size, "skip_corrupt": how.skip_corrupt}
        images = open_all_splits(f"folder:{path}", channels=how.channels, **options)
    else:
        images = open_all_splits(f"npz:{path}", channels=how.channels)
    sources = [images.open(split) for split in images.splits]
    total = sum(each.count for each in sources)
    most = how.rows or most_rows(int(np.prod(sources[0].shape)))
    values = _some_pictures(sources, some_rows(total, most, how.seed), path)
    return Samples(values, total, None, _picture_notes(images, sources))


def _some_pictures(
    sources: list[ImageSource], chosen: np.ndarray, path: Path
) -> np.ndarray:
    """Pictures `[n, H, W, C]` by their number in all splits, one after the other."""
    found, first = [], 0
    for source in sources:
        inside = chosen[(chosen >= first) & (chosen < first + source.count)]
        found += read_examples(source, (inside - first).tolist())
        first += source.count
    if not found:
        raise ValueError(f"no picture of {path} can be read: replace them")
    return np.stack([each.image for each in found])


def _picture_notes(images: ImageSet, sources: list[ImageSource]) -> tuple[str, ...]:
    notes = [as_flags(each) for each in images.notes]
    if left_out := all_left_out(images, *sources):  # with what was found while reading
        notes.append(f"{images.name}: {summarise_left_out(left_out)}")
    return tuple(notes)


def check_same_shape(first: Samples, second: Samples, paths: tuple[Path, Path]) -> None:
    """Raises ValueError unless the pictures of two sets have one shape."""
    shapes = [each.values.shape[1:] for each in (first, second)]
    if shapes[0] == shapes[1]:
        return
    sizes = [f"{path} has {h} x {w} x {c}" for path, (h, w, c) in zip(paths, shapes)]
    cure = "--channels 1 or 3 makes them alike"
    if shapes[0][:2] != shapes[1][:2]:
        cure = "--size HEIGHT WIDTH resizes folders of pictures"
    raise ValueError(
        f"pictures must be of one size (height x width x channels): {sizes[0]} and"
        f" {sizes[1]}; {cure}"
    )
