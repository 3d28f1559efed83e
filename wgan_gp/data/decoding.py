"""Decodes compressed pictures to arrays, with Pillow.

Every picture, of a folder or of TFDS, goes through `decode`. It shows a picture as a
viewer would: upright by its EXIF orientation, transparent parts white, the first frame
of an animation. `read_header` finds a picture's size and channels without decoding it.

Files come from strangers, so three things are refused: formats outside `FORMATS`,
pictures with more pixels than Pillow considers safe (a small file can decode to
gigabytes), and more than 8 bits a channel, which Pillow would cut or scale unasked.
Pillow is imported inside the functions, because most programs never decode a picture.
"""

import os
from pathlib import Path
from typing import IO, Any

import numpy as np

# Pillow picks a decoder by a file's content, whatever its suffix. This list keeps a
# file named .png from decoders that start other programs, as that of PostScript.
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "PPM", "GIF")
# TIFF is a container of many codecs, so only files with its suffix may reach them.
_TIFF_SUFFIXES = (".tif", ".tiff")
_GREY_MODES = ("1", "L", "LA", "La")
_COLOUR_MODES = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")
_WHITE = (255, 255, 255, 255)
_EXIF_ORIENTATION = 0x0112  # the tag
# EXIF orientation -> Pillow's name of the operation that makes the picture upright.
# From 5 on it swaps height and width.
_EXIF_TRANSPOSES = {
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
    """Decodes one picture as a viewer shows it.

    Args:
      file: a path or an open file.
      channels: 1 for grey, 3 for colour; the picture is converted.
      size: height and width. The largest centred part with their aspect ratio is
        cropped and resized (Lanczos). None keeps the picture's own size.

    Returns:
      The picture, uint8 `[H, W, channels]`.

    Raises:
      ValueError: the picture has more pixels than Pillow considers safe, or more than
        8 bits a channel.
      Exception: of any type, from Pillow, if the file is corrupt.
        `sources.read_or_skip` turns these into one line.
    """
    from PIL import Image

    with _open(file) as opened:
        orientation = _orientation(opened)  # before decoding, as in `read_header`
        opaque = _composite_on_white(opened) if opened.has_transparency_data else opened
        picture = opaque.convert("L" if channels == 1 else "RGB")
    if orientation in _EXIF_TRANSPOSES:
        picture = picture.transpose(Image.Transpose[_EXIF_TRANSPOSES[orientation]])
    if size is not None:
        # Crop first: `resize(box=...)` would blend pixels from outside the box into the
        # edges.
        part = picture.crop(_centre_crop_box(picture.size, size))
        picture = part.resize(size[::-1], Image.Resampling.LANCZOS)
    return np.array(picture).reshape(picture.height, picture.width, channels)


def read_header(file: str | os.PathLike) -> tuple[int, tuple[int, int]]:
    """Reads a picture's channels and size without decoding it.

    Args:
      file: a path.

    Returns:
      Channels, 1 for grey and 3 for colour, and (height, width) of the upright picture.

    Raises:
      Exception: the same as `decode`.
    """
    with _open(file) as picture:
        size = picture.height, picture.width
        upright = size if _orientation(picture) < 5 else size[::-1]
        return 1 if picture.mode in _GREY_MODES else 3, upright


def _open(file: str | os.PathLike | IO[bytes]) -> Any:
    """Opens a picture and reads its header; the caller closes it.

    Raises:
      Exception: the same as `decode`.
    """
    from PIL import Image

    named = isinstance(file, str | os.PathLike)
    tiff = named and Path(file).suffix.lower() in _TIFF_SUFFIXES
    opened = Image.open(file, formats=(*FORMATS, "TIFF") if tiff else FORMATS)
    try:
        _check_header(opened)
    except ValueError:
        opened.close()
        raise
    return opened


def _check_header(opened: Any) -> None:
    """Refuses a picture that is too large or has more than 8 bits a channel."""
    from PIL import Image

    width, height = opened.size
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and width * height > limit:
        raise ValueError(f"{width} x {height} pixels, more than the {limit} allowed")
    # Pillow silently drops the lower 8 bits of 16-bit colour, and its conversion of
    # 16-bit grey differs between versions.
    if opened.mode not in _GREY_MODES + _COLOUR_MODES or _has_16_bits(opened):
        raw = _raw_mode(opened)
        raise ValueError(
            f"8 bits a channel are expected, got Pillow's mode {opened.mode!r}"
            f"{f' of {raw!r}' if raw and raw != opened.mode else ''}: save it with 8"
        )


def _has_16_bits(opened: Any) -> bool:
    """Whether the file has 16 bits a channel although Pillow's mode has 8.

    Pillow opens a colour PNG of 16 bits as "RGB" and drops the lower 8. Only the raw
    mode, or the largest value that a PPM declares, still shows the depth.
    """
    if opened.format == "PPM":
        arguments = opened.tile[0][3] if opened.tile else ()
        return any(isinstance(each, int) and each > 255 for each in arguments[1:2])
    return opened.format in ("PNG", "TIFF") and ";16" in _raw_mode(opened)


def _raw_mode(opened: Any) -> str:
    """The file's pixel layout in Pillow's notation, as "RGB;16B"; "" if unknown."""
    arguments = opened.tile[0][3] if opened.tile else ""
    raw = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return raw if isinstance(raw, str) else ""


def _composite_on_white(opened: Any) -> Any:
    """Returns the picture over a white background, without transparency."""
    from PIL import Image

    picture = opened.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, _WHITE), picture)


def _orientation(opened: Any) -> int:
    """The EXIF orientation, 1 to 8; 1 means upright, and stands for missing or broken.

    Cameras store pixels as the sensor saw them and note here how to turn them. Values
    from 5 on swap height and width.
    """
    from PIL import Image

    if opened.format == "TIFF":
        return 1  # Pillow has turned the picture already, and its size
    if opened.format == "PNG" and "exif" not in opened.info:
        _find_late_exif(opened)
    try:
        # The base class's method, because PngImageFile.getexif decodes the picture.
        orientation = Image.Image.getexif(opened).get(_EXIF_ORIENTATION)
    except Exception:  # broken metadata do not make a picture unusable
        return 1
    return orientation if orientation in _EXIF_TRANSPOSES else 1


def _find_late_exif(opened: Any) -> None:
    """Reads EXIF that a PNG has after its pixels, where Pillow does not look yet.

    A PNG is a signature of 8 bytes and then chunks: length (4 bytes, big-endian), type
    (4 bytes), data, checksum (4 bytes). The file's position is restored.
    """
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


def _centre_crop_box(
    own: tuple[int, int], size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """The largest centred box of this aspect ratio.

    Args:
      own: the picture's (width, height), in Pillow's order.
      size: (height, width), whose ratio the box has up to rounding.

    Returns:
      Left, top, right and bottom, in pixels.
    """
    height, width = size
    scale = min(own[0] / width, own[1] / height)
    part = max(round(width * scale), 1), max(round(height * scale), 1)
    left, top = (own[0] - part[0]) // 2, (own[1] - part[1]) // 2
    return left, top, left + part[0], top + part[1]
