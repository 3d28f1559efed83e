"""Compressed pictures to arrays, with Pillow."""

import os
from typing import IO

import numpy as np

# Pillow picks a decoder by content. Named here, a file that calls itself .png cannot
# reach those that start other programs.
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "PPM")
_GREY = ("1", "L")
_COLOUR = ("P", "LA", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")


def decode(
    file: str | os.PathLike | IO[bytes],
    channels: int,
    size: tuple[int, int] | None = None,
) -> np.ndarray:
    """Decodes one picture.

    Transparency is dropped, and rotation by metadata not applied.

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

    with Image.open(file, formats=FORMATS) as opened:
        check_header(opened.mode, opened.size)
        picture = opened.convert("RGBA") if opened.mode == "P" else opened
        picture = picture.convert("L" if channels == 1 else "RGB")
    if size is not None:
        # Scaling a part of the picture would mix in what lies beside it.
        part = picture.crop(_middle(picture.size, size))
        picture = part.resize(size[::-1], Image.Resampling.LANCZOS)
    return np.array(picture).reshape(picture.height, picture.width, channels)


def read_header(file: str | os.PathLike) -> tuple[int, tuple[int, int]]:
    """Channels, 1 or 3, and (height, width), without decoding.

    Raises:
      Exception: as `decode`.
    """
    from PIL import Image

    with Image.open(file, formats=FORMATS) as picture:
        check_header(picture.mode, picture.size)
        return 1 if picture.mode in _GREY else 3, (picture.height, picture.width)


def check_header(mode: str, size: tuple[int, int]) -> None:
    """Refuses what is too large to decode, or has more than 8 bits a channel."""
    from PIL import Image

    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and size[0] * size[1] > limit:
        raise ValueError(f"{size[0]} x {size[1]} pixels, more than the {limit} allowed")
    if mode not in _GREY + _COLOUR:
        raise ValueError(f"8 bits a channel are expected, got Pillow's mode {mode!r}")


def _middle(own: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the largest part of this aspect; `own` is W, H."""
    height, width = size
    scale = min(own[0] / width, own[1] / height)
    part = max(round(width * scale), 1), max(round(height * scale), 1)
    left, top = (own[0] - part[0]) // 2, (own[1] - part[1]) // 2
    return left, top, left + part[0], top + part[1]
