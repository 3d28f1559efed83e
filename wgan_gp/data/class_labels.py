"""The classes of a data set, as its user knows them."""

import numpy as np

from wgan_gp.data import Dataset
from wgan_gp.system.values import did_you_mean, show


def class_number(dataset: Dataset, label: int | str) -> int:
    """The number of a class.

    Args:
      dataset: of the run.
      label: its name; or its number, if no class has a name like that.

    Raises:
      ValueError: there is no such class, or the generator takes no labels.
    """
    if dataset.classes is None:
        raise ValueError(
            f"label = {show(label)}: the run's generator takes no labels; leave it out,"
            " or train with conditional = True"
        )
    names = dataset.class_names or tuple(map(str, range(dataset.classes)))
    text = str(label)
    if text in names:
        number = names.index(text)
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


def own_labels(dataset: Dataset) -> np.ndarray | None:
    """The data set's own label of each class, `[K]`, if these are whole numbers."""
    names = dataset.class_names
    if names is None or not all(name.isdecimal() for name in names):
        return None
    own = np.array([int(name) for name in names])
    return own if tuple(map(str, own)) == names and own.max() < 2**31 else None
