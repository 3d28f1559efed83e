"""How good generated samples are that are vectors, beside real ones.

The main number is the exact W1 between equally many generated and held-out samples,
the distance that the method minimises. It is measured between the samples, not by the
critic. Even a perfect generator scores above 0: `sampling_floor` is what it would
score, and W1 / floor near 1 means as good as n samples can tell.
"""

import numpy as np

from wgan_gp.data import Dataset
from wgan_gp.evaluate.distances import exact_wasserstein_of_pairs
from wgan_gp.evaluate.modes import mode_statistics

MODE_SAMPLES = 2500  # as many as the mode-collapse literature counts modes on


def sampling_floor(first: np.ndarray, second: np.ndarray) -> float:
    """Mean exact W1 between paired sets of real samples: what perfection scores.

    Args:
      first: sets of real samples `[R, n, ...]`.
      second: other sets `[R, n, ...]`, independent of the first.

    Returns:
      The mean over the R pairs, in the units of the samples.

    Raises:
      ValueError: as `exact_wasserstein`.
    """
    return float(np.mean(exact_wasserstein_of_pairs(first, second)))


def sample_quality(
    dataset: Dataset, fakes: np.ndarray, reals: np.ndarray
) -> dict[str, float]:
    """Exact W1 and mode coverage of generated samples.

    Args:
      dataset: what was to be learned.
      fakes: sets of generated samples `[R, n, ...]`.
      reals: sets of real samples `[R, n, ...]`.

    Returns:
      `w1`, the mean over the R sets, and, if R > 1, `w1_std`, their standard deviation;
      for a mixture also `modes`, `share` and `reverse_kl` of `mode_statistics`, means
      over sets of about 2,500 samples. W1 is in the units of the samples.

    Raises:
      ValueError: as `exact_wasserstein` and `mode_statistics`, such as for samples
        that are not finite.
    """
    distances = exact_wasserstein_of_pairs(fakes, reals)
    quality = {"w1": float(np.mean(distances))}
    if len(distances) > 1:
        quality["w1_std"] = float(np.std(distances))
    if dataset.modes is not None and dataset.std is not None:
        pooled = fakes.reshape(-1, *fakes.shape[2:])
        sets = np.array_split(pooled, max(1, len(pooled) // MODE_SAMPLES))
        statistics = [mode_statistics(x, dataset.modes, dataset.std) for x in sets]
        quality |= {
            "modes": float(np.mean([each.found for each in statistics])),
            "share": float(np.mean([each.share for each in statistics])),
            "reverse_kl": float(np.mean([each.reverse_kl for each in statistics])),
        }
    return quality
