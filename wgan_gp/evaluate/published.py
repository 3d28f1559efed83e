"""The published numbers of the W1 benchmark (Korotin et al. 2022, arXiv:2206.07767).

The benchmark has pairs of distributions whose optimal critic is known, and measures
trained critics beside it: the mean cosine of their gradients (1 is best), the mean
squared distance of the gradients (0 is best) and the Wasserstein estimate (`truth`
says how). Each number is of one seed, so differences of a few hundredths mean little.

Clipping fails on every pair. The two penalties agree where there are few funnels or
many dimensions; with many funnels in few dimensions the one-sided one is better.
"""

DIMENSIONS = (2, 4, 8, 16, 32, 64, 128)
FUNNELS = (4, 16, 64, 256)

# Mean cosine of the gradients, by the names of methods in the paper: WC clips weights,
# GP and LP are the two-sided and the one-sided gradient penalty. Rows are funnels.
COSINE = {
    "WC": (
        (0.07, 0.27, 0.34, 0.33, 0.40, 0.39, 0.36),
        (0.07, 0.09, 0.21, 0.24, 0.20, 0.20, 0.21),
        (0.07, 0.09, 0.12, 0.15, 0.18, 0.13, 0.14),
        (0.01, 0.04, 0.10, 0.16, 0.17, 0.14, 0.11),
    ),
    "GP": (
        (0.84, 0.95, 0.96, 0.96, 0.95, 0.92, 0.92),
        (0.68, 0.86, 0.92, 0.91, 0.90, 0.75, 0.80),
        (0.35, 0.67, 0.82, 0.78, 0.73, 0.61, 0.64),
        (0.19, 0.37, 0.59, 0.61, 0.56, 0.53, 0.56),
    ),
    "LP": (
        (0.82, 0.95, 0.96, 0.96, 0.95, 0.92, 0.93),
        (0.81, 0.90, 0.92, 0.92, 0.90, 0.76, 0.75),
        (0.68, 0.82, 0.83, 0.78, 0.73, 0.60, 0.62),
        (0.49, 0.66, 0.68, 0.60, 0.55, 0.53, 0.56),
    ),
}
# The best of the eight solvers there, whichever it is: gradient penalties, sorting
# networks, spectral normalisation, min-max solvers and discrete transport among them.
BEST_COSINE = (
    (0.86, 0.96, 0.97, 0.97, 0.98, 0.96, 0.93),
    (0.84, 0.90, 0.92, 0.92, 0.94, 0.95, 0.92),
    (0.72, 0.82, 0.83, 0.78, 0.74, 0.83, 0.64),
    (0.55, 0.66, 0.68, 0.61, 0.56, 0.66, 0.61),
)
L2 = {
    "WC": (
        (0.85, 1.14, 2.02, 6.90, 12.4, 26.3, 557),
        (0.89, 1.09, 2.44, 9.50, 10.1, 22.1, 569),
        (0.85, 1.15, 1.98, 3.42, 4.42, 12.8, 346),
        (0.82, 1.08, 1.59, 1.77, 2.45, 5.35, 176),
    ),
    "GP": (
        (0.09, 0.09, 0.09, 0.09, 0.11, 0.18, 0.17),
        (0.45, 0.24, 0.18, 0.20, 0.24, 0.53, 0.44),
        (1.08, 0.60, 0.41, 0.46, 0.58, 0.82, 0.74),
        (1.40, 1.21, 0.82, 0.83, 0.92, 0.96, 0.89),
    ),
    "LP": (
        (0.17, 0.09, 0.10, 0.09, 0.12, 0.17, 0.16),
        (0.15, 0.17, 0.17, 0.19, 0.23, 0.52, 0.52),
        (0.34, 0.30, 0.35, 0.46, 0.56, 0.83, 0.77),
        (0.63, 0.54, 0.62, 0.79, 0.92, 0.98, 0.90),
    ),
}
ESTIMATE = {
    "WC": (
        (0.03, 0.41, 1.11, 1.72, 2.85, 3.31, 9.44),
        (0.04, 0.19, 0.60, 1.59, 1.00, 1.31, 5.91),
        (-0.01, 0.06, 0.21, 0.52, 0.52, 0.70, 2.80),
        (-0.01, 0.02, 0.09, 0.29, 0.30, 0.36, 1.09),
    ),
    "GP": (
        (0.86, 1.45, 2.00, 2.07, 1.98, 1.38, 1.14),
        (0.42, 1.06, 1.70, 1.81, 1.71, 1.09, 0.92),
        (0.13, 0.58, 1.16, 1.36, 1.19, 0.81, 0.71),
        (0.04, 0.22, 0.71, 0.91, 0.87, 0.67, 0.60),
    ),
    "LP": (
        (0.89, 1.48, 1.98, 2.12, 1.92, 1.46, 1.14),
        (0.48, 1.06, 1.66, 1.81, 1.61, 1.15, 0.87),
        (0.22, 0.69, 1.18, 1.35, 1.18, 0.83, 0.69),
        (0.10, 0.39, 0.78, 0.91, 0.80, 0.69, 0.64),
    ),
}
# By the names of metrics.
PUBLISHED = {"cosine": COSINE, "l2": L2, "estimate": ESTIMATE}


def published(table: dict | tuple, method: str, dimension: int, funnels: int):
    """A published number, or None for a cell or method that has none.

    Args:
      table: `COSINE`, `L2`, `ESTIMATE` or `BEST_COSINE`, which has no methods.
      method: its name in the paper, `constraints.Choice.published_as`.
      dimension: D, of the samples.
      funnels: N, how many cones the optimal critic is made of.
    """
    rows = table.get(method) if isinstance(table, dict) else table
    if rows is None or dimension not in DIMENSIONS or funnels not in FUNNELS:
        return None
    return rows[FUNNELS.index(funnels)][DIMENSIONS.index(dimension)]
