"""How well samples cover the modes of a known mixture.

A generator that drops modes or lands between them is the classical failure of GANs.
Where the data is a mixture of Gaussians both can be counted. Read the statistics
together: a generator with all its mass on one mode has a high share and few modes, one
that spreads over the plane finds all modes at a low share.

    >>> corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> statistics = mode_statistics(corners[:2], corners, std=0.1)
    >>> statistics.found, statistics.total, statistics.share
    (2, 4, 1.0)
"""

from typing import NamedTuple

import numpy as np
import scipy

from wgan_gp.evaluate.distances import as_float64


class ModeStatistics(NamedTuple):
    """Coverage of a mixture of Gaussians by a set of samples.

    Attributes:
      found: number of modes with at least one sample within the radius.
      total: number of modes of the mixture.
      share: share of samples within the radius of a mode, 0 to 1.
      reverse_kl: KL(samples over modes || uniform), in nats.
    """

    found: int
    total: int
    share: float
    reverse_kl: float


def mode_statistics(
    samples: np.ndarray, modes: np.ndarray, std: float, *, radius: float = 3.0
) -> ModeStatistics:
    """Counts modes found and samples of high quality, and how evenly they fall.

    The statistics of the mode-collapse literature ([VEEGAN] arXiv:1705.07761,
    [PacGAN] arXiv:1712.04086), which take 2,500 samples and a radius of 3.

    Args:
      samples: `[n, D]`.
      modes: centres `[M, D]`, all of the same weight.
      std: standard deviation of each mode.
      radius: a sample counts for its nearest mode within `radius * std`. Of perfect
        two-dimensional samples 98.9 % lie within 3.

    Returns:
      The statistics. For the divergence each sample counts for its nearest mode,
      however far: 0 is even, log M a single mode. n perfect samples score about
      (M - 1) / (2 n), not 0.

    Raises:
      ValueError: there are no samples or modes, they have other shapes, or a sample is
        not real and finite.
    """
    samples, modes = as_float64(samples), as_float64(modes)
    if modes.ndim != 2 or not len(modes) or samples.shape[1:] != modes.shape[1:]:
        raise ValueError(
            "mode statistics need samples [n, D] and modes [M, D], got"
            f" {samples.shape} and {modes.shape}"
        )
    if not len(samples) or not np.isfinite(samples).all():
        raise ValueError("mode statistics need finite samples, at least one")
    distance, nearest = scipy.spatial.KDTree(modes).query(samples)
    close = distance <= radius * std
    found = len(np.unique(nearest[close]))
    weights = np.bincount(nearest, minlength=len(modes)) / len(samples)
    divergence = float(scipy.special.rel_entr(weights, 1 / len(modes)).sum())
    return ModeStatistics(found, len(modes), float(close.mean()), divergence)
