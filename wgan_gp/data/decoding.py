"""Compressed pictures to arrays, with Pillow."""

import os
from pathlib import Path
from typing import IO, Any

import numpy as np

# Pillow picks a decoder by content. Named here, a file that calls itself .png cannot
# reach those that start other programs.
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "PPM", "GIF")
# TIFF is a container of many codecs: only files that call themselves so get there.
_TIFF = (".tif", ".tiff")
_GREY = ("1", "L", "LA", "La")
_COLOUR = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")
_WHITE = (255, 255, 255, 255)
_TAG = 0x0112  # of the orientation in EXIF
# Pillow's names for what makes each orientation upright; from 5 on sides are swapped.
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


def decode(
    file: str | os.PathLike | IO[bytes],
    channels: int,
    size: tuple[int, int] | None = None,
) -> np.ndarray:
    """Decodes one picture, as a viewer shows it.

    Transparent parts show white, pictures are turned as their EXIF orientation says,
    and of several frames or pages the first is taken.

    Args:
      file: a path or an open file.
      channels: 1 for grey, 3 for colour; the picture is converted.
      size: height and width. The largest centred part of that aspect is scaled to it
        (Lanczos). None keeps the picture as it is.

    Returns:
      uint8 `[H, W, channels]`.

    Raises:
      Exception: of any kind from Pillow, if the file is corrupt.
      ValueError: it has more pixels than Pillow holds for safe, or more than 8 bits.
    """
    from PIL import Image

    with _open(file) as opened:
        orientation = _orientation(opened)  # before its pixels, as `read_header`
        opaque = _on_white(opened) if opened.has_transparency_data else opened
        picture = opaque.convert("L" if channels == 1 else "RGB")
    if orientation in _TURNS:
        picture = picture.transpose(Image.Transpose[_TURNS[orientation]])
    if size is not None:
        # Scaling a part of the picture would mix in what lies beside it.
        part = picture.crop(_middle(picture.size, size))
        picture = part.resize(size[::-1], Image.Resampling.LANCZOS)
    return np.array(picture).reshape(picture.height, picture.width, channels)


def read_header(file: str | os.PathLike) -> tuple[int, tuple[int, int]]:
    """Channels, 1 or 3, and (height, width) once turned, without decoding.

    Raises:
      Exception: as `decode`.
    """
    with _open(file) as picture:
        size = picture.height, picture.width
        upright = size if _orientation(picture) < 5 else size[::-1]
        return 1 if picture.mode in _GREY else 3, upright


def _open(file: str | os.PathLike | IO[bytes]) -> Any:
    """The picture with its header read, if it is one that can be decoded."""
    from PIL import Image

    named = isinstance(file, str | os.PathLike)
    tiff = named and Path(file).suffix.lower() in _TIFF
    opened = Image.open(file, formats=(*FORMATS, "TIFF") if tiff else FORMATS)
    try:
        _check_header(opened)
    except ValueError:
        opened.close()
        raise
    return opened


def _check_header(opened: Any) -> None:
    """Refuses what is too large to decode, or has more than 8 bits a channel."""
    from PIL import Image

    width, height = opened.size
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and width * height > limit:
        raise ValueError(f"{width} x {height} pixels, more than the {limit} allowed")
    # Pillow would cut 16 bits of colour to 8 unasked, and what it makes of 16 bits of
    # grey depends on its version.
    if opened.mode not in _GREY + _COLOUR or _is_deep(opened):
        raw = _raw_mode(opened)
        raise ValueError(
            f"8 bits a channel are expected, got Pillow's mode {opened.mode!r}"
            f"{f' of {raw!r}' if raw and raw != opened.mode else ''}: save it with 8"
        )


def _is_deep(opened: Any) -> bool:
    """Whether 16 bits a channel hide behind a mode of 8."""
    if opened.format == "PPM":
        arguments = opened.tile[0][3] if opened.tile else ()
        return any(isinstance(each, int) and each > 255 for each in arguments[1:2])
    return opened.format in ("PNG", "TIFF") and ";16" in _raw_mode(opened)


def _raw_mode(opened: Any) -> str:
    """How the file has its pixels, in Pillow's words; "" if they are not given."""
    arguments = opened.tile[0][3] if opened.tile else ""
    raw = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return raw if isinstance(raw, str) else ""


def _on_white(opened: Any) -> Any:
    """The picture without transparency, over white."""
    from PIL import Image

    picture = opened.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, _WHITE), picture)


def _orientation(opened: Any) -> int:
    """The EXIF orientation, 1 to 8; 1 of a picture that stands upright."""
    from PIL import Image

    if opened.format == "TIFF":
        return 1  # Pillow turns it, and its size, on its own
    if opened.format == "PNG" and "exif" not in opened.info:
        _find_late_exif(opened)
    try:
        # The base class's: that of PNG would decode the picture.
        orientation = Image.Image.getexif(opened).get(_TAG)
    except Exception:  # a picture is no worse for broken metadata
        return 1
    return orientation if orientation in _TURNS else 1


def _find_late_exif(opened: Any) -> None:
    """Gives a PNG the EXIF that stands behind its pixels, where Pillow has not read."""
    file = opened.fp
    place = file.tell()
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length = int.from_bytes(head[:4], "big")
        if head[4:] == b"eXIf":
            opened.info["exif"] = b"Exif\x00\x00" + file.read(length)
            break
        file.seek(length + 4, os.SEEK_CUR)
    file.seek(place)


def _middle(own: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the largest part of this aspect; `own` is W, H."""
    height, width = size
    scale = min(own[0] / width, own[1] / height)
    part = max(round(width * scale), 1), max(round(height * scale), 1)
    left, top = (own[0] - part[0]) // 2, (own[1] - part[1]) // 2
    return left, top, left + part[0], top + part[1]
