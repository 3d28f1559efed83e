"""The classes of a data set by the names that its user knows.

Networks see classes as numbers from 0 to `classes` - 1. Users know them by name: the
folder "cat", or the label 7 of an .npz file whose labels are 3, 7 and 9. These
functions translate for commands that take or print a class, as `wgan_gp.sample`.
"""

import numpy as np

from wgan_gp.data import Dataset
from wgan_gp.data.summaries import plain
from wgan_gp.system.values import did_you_mean, join_names, show


def class_number(dataset: Dataset, label: int | str) -> int:
    """Returns the number of a class, which the generator takes as its condition.

    A name, in any spelling that no other has, wins over a number: where the classes are
    named "3", "7" and "9", the label 7 is class 1 and not class 7. Where no class has
    that name, 0 is the first class.

    Args:
      dataset: the data set of the run.
      label: a class's name, or its number.

    Returns:
      The number, at least 0 and below `dataset.classes`.

    Raises:
      ValueError: the label is no class, no training sample is of this class, or the
        generator takes no labels.
    """
    if dataset.columns is not None and dataset.columns.given:
        raise ValueError(
            f"label = {show(label)}: the run's generator is told"
            f" {join_names(list(dataset.columns.given))}, no class: leave"
            " label out, and name conditions by given (--given FILE)"
        )
    if dataset.classes is None:
        raise ValueError(
            f"label = {show(label)}: the run's generator takes no labels; leave it out,"
            " or train with conditional = True"
        )
    names = dataset.class_names or tuple(map(str, range(dataset.classes)))
    text = str(label)
    alike = [each for each in names if plain(each) == plain(text)]
    if text in names:
        number = names.index(text)
    elif len(alike) == 1:  # as True for true, or 1.0 for 1
        number = names.index(alike[0])
    elif text.isdecimal() and int(text) < dataset.classes:
        number = int(text)
    else:
        some = ", ".join(names[:20]) + ", ..." * (len(names) > 20)
        raise ValueError(
            f"label must be one of {some}, or a number below {dataset.classes}; got"
            f" {show(label)}{did_you_mean(text, names)}"
        )
    if dataset.class_shares is not None and not dataset.class_shares[number] > 0:
        raise ValueError(
            f"label = {show(label)}: no training sample is of this class, so the"
            " generator has not learned it"
        )
    return number


def original_labels(dataset: Dataset) -> np.ndarray | None:
    """Returns the label of each class in the user's data, if all are whole numbers.

    Generated samples are saved with these labels, so that they can be mixed with the
    user's own data.

    Args:
      dataset: the data set of the run.

    Returns:
      Labels `[classes]`, by class; None if a class's name is not a whole number below
      2^31 in its usual spelling ("07" is not).
    """
    names = dataset.class_names
    if names is None or not all(name.isdecimal() for name in names):
        return None
    own = np.array([int(name) for name in names])
    return own if tuple(map(str, own)) == names and own.max() < 2**31 else None
