"""What a user is told of an image set before a run trains on it.

A set can be less than its user expects: files were left out, a class has no picture in
the train split, or some pictures are in colour and some grey. This does not stop a run.
Each becomes a line of `Dataset.notes`, and the run's record lists the files.
"""

import numpy as np

from wgan_gp.data.sources import ImageSet, ImageSource, LeftOutFile, summarise_left_out


def class_shares(train: ImageSource) -> np.ndarray:
    """Returns the share of each class among the training pictures.

    Args:
      train: the train split; it has labels.

    Returns:
      Shares `[classes]`, which sum to 1.

    Raises:
      ValueError: some pictures have no label, which TFDS writes as -1.
    """
    assert train.classes is not None
    assert train.read_labels is not None
    labels = train.read_labels()
    if missing := int(np.sum(labels < 0)):
        raise ValueError(
            f"{train.name} has {missing} pictures to train on without a label:"
            " conditional must be False"
        )
    return np.bincount(labels, minlength=train.classes) / len(labels)


def collect_notes(
    images: ImageSet,
    left_out: list[LeftOutFile],
    train: ImageSource,
    shares: np.ndarray | None,
) -> tuple[str, ...]:
    """Collects what a user should know of the set.

    Args:
      images: the set; its own notes come first.
      left_out: from `all_left_out`.
      train: the train split.
      shares: from `class_shares`, or None for training without labels.

    Returns:
      The notes, one line each.
    """
    notes = list(images.notes)
    if left_out:
        notes.append(summarise_left_out(left_out))
    if shares is not None and not shares.all():
        absent = [
            str((train.class_names or ())[i]) for i in np.flatnonzero(shares == 0)
        ]
        some = ", ".join(absent[:5]) + (", ..." if len(absent) > 5 else "")
        notes.append(
            f"no picture of {len(absent)} of the {len(shares)} classes is in the train"
            f" split, and none will be generated: {some}"
        )
    return tuple(notes)


def all_left_out(images: ImageSet, *sources: ImageSource) -> list[LeftOutFile]:
    """Lists the files that are not in the set, with those found corrupt while reading.

    Args:
      images: the set.
      *sources: its splits that have been read so far.

    Returns:
      The files, each once; corrupt ones come last, sorted.
    """
    known = {each.path for each in images.left_out}
    skipped = {name for source in sources for name in source.skipped} - known
    return [
        *images.left_out,
        *(LeftOutFile(name, "corrupt") for name in sorted(skipped)),
    ]
