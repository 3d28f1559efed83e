"""The table of metrics: how each is named, judged and written, in one place.

A metric is a scalar in a run's records. Its functions in `evaluate` measure it, and
records, tables, figures and sweeps look up here how to present it. To add a metric,
add a line to `METRICS`, with the function that measures it as `measure`: every
evaluation then records it, and tables have it in the order of the lines.
`docs/extending.md` shows how.
"""

from collections.abc import Mapping

import numpy as np

from wgan_gp.data import Dataset
from wgan_gp.evaluate.metric import FLOOR, Metric
from wgan_gp.evaluate.ngrams import ORDERS
from wgan_gp.system.values import show

# In the order of tables. `floor` of W1 is older than the other floors' names.
METRICS: dict[str, Metric] = {
    # Of a critic and its training.
    "wasserstein": Metric(
        "Wasserstein estimate, without the penalty",
        "estimate",
        symbol="estimate",
        in_sweeps=True,
        meaning=(
            "What the critic says: its mean value on real samples less its mean on"
            " generated ones. Under a penalty with slopes near 1 it is a distance in"
            " the units of the data; under weight clipping it has no scale. It rises"
            " while the critic learns and falls as the generator does."
        ),
    ),
    "gradient_norm_mean": Metric(
        "gradient norm at interpolates",
        "mean gradient norm",
        extent=("gradient_norm_min", "gradient_norm_max"),
        symbol="|grad D|",
        in_sweeps=True,
        meaning=(
            "How steep the critic is, at points between real and generated samples."
            " Penalties ask for about 1; values far above say that the constraint is"
            " too weak, near 0 that the critic has stopped learning. Under weight"
            " clipping any size is normal."
        ),
    ),
    "penalty": Metric(
        "penalty, without lambda",
        "penalty",
        meaning=(
            "The penalty term as it stands in the critic's loss, before it is"
            " multiplied by its weight lambda. It is near 0 where the constraint holds."
        ),
    ),
    "critic_loss": Metric(
        "critic loss, with the penalty",
        "critic loss",
        meaning=(
            "What the critic minimises: its objective (the negative estimate, for the"
            " Wasserstein objective) plus the weighted penalty."
        ),
    ),
    "generator_loss": Metric(
        "generator loss",
        "generator loss",
        meaning=(
            "What the generator minimises. Its zero is arbitrary, so its size alone"
            " says nothing."
        ),
    ),
    "classification": Metric(
        "cross-entropy of the auxiliary classifier",
        "cross-entropy",
        "lower",
        "nats",
        meaning=(
            "How surprised the auxiliary classifier is by the classes of real samples."
        ),
    ),
    # Of generated samples that are vectors: first what does not mislead where there are
    # many dimensions.
    "lower_bound": Metric(
        "lower bound of W1 by an exact critic",
        "lower bound of W1",
        "lower",
        floor=f"{FLOOR}lower_bound",
        spread=("lower_bound_error", "standard error"),
        meaning=(
            "An exactly 1-Lipschitz critic is trained on some samples and evaluated on"
            " others: real and generated samples are at least so far apart, in the"
            " units of the data. Within two or three standard errors of 0, no"
            " difference was found."
        ),
    ),
    "two_sample": Metric(
        "classifier of generated and real: accuracy (50 %: not told apart)",
        "classifier's accuracy",
        "lower",
        "%",
        form=".1f",
        floor=f"{FLOOR}two_sample",
        in_sweeps=True,
        meaning=(
            "How often a simple classifier tells generated samples from real ones."
            " 50 % means that it can only guess."
        ),
    ),
    "spread": Metric(
        "standard deviations, generated / real",
        "spread",
        ideal="1",
        floor=f"{FLOOR}spread",
        extent=("spread_min", "spread_max"),
        meaning=(
            "How widely generated samples vary, compared with real ones: 1 is right,"
            " below 1 variety is missing. A column that has collapsed shows in the"
            " minimum."
        ),
    ),
    "marginal_w1": Metric(
        "W1 of each column alone (standard deviations)",
        "marginal W1",
        "lower",
        floor=f"{FLOOR}marginal_w1",
        meaning=(
            "The distance between generated and real values of one column, averaged"
            " over columns. It compares all quantiles and sees no correlations."
        ),
    ),
    "sliced_w1": Metric(
        "sliced W1",
        "sliced W1",
        "lower",
        floor=f"{FLOOR}sliced_w1",
        symbol="sliced W1",
        in_sweeps=True,
        meaning=(
            "The distance between the two sets of samples along random directions, in"
            " the units of the data (pictures: pixels from 0 to 1)."
        ),
    ),
    "sinkhorn": Metric(
        "Sinkhorn divergence",
        "Sinkhorn",
        "lower",
        floor=f"{FLOOR}sinkhorn",
        meaning=(
            "A smoothed W1 between the two sets, less what the sets' own spread adds;"
            " 0 for equal sets."
        ),
    ),
    "nearest": Metric(
        "distance to the nearest training sample, generated / held out (0: copies)",
        "nearest",
        "higher",
        meaning=(
            "How near samples lie to training samples, generated ones over held-out"
            " ones. Near 1 they are new; near 0 they are copies."
        ),
    ),
    "w1": Metric(
        "exact W1, generated to real",
        "exact W1",
        "lower",
        floor="floor",
        floor_row=True,
        spread=("w1_std", "standard deviation of {sets} sets"),
        symbol="W1",
        in_sweeps=True,
        meaning=(
            "How far samples must be moved on average to turn the generated set into"
            " the real one, in the units of the data: the Wasserstein distance between"
            " the two sets, computed without the critic. It misleads in many"
            " dimensions."
        ),
    ),
    "modes": Metric(
        "modes found",
        "modes",
        "higher",
        form=".1f",
        in_sweeps=True,
        meaning=(
            "How many of the clusters of the true distribution at least one sample"
            " lies in."
        ),
    ),
    "share": Metric(
        "share within 3σ of a mode",
        "share near modes",
        "higher",
        "%",
        form=".1f",
        symbol="within 3σ",
        in_sweeps=True,
        meaning=(
            "How many samples lie close to a cluster; 98.9 % of perfect ones do in two"
            " dimensions."
        ),
    ),
    "reverse_kl": Metric(
        "reverse KL over modes",
        "reverse KL",
        "lower",
        "nats",
        form=".4f",
        meaning="How unevenly samples are divided among the clusters: 0 is even.",
    ),
    # Of generated images.
    "frechet": Metric(
        "Frechet distance of features",
        "Frechet distance",
        "lower",
        floor=f"{FLOOR}frechet",
        in_sweeps=True,
        meaning=(
            "How far the features of generated and real pictures are apart (FID is"
            " this with Inception's features). It falls with the number of pictures:"
            " compare equal numbers."
        ),
    ),
    "kernel": Metric(
        "kernel distance of features",
        "kernel distance",
        "lower",
        floor=f"{FLOOR}kernel",
        spread=("kernel_error", "standard error"),
        meaning=(
            "The same question as the Frechet distance, without its bias (KID is this"
            " with Inception's features); about 0 for equal distributions."
        ),
    ),
    "precision": Metric(
        "precision: generated that look real",
        "precision",
        "higher",
        floor=f"{FLOOR}precision",
        meaning=(
            "How many generated samples lie where real ones do: low if they look wrong."
        ),
    ),
    "recall": Metric(
        "recall: real that are covered",
        "recall",
        "higher",
        floor=f"{FLOOR}recall",
        meaning=(
            "How many real samples lie where generated ones do: low if variety is"
            " missing."
        ),
    ),
    "score": Metric(
        "score of class probabilities",
        "score",
        "higher",
        floor=f"{FLOOR}score",
        spread=("score_std", "standard deviation over 10 parts"),
        in_sweeps=True,
        meaning=(
            "Whether a classifier is sure of each picture and sees all classes alike"
            " (the Inception Score is this with Inception's classes). 1 is worst, the"
            " number of classes best."
        ),
    ),
    "class_divergence": Metric(
        "KL of classes to an even share",
        "KL of classes",
        "lower",
        "nats",
        meaning=(
            "How unevenly generated pictures are divided among the classes: 0 is even."
        ),
    ),
    "confidence": Metric(
        "mean confidence of the classifier",
        "confidence",
        meaning=(
            "How sure the classifier is of its class of a generated picture, from 0 to"
            " 1."
        ),
    ),
    # Of generated series.
    "values_w1": Metric(
        "W1 of single values",
        "W1 of values",
        "lower",
        floor=f"{FLOOR}values_w1",
        meaning=(
            "The distance between the distributions of single values, whatever their"
            " order in time."
        ),
    ),
    "windows_w1": Metric(
        "sliced W1 of windows of 8 steps",
        "W1 of windows",
        "lower",
        floor=f"{FLOOR}windows_w1",
        symbol="windows",
        in_sweeps=True,
        meaning=(
            "The distance between short stretches of series: what follows what, over a"
            " short time."
        ),
    ),
    "autocorrelation_error": Metric(
        "error of the autocorrelation",
        "autocorrelation",
        "lower",
        floor=f"{FLOOR}autocorrelation_error",
        in_sweeps=True,
        meaning=(
            "How far correlations in time are from those of real series: the root mean"
            " square over lags."
        ),
    ),
    "spectrum_error": Metric(
        "error of the power spectrum",
        "spectrum",
        "lower",
        "dB",
        floor=f"{FLOOR}spectrum_error",
        in_sweeps=True,
        meaning=(
            "How far the power at each frequency is from that of real series: the root"
            " mean square over frequencies."
        ),
    ),
    # Of generated text.
    **{
        f"js_{n}": Metric(
            f"JS divergence of {n}-grams",
            f"JS of {n}-grams",
            "lower",
            "bits",
            floor=f"{FLOOR}js_{n}",
            symbol="JS of 4-grams" if n == 4 else "",
            meaning=(
                f"How unlike real text the runs of {n} characters in a row are: 0 for"
                " equal frequencies, 1 if the two have none in common."
            ),
            in_sweeps=n == 4,
        )
        for n in ORDERS
    },
    # Of a critic beside the optimal one: `truth.Truth`, whose W1 is that above.
    "cosine": Metric(
        "cosine of the gradients",
        "cosine",
        "higher",
        ideal="1",
        symbol="cosine",
        meaning=(
            "Whether the critic's gradient points where the optimal critic's does: 1"
            " is the same direction, 0 a right angle."
        ),
    ),
    "trivial": Metric(
        "... of the critic -||x||",
        "cosine of -||x||",
        "",
        meaning=(
            "The same for a critic that has learned nothing but where the origin is:"
            " in many dimensions it points quite well already."
        ),
    ),
    "skill": Metric(
        "skill",
        "skill",
        "higher",
        ideal="1",
        symbol="skill",
        meaning=(
            "The share of what a critic can learn beyond -||x|| that this one did:"
            " (cosine - trivial) / (1 - trivial)."
        ),
    ),
    "cosine_clear": Metric(
        "cosine, centres left out",
        "cosine without centres",
        "higher",
        ideal="1",
        meaning=(
            "The same without the samples that lie at a centre, or at another place at"
            " which the optimal gradient is undefined."
        ),
    ),
    "l2": Metric(
        "L2 distance of the gradients",
        "L2",
        "lower",
        ideal="0",
        meaning=(
            "The mean squared distance of the critic's gradients from the optimal ones."
        ),
    ),
    "estimate": Metric(
        "Wasserstein estimate",
        "W1 estimate",
        ideal="w1",
        meaning="What the critic says W1 is, beside what it is.",
    ),
    "left_out": Metric(
        "samples at a centre",
        "samples at a centre",
        "",
        "%",
        ".2f",
        meaning="How many samples lie where the optimal gradient is undefined.",
    ),
    # Of a run.
    "seconds": Metric(
        "training and evaluation",
        "time",
        "",
        "s",
        ".1f",
        meaning=(
            "The run's time since it was last started; a resumed run leaves out what"
            " came before."
        ),
    ),
}
# The first of these that was measured says how good a generator is.
QUALITY = ("frechet", "js_4", "windows_w1", "sliced_w1", "w1", "js_1")


