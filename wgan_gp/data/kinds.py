"""Kinds of data: what a configuration says of a set, and how the set is opened.

A kind is what decides which networks and evaluations apply: vectors `[D]`, sequences
`[T, C]`, images `[H, W, C]`, or pairs of known W1 (`funnels`), which train a critic
alone. A data set declares its kind by the shape of its samples, and a network declares
the kinds that it accepts in an attribute `kinds`.

To add a kind, write a dataclass of its settings and a function that opens it, and add a
line to `KINDS`. To add a data set of a kind that is there, see `docs/extending.md`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from wgan_gp.data import Dataset
from wgan_gp.data.image_sets import ImageData, open_image_set
from wgan_gp.data.pairs import FAMILIES, PairData
from wgan_gp.data.sequences import SequenceData, open_sequences
from wgan_gp.data.vectors import VectorData, open_vectors


class Kind(NamedTuple):
    """A kind of data. Its name in `data.kind` is its key in `KINDS`.

    Attributes:
      settings: a frozen dataclass, the section `data` of a configuration.
      task: what is trained: "gan", or "critic" for a critic alone.
      open: `(section, conditional=, check=)` -> the data set. `build` calls it once for
        each run. None if there is no set to open, as for a pair of distributions.
      features: the features that evaluations can compare samples on; "none" compares
        the samples themselves.
      samples: the kinds whose networks it may have; empty is its own.
    """

    settings: type
    task: str

    open: Callable[..., Dataset] | None
    features: tuple[str, ...] = ("none",)
    samples: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "vectors": Kind(VectorData, "gan", open_vectors),
    "sequences": Kind(SequenceData, "gan", open_sequences),
    "images": Kind(
        ImageData, "gan", open_image_set, features=("none", "digits", "inception")
    ),
    "funnels": Kind(
        PairData,
        "critic",
        None,
        samples=tuple(dict.fromkeys(each.samples for each in FAMILIES.values())),
    ),
}


def kinds_of(task: str, *networks: Any) -> list[str]:
    """Lists the kinds of data for a task that all of the networks accept.

    Args:
      task: "gan" or "critic".
      *networks: Flax modules. One without an attribute `kinds` accepts every kind.

    Returns:
      Keys of `KINDS`, in their order.
    """
    return [
        name
        for name, kind in KINDS.items()
        if kind.task == task
        and all(
            {name, *kind.samples} & {*getattr(each, "kinds", (name,))}
            for each in networks
        )
    ]
