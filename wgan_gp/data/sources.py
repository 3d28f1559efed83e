"""Image sets as splits whose pictures are read by index.

Every format (.npz, folder, TFDS) opens as an `ImageSet`, whose `open(split)` returns an
`ImageSource`. A source is a count, a shape and a function `read(index)`; it is in
memory if it has `arrays`. Readers of sources do not ask for the format.

Pictures are uint8 `[H, W, C]`, labels int32 below `classes`. What is shared by all
formats stands here: the default split, the handling of corrupt records, and the record
of files that were left out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np

from wgan_gp.data.reading import some_rows
from wgan_gp.system.failures import one_line

T = TypeVar("T")
SPLITS = ("train", "validation", "test")


class Example(NamedTuple):
    """One picture or a batch of them, with labels."""

    image: np.ndarray  # [..., H, W, C], uint8
    label: np.ndarray | None  # [...], int32; None where the set has no labels


class ImageSource(NamedTuple):
    """One split of an image set.

    Attributes:
      name: of the set, as the user gave it.
      split: one of `SPLITS`.
      count: N, the number of records, with corrupt ones that are still to be found.
      shape: H, W, C, the same for all pictures of all splits.
      classes: labels lie in [0, classes); None if there are no labels.
      read: index -> example. Several threads call it at once. It returns None for a
        corrupt record that is to be skipped, and otherwise raises ValueError for it.
      skipped: names of the records skipped so far; `read` adds to it.
      read_many: indices -> what `read` returns for each, in order; None where that is
        no faster.
      arrays: the whole split, `[N, H, W, C]` and `[N]`, if it is in memory.
      class_names: the name of each class, in the order of its numbers.
      read_labels: returns labels `[N]` without decoding a picture; None if there are no
        labels.
      given: the numbers `[N]`, float64, of each condition by its name; none if the set
        has no conditions, or they were not asked for.
    """

    name: str
    split: str
    count: int
    shape: tuple[int, int, int]
    classes: int | None
    read: Callable[[int], Example | None]
    skipped: set[str]
    read_many: Callable[[Sequence[int]], Iterable[Example | None]] | None = None
    arrays: Example | None = None
    class_names: tuple[str, ...] | None = None

    read_labels: Callable[[], np.ndarray] | None = None
    given: Mapping[str, np.ndarray] = {}


class LeftOutFile(NamedTuple):
    """A file of an image set's folder that is not part of the set.

    Attributes:
      path: of the file.
      kind: the reason, as "with other suffixes". Files are counted by it.
      detail: what distinguishes files of a kind, as the suffix.
    """

    path: str
    kind: str
    detail: str = ""

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.path}: {self.kind}{detail}"


class ImageSet(NamedTuple):
    """All splits of an image set. They have one shape and the same classes.

    Attributes:
      name: of the set, as the user gave it.
      open: split -> its source. It raises ValueError if the set lacks the split.
      left_out: files that belong to no split, of the whole set.
      notes: what a user should know before training, one line each.
      splits: those that it has.
    """

    name: str
    open: Callable[[str], ImageSource]
    left_out: tuple[LeftOutFile, ...] = ()
    notes: tuple[str, ...] = ()
    splits: tuple[str, ...] = SPLITS


def source_from_arrays(
    name: str,
    split: str,
    images: np.ndarray,
    labels: np.ndarray | None,
    classes: int | None,
    class_names: tuple[str, ...] | None = None,
) -> ImageSource:
    """Returns a source over arrays.

    Args:
      name: of the set.
      split: one of `SPLITS`.
      images: uint8 `[N, H, W, C]`.
      labels: whole numbers `[N]`, or None.
      classes: the number of classes, or None.
      class_names: the name of each class, if they have names.

    Returns:
      The source. It shares the arrays' memory.
    """
    labels = None if labels is None else np.asarray(labels, np.int32)
    arrays = Example(images, labels)
    return ImageSource(
        name=name,
        split=split,
        count=len(images),
        shape=tuple(images.shape[1:]),
        classes=classes,
        read=partial(take, arrays),
        skipped=set(),
        arrays=arrays,
        class_names=class_names,
        read_labels=None if labels is None else lambda: labels,
    )


def read_examples(source: ImageSource, indices: Sequence[int]) -> Iterator[Example]:
    """The examples of these indices, in order, without corrupt ones to be skipped.

    Raises:
      ValueError: a picture is corrupt and not to be skipped.
    """
    if source.read_many is not None:
        found = source.read_many(indices)
    else:
        found = map(source.read, indices)
    return (example for example in found if example is not None)


def load_arrays(source: ImageSource, count: int | None = None) -> Example:
    """Reads a split into memory.

    Args:
      source: the split.
      count: how many records to read, always the same ones, chosen at random: records
        may be sorted by class. None for all.

    Returns:
      Pictures `[n, H, W, C]` uint8 and labels `[n]` int32 or None. Corrupt records that
      are to be skipped are missing, so that n may be less than `count`.

    Raises:
      ValueError: a picture is corrupt and not to be skipped, or all of them are.
    """
    chosen = some_rows(source.count, count or source.count, 0)
    if source.arrays is not None:
        few = len(chosen) < source.count
        return take(source.arrays, chosen) if few else source.arrays
    examples = list(read_examples(source, chosen.tolist()))
    if not examples:
        raise ValueError(
            f"all of {source.name}'s {source.split} split is corrupt: replace its files"
        )
    images = np.stack([example.image for example in examples])
    if source.classes is None:
        return Example(images, None)
    return Example(images, np.array([example.label for example in examples], np.int32))


def load_into_memory(source: ImageSource) -> ImageSource:
    """Returns the same split in memory, without its corrupt records.

    The count is then exact, and reading can no longer fail.

    Raises:
      ValueError: the same as `load_arrays`.
    """
    if source.arrays is not None:
        return source
    arrays = load_arrays(source)
    kept = source_from_arrays(
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
    """Wraps a decoder so that a corrupt record is skipped, or reported in one line.

    Args:
      decode: index -> a value. It may raise any exception.
      name: index -> the record's name, for the report.
      skip_corrupt: whether to skip corrupt records.
      skipped: the set that the names of skipped records are added to.

    Returns:
      A function index -> the value. For a corrupt record it returns None if such
      records are skipped, and otherwise raises ValueError with the record's name.
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


