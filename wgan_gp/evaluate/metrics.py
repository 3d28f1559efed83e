"""What is measured of critics and generators: each metric's words, in one place.

Records, tables and figures find a metric by its name here; its numbers come from
`evaluate`.
"""

from typing import NamedTuple


class Metric(NamedTuple):
    """What is told of a metric."""

    label: str  # in a run's table, and on axes
    short: str  # at the head of a column
    better: str = ""  # "lower" or "higher"; nothing where neither is better
    floor: str = ""  # the record of what real samples score in its place, if any


# In the order in which they are told.
METRICS: dict[str, Metric] = {
    "wasserstein": Metric("Wasserstein estimate, without the penalty", "estimate"),
    "gradient_norm_mean": Metric(
        "gradient norm at interpolates: mean", "mean gradient norm"
    ),
    "w1": Metric("exact W1, generated to real", "exact W1", "lower", "floor"),
    "modes": Metric("modes found", "modes", "higher"),
    "share": Metric("share within 3σ of a mode", "share near modes", "higher"),
    "reverse_kl": Metric("reverse KL over modes", "reverse KL", "lower"),
    "sliced_w1": Metric("sliced W1 of pixels", "sliced W1", "lower", "floor_sliced_w1"),
    "frechet": Metric(
        "Frechet distance of features", "Frechet distance", "lower", "floor_frechet"
    ),
    "kernel": Metric(
        "kernel distance of features", "kernel distance", "lower", "floor_kernel"
    ),
    "precision": Metric(
        "precision: generated that look real", "precision", "higher", "floor_precision"
    ),
    "recall": Metric(
        "recall: real that are covered", "recall", "higher", "floor_recall"
    ),
    "score": Metric("score of class probabilities", "score", "higher", "floor_score"),
    "class_divergence": Metric(
        "KL of classes to an even share", "KL of classes", "lower"
    ),
    "confidence": Metric("mean confidence of the classifier", "confidence"),
}
# The first of these that was measured says how good a generator is.
QUALITY = ("w1", "frechet", "sliced_w1")
# Those of images, and those of them that real images are scored by, too.
OF_IMAGES = (
    *("sliced_w1", "frechet", "kernel", "precision", "recall", "score"),
    *("class_divergence", "confidence"),
)
WITH_FLOOR = tuple(name for name in OF_IMAGES if METRICS[name].floor)