def in_sweeps() -> list[str]:
    """The columns of a sweep's summary: first those that say which run is better."""
    names = (name for name, metric in METRICS.items() if metric.in_sweeps)
    return sorted(names, key=lambda name: METRICS[name].better == "")


def measured(
    fakes: np.ndarray, reals: np.ndarray, dataset: Dataset
) -> dict[str, float]:
    """The metrics that have a function of their own.

    Args:
      fakes: sets of generated samples `[R, n, ...]`; images are uint8.
      reals: as many sets of held-out real ones.
      dataset: what was to be learned.

    Returns:
      The mean of each over the sets, by its name, without those that do not apply to
      the data set.

    Raises:
      ValueError: a function returns something else than a number.
    """
    found: dict[str, float] = {}
    for name, metric in METRICS.items():
        if metric.measure is not None:
            values = [metric.measure(*pair, dataset) for pair in zip(fakes, reals)]
            if not any(each is None for each in values):
                found[name] = float(np.mean([_number(name, each) for each in values]))
    return found


def _number(name: str, value: float | None) -> float:
    try:
        return float(np.asarray(value).item())
    except (TypeError, ValueError):
        raise ValueError(
            f"the metric {name!r} measured {show(value)}: its function must return a"
            " number"
        ) from None


def as_floor(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores of real images under the names of floors.

    Args:
      scores: by name, metrics and what belongs to them.

    Returns:
      The floors of those metrics that have one.
    """
    floors = {name: METRICS[name].floor for name in scores if name in METRICS}
    return {floor: scores[name] for name, floor in floors.items() if floor}
