"""How well samples cover the modes of a known mixture."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree


class ModeStatistics(NamedTuple):
    """Coverage of a mixture of Gaussians by a set of samples."""

    found: int  # modes with at least one sample within the radius
    total: int  # modes there are
    share: float  # share of samples within the radius of a mode, 0 to 1


def mode_statistics(
    samples: np.ndarray, modes: np.ndarray, std: float, *, radius: float = 3.0
) -> ModeStatistics:
    """Counts modes found and samples of high quality.

    Args:
      samples: `[n, D]`.
      modes: centres `[M, D]`.
      std: standard deviation of each mode.
      radius: a sample counts for its nearest mode within `radius * std`. Of perfect
        two-dimensional samples 98.9 % lie within 3.

    Returns:
      The statistics.
    """
    distance, nearest = KDTree(modes).query(np.asarray(samples))
    close = distance <= radius * std
    found = len(np.unique(nearest[close]))
    return ModeStatistics(found, len(modes), float(close.mean()))
