"""MNIST, Fashion-MNIST and CIFAR-10 from the files that their authors publish.

TFDS downloads these files and reads them with TensorFlow. Where they are in a folder
already, the functions here read them with NumPy alone:

    mnist, fashion_mnist    train-images-idx3-ubyte, train-labels-idx1-ubyte,
                            t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (IDX)
    cifar10                 data_batch_1.bin to data_batch_5.bin, test_batch.bin (the
                            binary version)

Each file may be compressed, with the ending .gz. No pickle is read. Sizes, kinds and
labels are checked before anything is written.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_IDX_BYTES = 0x08  # the code of unsigned bytes in an IDX header
_CIFAR_SHAPE = 3, 32, 32


class Split(NamedTuple):
    """The pictures of a split: uint8 `[N, H, W, C]`, and labels `[N]`."""

    images: np.ndarray
    labels: np.ndarray


def read_published(name: str, folder: Path) -> dict[str, Split]:
    """Reads a set from its authors' files.

    Args:
      name: a key of `READERS`.
      folder: with the files, or with a folder that has them.

    Returns:
      The splits `train` and `test`.

    Raises:
      ValueError: a file is missing, or is not of its format.
    """
    if not folder.is_dir():
        raise ValueError(f"--source {folder} is no folder")
    return READERS[name](folder)


def replace_examples(builder: Any, splits: Mapping[str, Split]) -> None:
    """Has a TFDS builder write these pictures, in place of what it would download.

    Args:
      builder: of the set, with features `image`, `label` and perhaps `id`.
      splits: all splits that the set has.
    """
    has_id = "id" in builder.info.features

    def examples(name: str, split: Split) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, (image, label) in enumerate(zip(*split)):
            record: dict[str, Any] = {"image": image, "label": int(label)}
            if has_id:
                record["id"] = f"{name}_{index:05d}"
            yield index, record

    builder._split_generators = lambda dl_manager: {
        name: examples(name, split) for name, split in splits.items()
    }


def _idx_splits(folder: Path) -> dict[str, Split]:
    """The splits of MNIST's format."""
    splits = {}
    for split, start in (("train", "train"), ("test", "t10k")):
        images = _read_idx(_find(folder, f"{start}-images-idx3-ubyte"), 3)
        labels = _read_idx(_find(folder, f"{start}-labels-idx1-ubyte"), 1)
        splits[split] = _checked(Split(images[..., None], labels), folder, split)
    return splits


def _cifar_splits(folder: Path) -> dict[str, Split]:
    """The splits of CIFAR-10's binary version."""
    train = [_read_cifar(_find(folder, f"data_batch_{i}.bin")) for i in range(1, 6)]
    whole = Split(*(np.concatenate(parts) for parts in zip(*train)))
    test = _read_cifar(_find(folder, "test_batch.bin"))
    return {
        "train": _checked(whole, folder, "train"),
        "test": _checked(test, folder, "test"),
    }


READERS: dict[str, Callable[[Path], dict[str, Split]]] = {
    "mnist": _idx_splits,
    "fashion_mnist": _idx_splits,
    "cifar10": _cifar_splits,
}


def _find(folder: Path, name: str) -> Path:
    """The file of a name, perhaps compressed, in the folder or one folder below."""
    # Some copies write the last dot of IDX names as such: train-images.idx3-ubyte.
    names = [name, name.replace("-idx", ".idx")]
    for each in (*names, *(f"{name}.gz" for name in names)):
        found = [folder / each, *sorted(folder.glob(f"*/{each}"))]
        if files := [path for path in found if path.is_file()]:
            return files[0]
    raise ValueError(f"--source {folder} has no file {name}, nor {name}.gz")


def _read_bytes(path: Path) -> bytes:
    try:
        if path.suffix != ".gz":
            return path.read_bytes()
        with gzip.open(path) as file:
            return file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None


def _read_idx(path: Path, axes: int) -> np.ndarray:
    """Reads an IDX file of bytes with so many axes.

    The header is two zero bytes, the type, the number of axes, and the length of each
    axis as a big-endian number of four bytes.
    """
    content = _read_bytes(path)
    start = 4 + 4 * axes
    if content[:4] != bytes((0, 0, _IDX_BYTES, axes)) or len(content) < start:
        raise ValueError(f"{path} is not an IDX file of bytes with {axes} axes")
    shape = tuple(np.frombuffer(content, ">i4", axes, 4).tolist())
    values = np.frombuffer(content, np.uint8, offset=start)
    if min(shape) < 1 or values.size != np.prod(shape, dtype=np.int64):
        raise ValueError(
            f"{path} has {values.size:,} bytes where its header says"
            f" {' x '.join(map(str, shape))}: copy it again"
        )
    return values.reshape(shape)


def _read_cifar(path: Path) -> Split:
    """Reads records of a label and 32 x 32 pixels, one colour after the other."""
    values = np.frombuffer(_read_bytes(path), np.uint8)
    size = 1 + int(np.prod(_CIFAR_SHAPE))
    if not values.size or values.size % size:
        raise ValueError(
            f"{path} has {values.size:,} bytes, not a multiple of {size:,}: it is not a"
            " file of CIFAR-10's binary version, or not whole"
        )
    records = values.reshape(-1, size)
    images = records[:, 1:].reshape(-1, *_CIFAR_SHAPE).transpose(0, 2, 3, 1)
    return Split(np.ascontiguousarray(images), records[:, 0])


def _checked(split: Split, folder: Path, name: str) -> Split:
    if len(split.images) != len(split.labels):
        raise ValueError(
            f"--source {folder}: {name} has {len(split.images):,} pictures and"
            f" {len(split.labels):,} labels"
        )
    if split.labels.max() > 9:
        raise ValueError(
            f"--source {folder}: {name} has the label {split.labels.max()}, and there"
            " are ten classes, 0 to 9"
        )
    return split
