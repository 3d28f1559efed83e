"""How the conditions of images act: by a classifier, or as channels of each image.

- `CLASSIFIER`: a second head of the critic names the class of an image (Odena et al.
  2017, arXiv:1610.09585). The critic's value does not depend on the class.
- `CHANNELS`: the critic sees the condition beside the image, D(x, y), as channels that
  are constant over the image. Numbers that are given for images can be this only.
"""

import numpy as np

from wgan_gp.data import Dataset
from wgan_gp.data.columns import Column, Columns, numbered
from wgan_gp.data.conditions import with_row_entries
from wgan_gp.data.given_arrays import standardised
from wgan_gp.data.sources import ImageSource, source_from_arrays
from wgan_gp.system.values import show

CLASSIFIER, CHANNELS = "classifier", "channels"


def check_conditions(
    train: ImageSource, held_out: ImageSource, conditioning: str | None
) -> None:
    """Refuses a set without conditions, or with some that cannot act as is asked for.

    Args:
      train: the train split.
      held_out: the held-out split.
      conditioning: `CLASSIFIER`, `CHANNELS`, or None for either.

    Raises:
      ValueError: there are none, labels and others, or others for a classifier; or the
        held-out split lacks those that are channels.
    """
    if train.given and train.classes is not None:
        raise ValueError(
            f"{train.name} has both labels and given: conditional = True takes one of"
            " them, leave the other out"
        )
    if train.classes is None and not train.given:
        raise ValueError(f"{train.name} has no labels: conditional must be False")
    if train.given and conditioning == CLASSIFIER:
        raise ValueError(
            f"{train.name} has no labels, which data.conditioning = {CLASSIFIER!r}"
            f" needs: what is given for its images can be {CHANNELS!r} only"
        )
    if conditioning != CHANNELS and not train.given:
        return
    has_labels = held_out.read_labels is not None and held_out.read_labels().min() >= 0
    if not (held_out.given if train.given else has_labels):
        noun = "given" if train.given else "a label"
        raise ValueError(
            f"{train.name} holds out images without {noun}, which are channels of"
            f" each: add them to its {held_out.split} split"
        )


def with_row_numbers(source: ImageSource) -> ImageSource:
    """A split in memory whose labels are the numbers of its images, from 0."""
    assert source.arrays is not None
    images = source.arrays.image
    rows = np.arange(len(images))
    return source_from_arrays(source.name, source.split, images, rows, len(images))


def with_given_channels(
    dataset: Dataset, train: ImageSource, held_out: ImageSource
) -> Dataset:
    """A set of images whose numbers are standardised and become channels of each.

    Args:
      dataset: whose samplers return images and their numbers.
      train: the train split, with `given`.
      held_out: the held-out split, with `given`.

    Raises:
      ValueError: a number is constant.
    """
    every, table = np.arange(train.count), np.stack([*train.given.values()], axis=-1)
    told = standardised([*train.given], table, every, "given", train.name)
    pixels = _pixels(train, told)
    columns = Columns((*pixels, *told), given=tuple(train.given))
    return with_row_entries(
        dataset,
        columns,
        *(columns.conditions.encode(each.given) for each in (train, held_out)),
    )


def _pixels(train: ImageSource, told: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns of an image's own channels, x1, x2, ..."""
    pixels = numbered(train.shape[-1]).columns
    if twice := {each.name for each in pixels} & {each.name for each in told}:
        raise ValueError(
            f"{train.name}: given_names has {show(min(twice))}, which is the name of a"
            " channel of the images: rename it"
        )
    return pixels
