"""Precision and recall of generated samples, on features."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from wgan_gp.evaluate.feature_distances import check_feature_sets

# Numbers in one block of distances: 64 MB.
_BLOCK = 8_000_000


class PrecisionRecall(NamedTuple):
    """How real the samples look, and how much of the real set they cover.

    Attributes:
      precision: share of generated samples among the real ones, 0 to 1.
      recall: share of real samples among the generated ones, 0 to 1.
    """

    precision: float
    recall: float


def precision_recall(
    real: np.ndarray, fake: np.ndarray, *, k: int = 3
) -> PrecisionRecall:
    """Shares of samples that lie in the other set's estimated support.

    The support of a set is the union of balls about its samples, each as wide as the
    distance to the sample's k-th nearest neighbour ([Kynkaanniemi] et al. 2019,
    arXiv:1904.06991). Time grows as (n + m)^2 F; memory is bounded beside the
    features themselves.

    Args:
      real: features `[n, F]`.
      fake: features `[m, F]`; the shares depend on n and m, so keep them equal.
      k: which neighbour bounds a ball.

    Returns:
      Precision, the share of `fake` in the support of `real`, and recall, the share
      of `real` in the support of `fake`.

    Raises:
      ValueError: as `frechet_distance`, with k + 1 samples at least; or k < 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    real, fake = check_feature_sets(real, fake, at_least=k + 1)
    # The origin among the samples keeps the rounding of squared distances small.
    centre = real.mean(0, keepdims=True, dtype=np.float64)
    real, fake = real - centre, fake - centre
    return PrecisionRecall(_share_inside(fake, real, k), _share_inside(real, fake, k))


def _squared_distances(x: np.ndarray, y: np.ndarray) -> Iterator[np.ndarray]:
    """Rows of the distances `[n, m]`, a block at a time."""
    y_norms = _squared_norms(y)[None]
    for rows in np.array_split(x, -(-len(x) * len(y) // _BLOCK)):
        norms = _squared_norms(rows)[:, None] + y_norms
        squared = norms - 2 * rows @ y.T
        # A copy of a sample is at distance 0, whatever was lost to rounding.
        yield np.where(squared > 1e-12 * norms, squared, 0.0)


def _squared_norms(x: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", x, x)


def _share_inside(points: np.ndarray, centres: np.ndarray, k: int) -> float:
    """Share of points within a ball about a centre.

    Args:
      points: `[n, F]`.
      centres: `[m, F]`; a ball reaches to its centre's k-th nearest other centre.
      k: from 1 to m - 1.
    """
    # Each centre is its own nearest neighbour, so the k-th other one is at index k.
    # A view of a block would keep all of it, and all blocks take n^2 numbers.
    radii = np.concatenate(
        [
            np.partition(d, k, axis=1)[:, k].copy()
            for d in _squared_distances(centres, centres)
        ]
    )
    inside = [(d <= radii[None]).any(1) for d in _squared_distances(points, centres)]
    return float(np.concatenate(inside).mean())
