"""Kinds of data: what a configuration says of a set, and how the set is opened.

A data set declares its kind by the shape of its samples, and a network the kinds that
it accepts. To add a kind, write its settings and its function `open`, and add a line
to `KINDS`. `docs/extending.md` shows how to add a data set of a kind that is there.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from wgan_gp.data import Dataset
from wgan_gp.data.funnels import FunnelData
from wgan_gp.data.image_sets import ImageData, open_image_set
from wgan_gp.data.vectors import VectorData, open_vectors


class Kind(NamedTuple):
    """A kind of data, by the name in `data.kind`."""

    settings: type  # a dataclass: the section `data` of a configuration
    task: str  # what is trained on it: "gan", or "critic" for a critic alone
    # (section `data`, conditional=, check=) -> the set; None where `build` knows how
    open: Callable[..., Dataset] | None
    features: tuple[str, ...] = ("none",)  # what evaluations can compare samples on


KINDS: dict[str, Kind] = {
    "vectors": Kind(VectorData, "gan", open_vectors),
    "images": Kind(
        ImageData, "gan", open_image_set, features=("none", "digits", "inception")
    ),
    "funnels": Kind(FunnelData, "critic", None),
}


def kinds_of(task: str, *networks: Any) -> list[str]:
    """The kinds of data for a task that all of the networks accept.

    Args:
      task: "gan" or "critic".
      *networks: Flax modules. One without an attribute `kinds` accepts every kind.
    """
    return [
        name
        for name, kind in KINDS.items()
        if kind.task == task
        and all(name in getattr(each, "kinds", (name,)) for each in networks)
    ]
