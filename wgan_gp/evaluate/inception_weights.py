"""PyTorch weight files without PyTorch, and without trust in them.

A weight file is a pickle, and a pickle may call any function. This reader knows the
four names that a state dict needs and refuses all others, and it compares the sizes
that a file declares with those expected before it reads the numbers.

How such a file is made: its pickle describes each tensor by a storage, an offset, a
shape and strides, and the numbers of a storage follow as raw bytes. A file of PyTorch
1.6 or later is a zip of `data.pkl` and `data/KEY` for each storage. An older file is
five pickles in a row, and then the storages.
"""

import io
import os
import pickle
import pickletools
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from math import prod
from typing import Any, BinaryIO, NamedTuple

import numpy as np

_PICKLE_BYTES = 1_000_000  # a tensor takes about 200
_DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
_ZIP_START = b"PK\x03\x04"
_LEGACY_START = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)


class _Storage(NamedTuple):
    """A run of numbers in the file, which several tensors may share."""

    key: str
    dtype: str  # of _DTYPES
    numbers: int


class _Tensor(NamedTuple):
    """Where in a storage a tensor's numbers are."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in numbers


_Contents = tuple[dict[str, _Tensor], Callable[[_Storage], bytes]]


def read_state_dict(
    path: str | os.PathLike[str], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, np.ndarray]:
    """Reads a file that `torch.save(module.state_dict(), path)` wrote.

    Both formats are read: the zip of PyTorch 1.6 and later, and the one before it.

    Args:
      path: of the file.
      shapes: of the tensors that the file must have, all of float32. The counters of
        batch normalisation, `num_batches_tracked`, may be there and are left out.

    Returns:
      The tensors by their names.

    Raises:
      ValueError: there is no such file; it is of neither format; its pickle asks for
        anything but tensors; a tensor is missing, unexpected, of another shape or
        type; or the file holds more numbers than the tensors need.
    """
    if not os.path.isfile(path):
        raise ValueError(f"there is no weight file {os.fspath(path)!r}")
    limit = 4 * sum(map(prod, shapes.values()))
    with open(path, "rb") as file:
        try:
            if (size := os.path.getsize(path)) > limit + 2 * _PICKLE_BYTES:
                raise ValueError(f"it has {size} bytes, the tensors take {limit}")
            tensors, read = _open(file)
            tensors = _select(tensors, shapes)
            storages = dict.fromkeys(x.storage for x in tensors.values())
            if (declared := sum(map(_byte_count, storages))) > limit:
                raise ValueError(
                    f"it stores {declared} bytes, the tensors take {limit}"
                )
            data = {storage: read(storage) for storage in storages}
            return {name: _to_array(x, data[x.storage]) for name, x in tensors.items()}
        # Bytes that are no weight file can fail in any way, and all mean the same.
        except Exception as error:
            raise ValueError(f"cannot read {os.fspath(path)!r}: {error}") from error


def _open(file: BinaryIO) -> _Contents:
    """The tensors that a file describes, and a function that reads a storage."""
    start = file.read(len(_LEGACY_START))
    if start.startswith(_ZIP_START):
        return _open_zip(file)
    if start == _LEGACY_START:
        return _open_legacy(file)
    raise ValueError("it is neither a zip nor an older file of torch.save")


def _open_zip(file: BinaryIO) -> _Contents:
    """As `_open`, of a file of PyTorch 1.6 or later."""
    archive = zipfile.ZipFile(file)
    names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(names) != 1:
        raise ValueError(f"a weight file has one data.pkl, this zip has {len(names)}")
    folder = names[0].removesuffix("data.pkl")

    def entry(name: str, size: int) -> bytes:
        info = archive.getinfo(folder + name)
        # Bytes that are stored as they are cannot grow when they are read.
        if info.compress_type != zipfile.ZIP_STORED or info.file_size > size:
            raise ValueError(
                f"{name} must be uncompressed and have at most {size} bytes, got"
                f" {info.file_size} and compression {info.compress_type}"
            )
        return archive.read(info)

    if (
        folder + "byteorder" in archive.namelist()
        and entry("byteorder", 6) != b"little"
    ):
        raise ValueError("its numbers are big-endian: save it on another machine")
    tensors, _ = _unpickle(io.BytesIO(entry("data.pkl", _PICKLE_BYTES)))

    def read(storage: _Storage) -> bytes:
        return entry(f"data/{storage.key}", _byte_count(storage))

    return _check_state_dict(tensors), read


def _open_legacy(file: BinaryIO) -> _Contents:
    """Five pickles in a row, then the storages, each after its length."""
    file.seek(0)
    pickles = io.BytesIO(file.read(_PICKLE_BYTES))
    pickles.seek(len(_LEGACY_START))
    _unpickle(pickles)  # the version of the format: there was one only
    system, _ = _unpickle(pickles)
    if not system["little_endian"]:
        raise ValueError("its numbers are big-endian: save it on another machine")
    tensors, storages = _unpickle(pickles)
    keys, _ = _unpickle(pickles)

    starts, position = {}, pickles.tell()
    for key in keys:
        if key not in storages:
            raise ValueError(f"storage {key} is declared nowhere")
        starts[key] = position
        position += 8 + _byte_count(storages[key])

    def read(storage: _Storage) -> bytes:
        if storage.key not in starts:
            raise ValueError(f"storage {storage.key} is not there")
        file.seek(starts[storage.key])
        if (found := int.from_bytes(file.read(8), "little")) != storage.numbers:
            raise ValueError(f"a storage of {storage.numbers} numbers has {found}")
        return file.read(_byte_count(storage))

    return _check_state_dict(tensors), read


class _Unpickler(pickle.Unpickler):
    """Builds descriptions of tensors, and nothing else."""

    def __init__(self, file: BinaryIO):
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        """The four names of a state dict; the standard unpickler imports any."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            # A fresh object each time: a pickle may set attributes of what it is given.
            return lambda *args: _describe_tensor(*args)
        if module == "torch" and name in _DTYPES:
            return name
        raise ValueError(
            f"its pickle asks for {module}.{name}, which no state dict of float32"
            " tensors needs; nothing was executed"
        )

    def persistent_load(self, pid: Any) -> _Storage:
        """Describes a storage, to which the pickle refers by a tuple."""
        kind, dtype, key, _, numbers, *view = pid
        if kind != "storage" or dtype not in _DTYPES or view not in ([], [None]):
            raise ValueError(f"its pickle has a storage of an unknown kind, {pid}")
        storage = _Storage(str(key), dtype, _check_size(numbers))
        if self.storages.setdefault(storage.key, storage) != storage:
            raise ValueError(f"storage {key} is declared in two ways")
        return storage