def summarise_left_out(left_out: Iterable[LeftOutFile]) -> str:
    """Counts the files left out by their reason, in one line.

    Example:
      >>> summarise_left_out([
      ...     LeftOutFile("a.txt", "with other suffixes", ".txt"),
      ...     LeftOutFile("b.png", "corrupt"),
      ... ])
      '2 files left out: 1 with other suffixes (.txt), 1 corrupt'
    """
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


def split_indices(count: int, split: str) -> np.ndarray:
    """Returns the indices of a split, for a set that comes without splits.

    80 % of the samples are for training, 10 % for validation and 10 % for testing, at
    least one each. The split depends on `count` alone and will not change: NumPy keeps
    the stream of `RandomState` frozen. A set that grows is split anew, so files added
    later can move a picture from one split to another.

    Args:
      count: N, the number of samples.
      split: one of `SPLITS`.

    Returns:
      Indices `[n]` below N, sorted. Each index is in exactly one split.

    Raises:
      ValueError: there are fewer than three samples.

    Example:
      >>> split_indices(10, "train").tolist(), split_indices(10, "test").tolist()
      ([1, 2, 3, 4, 6, 7, 8, 9], [5])
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


def take(arrays: Example, index: int | np.ndarray) -> Example:
    """Returns the example of an index, or a batch for an array of indices `[L]`."""
    label = None if arrays.label is None else arrays.label[index]
    return Example(arrays.image[index], label)
