"""Reads NumPy's files of arrays, `.npz` and `.npy`, without trust in them.

Files may be corrupt or made to harm, so each array's header is read first. It has to
declare plain numbers or text and a size below a limit; nothing is ever unpickled.
"""

import math
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

from wgan_gp.system.failures import one_line

READ_ERRORS = (
    OSError,
    EOFError,
    KeyError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_arrays(path: Path, max_bytes: int = 2**36) -> dict[str, np.ndarray]:
    """Reads all arrays of a file.

    Args:
      path: the file.
      max_bytes: the most that one array may take in memory, by its header.

    Returns:
      The arrays by key.

    Raises:
      ValueError: the file cannot be read, or an array holds Python objects or is too
        large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            keys = [name for name in archive.namelist() if name.endswith(".npy")]
            return {
                key: read_array(archive, key, path, max_bytes)
                for key in (name.removesuffix(".npy") for name in keys)
            }
    except READ_ERRORS as error:
        text = one_line(error, 200)
        raise ValueError(f"{path} is not a readable .npz file: {text}") from error


def read_array(
    archive: zipfile.ZipFile, key: str, path: Path, max_bytes: int
) -> np.ndarray:
    """Reads one array of an archive; errors as `_read_stream`."""
    name = f"{key}.npy"
    size = archive.getinfo(name).file_size
    return _read_stream(lambda: archive.open(name), size, f"{path}: {key}", max_bytes)


def read_npy(path: Path, max_bytes: int = 2**36) -> np.ndarray:
    """Reads a file of one array.

    Args:
      path: the file, as `numpy.save` writes it.
      max_bytes: the most that the array may take in memory, by its header.

    Raises:
      ValueError: the file cannot be read, or the array holds Python objects or is too
        large.
    """
    if zipfile.is_zipfile(path):
        other = path.with_suffix(".npz")
        raise ValueError(
            f"{path} is an archive of arrays: rename it to {other}"
            f" (data.name = npz:{other})"
        )
    try:
        size = path.stat().st_size
        return _read_stream(lambda: path.open("rb"), size, str(path), max_bytes)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {one_line(error)}") from error


def map_npy(path: Path) -> np.ndarray:
    """Maps a file of one array into memory, which is read when it is used.

    Raises:
      ValueError: the file cannot be read, or the array holds Python objects.
    """
    if zipfile.is_zipfile(path):
        raise ValueError(f"{path} is an archive of arrays, which cannot be mapped")
    try:
        with path.open("rb") as file:
            _check_plain(_read_header(file, str(path))[1], str(path))
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and str(path) in str(error):
            raise
        raise ValueError(f"{path} cannot be read: {one_line(error, 200)}") from error


def _check_plain(dtype: np.dtype, what: str) -> None:
    if dtype.hasobject:
        raise ValueError(f"{what} holds Python objects, expected numbers: save numbers")


def _read_stream(
    open_stream: Callable[[], IO[bytes]], size: int, what: str, max_bytes: int
) -> np.ndarray:
    """Reads one array after its header has shown that it is safe to read.

    Raises:
      ValueError: it holds Python objects, is too large, or is corrupt.
    """
    with open_stream() as file:
        shape, dtype = _read_header(file, what)
    _check_plain(dtype, what)
    size = max(math.prod(shape) * dtype.itemsize, size)
    if size > max_bytes:
        raise ValueError(
            f"{what} takes {size} bytes, more than the {max_bytes} allowed: save"
            " fewer samples in it, or pictures as the files of a folder"
        )
    with open_stream() as file:
        try:
            return np.lib.format.read_array(file, allow_pickle=False)
        except ValueError as error:
            text = one_line(error, 200)
            raise ValueError(f"{what} is corrupt: {text}") from error


def _read_header(file, what: str) -> tuple[tuple[int, ...], np.dtype]:
    """Reads an array's shape and type without reading its data.

    NumPy has a reader for each version of the format and no public one for all. Version
    3 exists for field names that are not ASCII, which arrays of pictures do not have.
    """
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        version = np.lib.format.read_magic(file)
        if version not in readers:
            raise ValueError(f"version {version} of the format")
        shape, _, dtype = readers[version](file)
    except (ValueError, SyntaxError, tokenize.TokenError) as error:
        text = one_line(error, 200)
        raise ValueError(f"{what} is not an array of NumPy's: {text}") from error
    return shape, dtype
