"""Image sets: splits that are read by index, and what all of them share."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np

from wgan_gp.system.failures import one_line

T = TypeVar("T")
SPLITS = ("train", "validation", "test")


class Example(NamedTuple):
    """A picture, or several, and what it shows."""

    image: np.ndarray  # [..., H, W, C], uint8
    label: np.ndarray | None  # [...], int32; None where the set has no labels


class ImageSource(NamedTuple):
    """One split of an image set."""

    name: str
    split: str
    count: int  # N
    shape: tuple[int, int, int]  # H, W, C
    classes: int | None  # labels lie in [0, classes)
    read: Callable[[int], Example | None]  # index -> example; None: corrupt, skipped
    skipped: set[str]  # names of what was skipped so far; grows while reading
    arrays: Example | None = None  # the whole split [N, ...], if it is in memory
    class_names: tuple[str, ...] | None = None  # of each class, as the set has them
    # -> labels [N], without decoding a picture; None where the set has no labels
    read_labels: Callable[[], np.ndarray] | None = None


class LeftOut(NamedTuple):
    """A file that is not part of an image set."""

    path: str
    kind: str  # as "with other suffixes": files are counted by it
    detail: str = ""

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.path}: {self.kind}{detail}"


class ImageSet(NamedTuple):
    """All splits of an image set: of one shape, with the same classes."""

    name: str
    open: Callable[[str], ImageSource]  # split -> its source; ValueError without one
    left_out: tuple[LeftOut, ...] = ()  # of all splits
    notes: tuple[str, ...] = ()  # what a user should know, a line each


def in_memory(
    name: str,
    split: str,
    images: np.ndarray,
    labels: np.ndarray | None,
    classes: int | None,
    class_names: tuple[str, ...] | None = None,
) -> ImageSource:
    """A source of arrays: `images` `[N, H, W, C]` uint8 and `labels` `[N]`."""
    labels = None if labels is None else np.asarray(labels, np.int32)
    arrays = Example(images, labels)
    return ImageSource(
        name=name,
        split=split,
        count=len(images),
        shape=tuple(images.shape[1:]),
        classes=classes,
        read=partial(_take, arrays),
        skipped=set(),
        arrays=arrays,
        class_names=class_names,
        read_labels=None if labels is None else lambda: labels,
    )


def load_arrays(source: ImageSource, count: int | None = None) -> Example:
    """The split in memory, `[N, H, W, C]` uint8 and labels `[N]` or None.

    Args:
      source: the split.
      count: how many examples to read, from its start, if it is not in memory; None
        for all.

    Raises:
      ValueError: a picture is corrupt and not to be skipped, or all of them are.
    """
    if source.arrays is not None:
        return source.arrays
    examples = [source.read(index) for index in range(count or source.count)]
    examples = [example for example in examples if example is not None]
    if not examples:
        raise ValueError(f"all of {source.name}'s {source.split} split is corrupt")
    images = np.stack([example.image for example in examples])
    if source.classes is None:
        return Example(images, None)
    return Example(images, np.array([example.label for example in examples], np.int32))


def read_in(source: ImageSource) -> ImageSource:
    """The same split in memory; what cannot be decoded is then no part of it.

    Raises:
      ValueError: as `load_arrays`.
    """
    if source.arrays is not None:
        return source
    arrays = load_arrays(source)
    kept = in_memory(
        source.name, source.split, *arrays, source.classes, source.class_names
    )
    return kept._replace(skipped=source.skipped)


def read_or_skip(
    decode: Callable[[int], T],
    name: Callable[[int], str],
    *,
    skip_corrupt: bool,
    skipped: set[str],
) -> Callable[[int], T | None]:
    """`decode`, with the record's name in its errors, or with None in their place.

    Args:
      decode: index -> a value; it may fail with any exception.
      name: index -> the name to report.
      skip_corrupt: whether to return None, and to note the name in `skipped`.
      skipped: names of records that were skipped.

    Raises:
      ValueError: from the result, if a record is corrupt and not to be skipped.
    """

    def read(index: int) -> T | None:
        try:
            return decode(index)
        except Exception as error:  # decoders fail with exceptions of every kind
            if not skip_corrupt:
                raise ValueError(
                    f"{name(index)} cannot be read ({one_line(error)}): replace it, or"
                    " set data.skip_corrupt"
                ) from error
            skipped.add(name(index))
            return None

    return read


def count_left_out(left_out: Iterable[LeftOut]) -> str:
    """As "3 files left out: 2 with other suffixes (.txt), 1 corrupt"."""
    counts = Counter(each.kind for each in left_out)
    details = {kind: Counter() for kind in counts}
    for each in left_out:
        details[each.kind][each.detail] += 1
    parts = []
    for kind, count in counts.most_common():
        common = [detail for detail, _ in details[kind].most_common(5) if detail]
        more = ", ..." if len(details[kind]) > 5 else ""
        inside = f" ({', '.join(common)}{more})" if common else ""
        parts.append(f"{count:,} {kind}{inside}")
    total = counts.total()
    return f"{total:,} file{'s' * (total != 1)} left out: {', '.join(parts)}"


def part_of(count: int, split: str) -> np.ndarray:
    """Indices of a split of a set that comes without: 80, 10 and 10 %.

    The same for every set of this size, and for good: NumPy keeps the stream of
    `RandomState` frozen.

    Raises:
      ValueError: fewer than three samples.
    """
    if count < 3:
        raise ValueError(
            f"a set needs at least 3 images to be split into {', '.join(SPLITS)}, got"
            f" {count}"
        )
    held = max(count // 10, 1)
    order = np.random.RandomState(0).permutation(count)
    parts = np.split(order, [count - 2 * held, count - held])
    return np.sort(parts[SPLITS.index(split)])


def _take(arrays: Example, index: int) -> Example:
    label = None if arrays.label is None else arrays.label[index]
    return Example(arrays.image[index], label)
