"""Writes samples to files batch by batch; a file appears only when it is complete."""

import errno
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from wgan_gp.data.drafts import hidden_folder, remove_abandoned
from wgan_gp.runs import figures
from wgan_gp.runs.draws import SampleBatch
from wgan_gp.system.files import nearest_existing, writing
from wgan_gp.system.values import show

Write = Callable[[SampleBatch], None]  # writes the next batch of samples
GRID = 64  # samples in a grid, at most
_COLUMNS = 8


class SampleSpec(NamedTuple):
    """The number, shape and type of the samples of a file."""

    count: int
    shape: tuple[int, ...]  # of one sample
    dtype: np.dtype
    labelled: bool = False
    class_names: tuple[str, ...] | None = None  # by number, where labels are numbers
    # Names of the numbers that a generator of series or images is told.
    given: tuple[str, ...] = ()


def check_creatable(path: Path, flag: str) -> None:
    """Raises an OSError unless a file or folder can be made at a path.

    Args:
      path: of the file or folder. It must not exist, except as an empty folder for
        --png, which the finished one takes the place of.
      flag: of the command line that gave the path, for messages.
    """
    if path.is_dir() and flag == "--png" and not any(path.iterdir()):
        if path.is_symlink() or path.samefile(os.curdir):
            raise FileExistsError(
                f"{flag} {path} is a link, or the folder that this command runs in:"
                " name another"
            )
        return
    if path.exists() or path.is_symlink():
        raise FileExistsError(f"{path} exists already: name another {flag}")
    folder = nearest_existing(path.parent)
    if not folder.is_dir():
        raise NotADirectoryError(
            f"{flag} {path}: {folder} is a file, so no folder can be made there: name"
            " another"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{flag} {path}: {folder} is not writable: name another")


def check_disk_space(path: Path, spec: SampleSpec, flag: str) -> None:
    """Raises ValueError if the disk has no room for the samples.

    Args:
      path: of the file or folder.
      spec: of the samples.
      flag: as in `check_creatable`.
    """
    needed = spec.count * spec.dtype.itemsize * int(np.prod(spec.shape))
    free = shutil.disk_usage(nearest_existing(path.parent)).free
    if needed > free:
        raise ValueError(
            f"--n {show(spec.count)}: the samples take {needed / 1e9:,.1f} GB, and"
            f" there are {free / 1e9:,.1f} GB free for {flag} {path}: draw fewer, or"
            " name another disk"
        )


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A draft path that is renamed to `path` when the `with` block succeeds.

    If the block fails, the draft and the folders that were made for it are removed.

    Raises:
      WriteError: it cannot be written, or there is something at `path` by now.
    """
    made = [folder for folder in path.absolute().parents if not folder.exists()]
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            remove_abandoned(path.parent)
            with hidden_folder(path) as folder:
                draft = folder / path.name
                yield draft
                _move(draft, path)
    except BaseException:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise


def _move(draft: Path, path: Path) -> None:
    """Gives a draft its name; raises an OSError if another file has it."""
    if not draft.is_dir():
        try:
            os.link(draft, path)  # unlike a rename, this replaces no file
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if path.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        else:
            return
    draft.rename(path)  # a folder replaces an empty one alone


@contextmanager
def npz_file(
    path: Path,
    key: str,
    spec: SampleSpec,
    names: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[Write]:
    """Opens an .npz file for samples and what the generator was told of each.

    Args:
      path: of the file.
      key: of the samples. Labels get the key `labels`, int32, and class names the key
        `class_names`; what else a generator was told gets `given`, float64, and the
        key `given_names`.
      spec: of the samples.
      names: more keys, with the names that they have, such as those of columns.

    Yields:
      A function that writes the next batch.
    """
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive,
        tempfile.TemporaryFile(dir=path.parent) as labels,
        tempfile.TemporaryFile(dir=path.parent) as given,
    ):
        with archive.open(f"{key}.npy", "w", force_zip64=True) as file:
            _write_header(file, (spec.count, *spec.shape), spec.dtype)

            def write(drawn: SampleBatch) -> None:
                file.write(np.ascontiguousarray(drawn.samples).data)
                if drawn.labels is not None:
                    labels.write(np.asarray(drawn.labels, np.int32).tobytes())
                if drawn.given is not None:
                    given.write(np.asarray(drawn.given, np.float64).tobytes())

            yield write
        for other, words in (names or {}).items():
            _write_names(archive, other, words)
        count, wide = (spec.count,), (spec.count, len(spec.given))
        _copy(archive, "labels", labels, count, np.dtype(np.int32))
        _copy(archive, "given", given, wide, np.dtype(np.float64))
        if given.tell():
            _write_names(archive, "given_names", spec.given)
        if labels.tell() and spec.class_names is not None:
            _write_names(archive, "class_names", spec.class_names)


def _copy(
    archive: zipfile.ZipFile,
    key: str,
    values: IO[bytes],
    shape: tuple[int, ...],
    dtype: np.dtype,
) -> None:
    """Adds the array whose values a file has; none if it is empty."""
    if not values.tell():
        return
    values.seek(0)
    with archive.open(f"{key}.npy", "w", force_zip64=True) as file:
        _write_header(file, shape, dtype)
        shutil.copyfileobj(values, file)


def _write_names(archive: zipfile.ZipFile, key: str, names: Sequence[str]) -> None:
    with archive.open(f"{key}.npy", "w") as file:
        np.lib.format.write_array(file, np.array(names, str), allow_pickle=False)


def _write_header(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_1_0(file, header)


@contextmanager
def png_folder(path: Path, spec: SampleSpec) -> Iterator[Write]:
    """Opens a folder for one PNG a sample: `000000.png` or `000000-LABEL.png`."""
    path.mkdir()
    digits, done = max(6, len(str(spec.count - 1))), 0

    def write(drawn: SampleBatch) -> None:
        nonlocal done
        for i, image in enumerate(drawn.samples):
            label = "" if drawn.labels is None else f"-{drawn.labels[i]}"
            name = f"{done + i:0{digits}d}{label}.png"
            figures.save_image(path / name, image, least=1)
        done += len(drawn.samples)

    yield write


@contextmanager
def grid_file(path: Path) -> Iterator[Write]:
    """Opens a PNG file for a grid of the first 64 samples, in rows of 8."""
    kept: list[np.ndarray] = []

    def write(drawn: SampleBatch) -> None:
        kept.extend(drawn.samples[: GRID - len(kept)])

    yield write
    blank = np.full_like(kept[0], 255)
    kept.extend([blank] * (-len(kept) % min(_COLUMNS, len(kept))))
    grid = figures.image_grid(np.stack(kept), columns=min(_COLUMNS, len(kept)))
    figures.save_image(path, grid)
