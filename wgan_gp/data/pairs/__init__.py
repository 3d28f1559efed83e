"""Pairs of distributions whose W1 and whose optimal critic are known.

A critic trained on such a pair can be compared with the truth: its estimate of W1 with
W1 itself, and its gradient with the optimal critic's. Families:

- `funnels`: those of the W1 benchmark, around points, subspaces or in other norms;
- `translation`, `gaussians`, `shell`: smooth ones (`smooth`);
- `pictures`: funnels among pictures (`pictures`).

To add a family, write a function that makes its `Pair`, and add a line to `FAMILIES`.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from wgan_gp.data.pairs import smooth
from wgan_gp.data.pairs.funnels import (
    SEED,
    as_pair,
    check_funnels,
    check_norm,
    make_funnels,
    pad,
)
from wgan_gp.data.pairs.pair import Pair, from_origin
from wgan_gp.data.pairs.pictures import picture_funnels
from wgan_gp.system.fields import Rule, among, at_least, setting, whole
from wgan_gp.system.values import show

__all__ = [
    "FAMILIES",
    "MIN_RADIUS",
    "PUBLISHED_PAIR",
    "SEED",
    "Pair",
    "PairData",
    "check_pair",
    "from_origin",
    "make_pair",
    "unpublished",
]

# Closer than this to where mass comes together, float32 cannot resolve the direction:
# coordinates near 2.5 are rounded by up to 1.2e-7.
MIN_RADIUS = 1e-5
# What makes a pair beside its size: that of the published ones.
PUBLISHED_PAIR = {"family": "funnels", "seed": SEED, "subspace": 0, "norm": 2.0}


def _funnels(data: "PairData", count: int) -> Pair:
    funnels = make_funnels(
        data.dimension,
        data.funnels,
        data.seed,
        subspace=data.subspace,
        norm=data.norm,
    )
    return as_pair(pad(funnels, count))


class Family(NamedTuple):
    """A family of pairs. Its name in `data.family` is its key in `FAMILIES`.

    Attributes:
      make: `(settings, count) -> Pair`. A pair with fewer than `count` funnels is
        padded to it.
      has_funnels: whether `data.funnels` is a choice; it is 1 otherwise.
      has_seed: whether `data.seed` is a choice.
      samples: the kind of data that a sample is of, which decides on its networks.
      least: the least dimension.
      dimensions: those of a grid of cells, where none are asked for.
    """

    make: Callable[["PairData", int], Pair]
    has_funnels: bool = False
    has_seed: bool = True
    samples: str = "vectors"
    least: int = 1
    dimensions: tuple[int, ...] = (2, 4, 8, 16)


FAMILIES: dict[str, Family] = {
    "funnels": Family(_funnels, has_funnels=True),
    "translation": Family(
        lambda data, _: smooth.translation(data.dimension, data.seed)
    ),
    "gaussians": Family(
        lambda data, _: smooth.gaussians(data.dimension, data.seed), least=2
    ),
    "shell": Family(lambda data, _: smooth.shell(data.dimension), has_seed=False),
    "pictures": Family(
        lambda data, count: picture_funnels(
            data.dimension, data.funnels, data.seed, padded=count
        ),
        has_funnels=True,
        samples="images",
        least=64,
        dimensions=(1024,),
    ),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairData:
    """The section `data` of a configuration that trains a critic alone."""

    kind: str
    family: str = setting(
        "funnels",
        "Family of pairs of distributions whose W1 is known.",
        among(FAMILIES),
    )
    dimension: int = setting(
        2, "D of a pair of distributions of known W1.", at_least(1)
    )
    funnels: int = setting(
        4, "N of a pair of distributions of known W1; 1 in smooth ones.", at_least(1)
    )
    seed: int = setting(
        SEED, "Seed of a pair of distributions of known W1.", whole(0, 2**32)
    )
    subspace: int = setting(
        0,
        "Dimensions of the affine subspaces that funnels surround; 0 is points, as"
        " published.",
        whole(0, 2**16),
    )
    norm: float = setting(
        2.0,
        "p of the norm l_p that the pair's distances are measured in.",
        Rule(check_norm, words=">= 1"),
    )


def check_pair(data: Any) -> None:
    """Checks the fields that make a pair, together.

    Args:
      data: `PairData`, or a section `data` of a configuration.

    Raises:
      ValueError: the fields do not make a pair.
    """
    family = FAMILIES[data.family]
    if data.family != PUBLISHED_PAIR["family"]:
        _check_unused(data, family)
    if data.dimension < family.least:
        raise ValueError(
            f"data.dimension must be at least {family.least} with data.family ="
            f" {data.family!r}, got {data.dimension}"
        )
    check_funnels(data.dimension, data.subspace, data.norm)
    side = math.isqrt(data.dimension)
    if family.samples == "images" and side**2 != data.dimension:
        raise ValueError(
            "data.dimension must be the number of pixels of a square picture, such as"
            f" 1024 for 32 x 32; got {data.dimension}"
        )


def _check_unused(data: Any, family: Family) -> None:
    """Raises ValueError if a field is set that the family does not use."""
    for name in ("subspace", "norm"):
        if getattr(data, name) != PUBLISHED_PAIR[name]:
            raise ValueError(
                f"data.{name} = {show(getattr(data, name))} is for data.family ="
                f" 'funnels': leave it out with {data.family!r}"
            )
    if data.seed != SEED and not family.has_seed:
        raise ValueError(
            f"data.seed = {data.seed} has no effect with data.family ="
            f" {data.family!r}: leave it out"
        )
    if data.funnels != 1 and not family.has_funnels:
        raise ValueError(
            f"data.family = {data.family!r} has no funnels: set data.funnels to 1, got"
            f" {data.funnels}"
        )


def make_pair(data: PairData, count: int = 0) -> Pair:
    """The pair that settings describe.

    Args:
      data: checked settings.
      count: pads the funnels to as many, so that pairs of one dimension have equal
        shapes and share a compiled program.
    """
    return FAMILIES[data.family].make(data, max(count, data.funnels))


def unpublished(data: Mapping[str, Any]) -> dict[str, Any]:
    """What makes a pair another one than the published pair of its size.

    Args:
      data: the section `data` of a configuration. An older one lacks fields.

    Returns:
      The fields of `PUBLISHED_PAIR` that differ, in their order; empty for a published
      pair.
    """
    return {
        name: data[name]
        for name, published in PUBLISHED_PAIR.items()
        if data.get(name, published) != published
    }