def _unpickle(stream: io.BytesIO) -> tuple[Any, dict[str, _Storage]]:
    """The next pickle of a stream, and the storages it names."""
    start = stream.tell()
    for opcode, index, _ in pickletools.genops(stream):
        # The unpickler allocates its memo up to the largest index.
        if opcode.name.endswith("PUT") and int(index or 0) > _PICKLE_BYTES:
            raise ValueError(f"its pickle has a memo of {index} entries")
    stream.seek(start)
    unpickler = _Unpickler(stream)
    return unpickler.load(), unpickler.storages


def _check_size(number: Any) -> int:
    """A size, offset or stride, if it is an integer >= 0."""
    if type(number) is not int or number < 0:
        raise ValueError(f"its pickle has the size {number!r}")
    return number


def _describe_tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, *_: Any
) -> _Tensor:
    """Stands in for `torch._utils._rebuild_tensor_v2`: checks, and builds nothing."""
    shape, strides = (tuple(map(_check_size, x)) for x in (shape, strides))
    if not isinstance(storage, _Storage) or len(shape) != len(strides):
        raise ValueError(f"its pickle has a tensor of {storage}, {shape}, {strides}")
    last = _check_size(offset) + sum((n - 1) * s for n, s in zip(shape, strides))
    if 0 not in shape and last >= storage.numbers:
        raise ValueError(f"a tensor {shape} reaches beyond its storage {storage}")
    return _Tensor(storage, offset, shape, strides)


def _check_state_dict(tensors: Any) -> dict[str, _Tensor]:
    """What a pickle held, if it is tensors by name."""
    if not isinstance(tensors, dict):
        raise ValueError(f"it holds a {type(tensors).__name__}, not a state dict")
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, _Tensor):
            raise ValueError(f"its entry {name!r} is no tensor: save the state dict")
    return dict(tensors)


def _select(tensors: dict[str, _Tensor], shapes: Mapping) -> dict[str, _Tensor]:
    """The tensors with these names and shapes; there must be no others."""
    tensors = {
        name: x
        for name, x in tensors.items()
        if name in shapes or not name.endswith(".num_batches_tracked")
    }
    if missing := [name for name in shapes if name not in tensors]:
        raise ValueError(f"tensor {missing[0]} is missing, of {len(missing)} that are")
    for name, tensor in tensors.items():
        if name not in shapes:
            raise ValueError(f"tensor {name} is unexpected")
        if tensor.shape != shapes[name] or tensor.storage.dtype != "FloatStorage":
            raise ValueError(
                f"tensor {name} must be {shapes[name]} in a FloatStorage, got"
                f" {tensor.shape} in a {tensor.storage.dtype}"
            )
    return tensors


def _byte_count(storage: _Storage) -> int:
    return storage.numbers * _DTYPES[storage.dtype].itemsize


def _to_array(tensor: _Tensor, data: bytes) -> np.ndarray:
    """The tensor as a copy, from all bytes of its storage."""
    if len(data) != _byte_count(tensor.storage):
        raise ValueError(f"it is cut short: {tensor.storage} has {len(data)} bytes")
    storage = np.frombuffer(data, "<f4")[tensor.offset :]
    strides = tuple(4 * s for s in tensor.strides)
    return np.lib.stride_tricks.as_strided(storage, tensor.shape, strides).copy()
