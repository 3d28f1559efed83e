"""Finds the pictures of a folder and decides which split each belongs to.

Two layouts are read, each with or without classes:

    photos/0.png                 split by `sources.split_indices`
    photos/cat/0.png             the same; the subfolders are classes
    photos/train/0.png           split by the user: train, validation, test
    photos/train/cat/0.png       the same, with classes

Only names and links are looked at here, no picture is opened. Paths are sorted, so
the order is the same on every machine. A split's folder may be a link to elsewhere, as
to a larger disk. Guarantees: no picture is in two splits, no other link leads out of
the folder, and a file that is not used is reported as a `LeftOutFile`, except for
hidden files and what operating systems leave behind.
"""

import itertools
import os
from pathlib import Path
from typing import NamedTuple, NoReturn

from wgan_gp.data.sources import SPLITS, LeftOutFile, split_indices

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".bmp", ".webp", ".ppm", ".pgm", ".gif", ".tif", ".tiff",
)  # fmt: skip
# Names of subfolders that hold a split, in upper or lower case.
SPLIT_FOLDERS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val"),
    "test": ("test", "testing"),
}
# Made by operating systems and storage servers, in lower case. Hidden files are ignored
# as well, by their dot.
_SYSTEM_FILES = ("__macosx", "@eadir", "thumbs.db", "desktop.ini")


class SplitFiles(NamedTuple):
    """The pictures of one split.

    Attributes:
      root: the folder, without links in its path.
      paths: of the pictures, relative to `root`, sorted. If the split has classes, the
        first part of a path is its class.
    """

    root: Path
    paths: list[Path]


def find_splits(root: Path) -> tuple[dict[str, SplitFiles], list[LeftOutFile]]:
    """Finds the pictures of each split, and the files that belong to none.

    If the folder has a subfolder for `train`, the splits are its subfolders named in
    `SPLIT_FOLDERS`; validation or test may be missing. Otherwise all pictures are split
    by `split_indices` in the order of their paths.

    Args:
      root: the folder, without links in its path.

    Returns:
      The pictures of each split, by its name, and the files that are left out.

    Raises:
      ValueError: there are no or too few pictures, pictures lie beside subfolders of
        classes, a link leads out of the folder, a folder cannot be read, two subfolders
        are for the same split, or one is within another by a link.
    """
    folders = split_folders(root)
    if not folders:
        paths, left_out = _find_files(root)
        _check_classes(root, paths)
        try:
            order = {split: split_indices(len(paths), split) for split in SPLITS}
        except ValueError as error:
            raise ValueError(f"{root}: {error}") from None
        splits = {x: SplitFiles(root, [paths[i] for i in order[x]]) for x in SPLITS}
        return splits, left_out
    _check_apart(folders)
    excluded = tuple(folder.name for folder in folders.values())
    stray, left_out = _find_files(root, excluded)
    belows = {split: folder.resolve() for split, folder in folders.items()}
    left_out += [
        LeftOutFile(str(root / path), "in no split's folder")
        for path in stray
        if not any((root / path).is_relative_to(below) for below in belows.values())
    ]
    splits = {}
    for split, below in belows.items():
        paths, others = _find_files(below)
        left_out += others
        if paths or split == "train":
            _check_classes(below, paths)
            splits[split] = SplitFiles(below, paths)
    return splits, left_out


def _check_apart(folders: dict[str, Path]) -> None:
    """Refuses folders of splits of which one leads, by a link, into another.

    Raises:
      ValueError: their pictures would be in both splits.
    """
    for inner, outer in itertools.permutations(folders.values(), 2):
        if inner.resolve().is_relative_to(outer.resolve()):
            raise ValueError(
                f"the pictures of {inner} are in {outer}, too, by a link: give each"
                " split its own"
            )


def split_folders(root: Path) -> dict[str, Path]:
    """Finds the subfolder of each split.

    Args:
      root: the folder.

    Returns:
      The subfolders by split, in the order of `SPLITS`. Empty if none is for `train`:
      a folder named "test" alone may just as well be a class.

    Raises:
      ValueError: two subfolders are for the same split, or the folder cannot be read.
    """
    found: dict[str, list[Path]] = {}
    try:
        entries = sorted(root.iterdir())
    except OSError as error:
        _refuse_unreadable(error)
    for folder in entries:
        for split, names in SPLIT_FOLDERS.items():
            if folder.name.lower() in names and folder.is_dir():
                found.setdefault(split, []).append(folder)
    if "train" not in found:
        return {}
    for split, folders in found.items():
        if len(folders) > 1:
            first, second = (folder.name for folder in folders[:2])
            raise ValueError(
                f"{root} has two folders for its {split} split, {first} and {second}:"
                " rename or remove one"
            )
    return {split: found[split][0] for split in SPLITS if split in found}


def _find_files(
    root: Path, excluded: tuple[str, ...] = ()
) -> tuple[list[Path], list[LeftOutFile]]:
    """Lists the pictures below a folder, sorted, and the other files.

    Hidden files, hidden folders and what operating systems leave behind are ignored. A
    link to another place in the folder is ignored, too: its picture is found where it
    lies, and through the link it could enter a second split.

    Args:
      root: the folder, without links in its path.
      excluded: names of subfolders of `root` that are not searched.

    Returns:
      Paths of the pictures relative to `root`, and what is left out.
    """
    pictures, left_out = [], []
    for folder, subfolders, files in os.walk(root, onerror=_refuse_unreadable):
        skipped = excluded if Path(folder) == root else ()
        subfolders[:] = [
            x for x in subfolders if not (_is_hidden_or_system(x) or x in skipped)
        ]
        for name in subfolders:
            _check_link(Path(folder, name), root)
        for path in (
            Path(folder, name) for name in files if not _is_hidden_or_system(name)
        ):
            if _check_link(path, root) or not path.is_file():
                continue
            suffix = path.suffix.lower()
            if suffix in SUFFIXES:
                pictures.append(path.relative_to(root))
            else:
                kind = "with other suffixes"
                left_out.append(LeftOutFile(str(path), kind, suffix or "none"))
    return sorted(pictures, key=lambda path: path.parts), sorted(left_out)


def _is_hidden_or_system(name: str) -> bool:
    """Whether a file or folder is hidden or made by an operating system."""
    return name.startswith(".") or name.lower() in _SYSTEM_FILES


def _check_link(path: Path, root: Path) -> bool:
    """Returns whether the path is a link.

    Raises:
      ValueError: it leads outside `root`, to nothing, or to itself.
    """
    if not path.is_symlink():
        return False
    try:
        inside = path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # to nothing, or to itself
        inside = False
    if not inside:
        raise ValueError(f"{path} is a link that leads outside {root}: copy the file")
    return True


def _check_classes(root: Path, paths: list[Path]) -> None:
    """Refuses a folder without pictures, and pictures that lie beside class folders.

    Raises:
      ValueError: in these two cases; the message names a picture to move.
    """
    if not paths:
        raise ValueError(f"{root} has no picture: expected {', '.join(SUFFIXES)}")
    loose = [path for path in paths if len(path.parts) == 1]
    classes = sorted({path.parts[0] for path in paths if len(path.parts) > 1})
    if loose and classes:
        raise ValueError(
            f"{root}: pictures lie in subfolders, the classes"
            f" ({', '.join(classes[:3])}, ...), and beside them ({loose[0]}): move them"
        )


def _refuse_unreadable(error: OSError) -> NoReturn:
    """Turns an error of the operating system into one line."""
    raise ValueError(f"{error.filename} cannot be read: {error.strerror}") from error
