"""Which files of a folder are pictures, and of which split."""

import os
from pathlib import Path
from typing import NamedTuple, NoReturn

from wgan_gp.data.sources import SPLITS, LeftOut, part_of

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".bmp", ".webp", ".ppm", ".pgm", ".gif", ".tif", ".tiff",
)  # fmt: skip
# What a subfolder's name may be, in any capitals, to hold a split.
SPLIT_FOLDERS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val"),
    "test": ("test", "testing"),
}
# What operating systems and tools leave behind, beside names that start with a dot.
_LITTER = ("__macosx", "@eadir", "thumbs.db", "desktop.ini")


class Part(NamedTuple):
    """The pictures of one split."""

    root: Path
    paths: list[Path]  # relative to it, sorted; of a class if they are in a subfolder


def find_parts(root: Path) -> tuple[dict[str, Part], list[LeftOut]]:
    """The splits of a folder of pictures, and its files that are in none.

    If there is a subfolder for `train`, splits are the subfolders of `SPLIT_FOLDERS`,
    and there may be fewer than three; otherwise `part_of` makes them.

    Args:
      root: the folder, without links in its path.

    Raises:
      ValueError: there are no pictures, or too few, or some beside subfolders of
        classes; a link leads outside; a folder cannot be read; two are for one split.
    """
    folders = split_folders(root)
    if not folders:
        paths, left_out = _find_files(root)
        _check_classes(root, paths)
        try:
            order = {split: part_of(len(paths), split) for split in SPLITS}
        except ValueError as error:
            raise ValueError(f"{root}: {error}") from None
        parts = {x: Part(root, [paths[i] for i in order[x]]) for x in SPLITS}
        return parts, left_out
    apart = tuple(folder.name for folder in folders.values())
    stray, left_out = _find_files(root, apart)
    left_out += [LeftOut(str(root / path), "in no split's folder") for path in stray]
    parts = {}
    for split, folder in folders.items():
        below = folder.resolve()
        paths, others = _find_files(below)
        left_out += others
        if paths or split == "train":
            _check_classes(below, paths)
            parts[split] = Part(below, paths)
    return parts, left_out


def split_folders(root: Path) -> dict[str, Path]:
    """The subfolder of each split; none if there is no subfolder for `train`.

    Raises:
      ValueError: there are two for one split, or the folder cannot be read.
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
    root: Path, apart: tuple[str, ...] = ()
) -> tuple[list[Path], list[LeftOut]]:
    """The pictures below a folder, sorted, and what else there is.

    Hidden files and folders, and what systems leave behind, are as good as not there.
    A link that leads elsewhere in the folder is passed over: its picture is found where
    it lies, and in two splits it would be in both. Subfolders named in `apart` are not
    looked into.
    """
    pictures, left_out = [], []
    for folder, subfolders, files in os.walk(root, onerror=_refuse_unreadable):
        aside = apart if Path(folder) == root else ()
        subfolders[:] = [x for x in subfolders if not (_is_litter(x) or x in aside)]
        for name in subfolders:
            _check_link(Path(folder, name), root)
        for path in (Path(folder, name) for name in files if not _is_litter(name)):
            if _check_link(path, root) or not path.is_file():
                continue
            suffix = path.suffix.lower()
            if suffix in SUFFIXES:
                pictures.append(path.relative_to(root))
            else:
                kind = "with other suffixes"
                left_out.append(LeftOut(str(path), kind, suffix or "none"))
    return sorted(pictures, key=lambda path: path.parts), sorted(left_out)


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER


def _check_link(path: Path, root: Path) -> bool:
    """Whether this is a link; refused if it leads outside the folder."""
    if not path.is_symlink():
        return False
    try:
        inside = path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # dangling, or a circle of links
        inside = False
    if not inside:
        raise ValueError(f"{path} is a link that leads outside {root}: copy the file")
    return True


def _check_classes(root: Path, paths: list[Path]) -> None:
    """Refuses a folder without pictures, and pictures beside folders of classes."""
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
    raise ValueError(f"{error.filename} cannot be read: {error.strerror}") from error
