"""Sets of vectors to learn, by name."""

import dataclasses
from typing import Any

from wgan_gp.data import DATASETS, Dataset, open_named
from wgan_gp.system.fields import Rule, setting
from wgan_gp.system.values import one_of, show


def _check_name(path: str, name: str) -> None:
    kind, colon, _ = name.partition(":")
    if colon and kind in ("npz", "folder"):
        raise ValueError(
            f"{path} = {show(name)}: this experiment learns vectors, and only"
            " pictures are read from files. In Python, data.arrays.resident makes a"
            " sampler of an array of vectors, for train.CriticAlgorithm and"
            " train.make_train; for pictures, start from experiments/digits.py"
        )
    one_of(path, name, [each for each in DATASETS if DATASETS[each].kind == "vectors"])


@dataclasses.dataclass(frozen=True, kw_only=True)
class VectorData:
    """The section `data` of a configuration for vectors."""

    kind: str
    name: str = setting(
        "8gaussians",
        f"Set of vectors: {', '.join(DATASETS)}.",
        Rule(_check_name),
    )


def open_vectors(settings: VectorData, *, conditional: bool, **_: Any) -> Dataset:
    """The set that the settings name.

    Args:
      settings: the section `data`.
      conditional: whether training samples come with labels.
      **_: what is for other kinds of data.

    Raises:
      ValueError: there is no such set, or it has no labels.
    """
    return open_named(settings.name, "vectors", conditional=conditional)
