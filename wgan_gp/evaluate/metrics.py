"""The table of metrics: how each is named, judged and written, in one place.

A metric is a scalar in a run's records. Its functions in `evaluate` measure it, and
records, tables, figures and sweeps look up here how to present it. To add a metric,
add a line to `METRICS`, with the function that measures it as `measure`: every
evaluation then records it, and tables have it in the order of the lines.
`docs/extending.md` shows how.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from wgan_gp.data import Dataset
from wgan_gp.evaluate.ngrams import ORDERS
from wgan_gp.system.values import show

FLOOR = "floor_"  # before the name of a metric: what real samples score in its place


class Metric(NamedTuple):
    """How a metric is presented.

    Attributes:
      label: the title of its row in a table, and of an axis.
      short: the head of its column in a table, and its name in a sentence.
      better: "lower" or "higher"; empty where neither is better.
      unit: of its values, "" for numbers and for distances, which are in the units of
        the data. "%" is for shares: they are recorded from 0 to 1.
      form: the format of its values in a table, as in `format(value, form)`.
      ideal: its value for the optimal critic, or the record that has it.
      floor: the record of what real samples score in its place, if any.
      floor_row: whether tables have a row for the floor, and for the ratio to it.
      spread: the record of its spread or error, if any, and what that is.
      extent: the records of the least and the greatest value that it is the mean of.
      symbol: its name beside a progress bar; empty if it is not shown there.
      in_sweeps: whether it has a column in the summary of a sweep.
      measure: `(fakes, reals, dataset) -> float`. Each evaluation calls it for each of
        its sets with the generated samples `[n, ...]`, as many held-out real ones and
        the data set, and records the mean. Vectors are floats, images uint8 `[n, H, W,
        C]`. It may return None for a data set that it does not apply to. At the start
        of a run, other real samples are measured in the place of generated ones, and
        recorded as `floor` if that has a name. A metric without the function is
        recorded by other code.
    """

    label: str
    short: str
    better: str = ""
    unit: str = ""
    form: str = ".4g"  # significant digits: a clipped critic's numbers have any size
    ideal: str = ""
    floor: str = ""
    floor_row: bool = False
    spread: tuple[str, str] | None = None
    extent: tuple[str, str] | None = None
    symbol: str = ""
    in_sweeps: bool = False
    measure: Callable[[np.ndarray, np.ndarray, Dataset], float | None] | None = None

    def text(self, value: float, form: str = "") -> str:
        """A value with its unit.

        Args:
          value: as it is recorded.
          form: in place of the metric's own.
        """
        number = format(100 * value if self.unit == "%" else value, form or self.form)
        return f"{number} {self.unit}" if self.unit else number

    def axis(self) -> str:
        """The title of an axis of recorded values."""
        return (
            f"{self.label} ({self.unit})" if self.unit not in ("", "%") else self.label
        )


# In the order of tables. `floor` of W1 is older than the other floors' names.
METRICS: dict[str, Metric] = {
    # Of a critic and its training.
    "wasserstein": Metric(
        "Wasserstein estimate, without the penalty",
        "estimate",
        symbol="estimate",
        in_sweeps=True,
    ),
    "gradient_norm_mean": Metric(
        "gradient norm at interpolates",
        "mean gradient norm",
        extent=("gradient_norm_min", "gradient_norm_max"),
        symbol="|grad D|",
        in_sweeps=True,
    ),
    "penalty": Metric("penalty, without lambda", "penalty"),
    "critic_loss": Metric("critic loss, with the penalty", "critic loss"),
    "generator_loss": Metric("generator loss", "generator loss"),
    "classification": Metric(
        "cross-entropy of the auxiliary classifier", "cross-entropy", "lower", "nats"
    ),
    # Of generated samples that are vectors: first what does not mislead where there are
    # many dimensions.
    "lower_bound": Metric(
        "lower bound of W1 by an exact critic",
        "lower bound of W1",
        "lower",
        floor=f"{FLOOR}lower_bound",
        spread=("lower_bound_error", "standard error"),
    ),
    "two_sample": Metric(
        "classifier of generated and real: accuracy (50 %: not told apart)",
        "classifier's accuracy",
        "lower",
        "%",
        form=".1f",
        floor=f"{FLOOR}two_sample",
        in_sweeps=True,
    ),
    "spread": Metric(
        "standard deviations, generated / real",
        "spread",
        ideal="1",
        floor=f"{FLOOR}spread",
        extent=("spread_min", "spread_max"),
    ),
    "marginal_w1": Metric(
        "W1 of each column alone (standard deviations)",
        "marginal W1",
        "lower",
        floor=f"{FLOOR}marginal_w1",
    ),
    "sliced_w1": Metric(
        "sliced W1",
        "sliced W1",
        "lower",
        floor=f"{FLOOR}sliced_w1",
        symbol="sliced W1",
        in_sweeps=True,
    ),
    "sinkhorn": Metric(
        "Sinkhorn divergence", "Sinkhorn", "lower", floor=f"{FLOOR}sinkhorn"
    ),
    "nearest": Metric(
        "distance to the nearest training sample, generated / held out (0: copies)",
        "nearest",
        "higher",
        floor=f"{FLOOR}nearest",
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
    ),
    "modes": Metric("modes found", "modes", "higher", form=".1f", in_sweeps=True),
    "share": Metric(
        "share within 3σ of a mode",
        "share near modes",
        "higher",
        "%",
        form=".1f",
        symbol="within 3σ",
        in_sweeps=True,
    ),
    "reverse_kl": Metric(
        "reverse KL over modes", "reverse KL", "lower", "nats", form=".4f"
    ),
    # Of generated images.
    "frechet": Metric(
        "Frechet distance of features",
        "Frechet distance",
        "lower",
        floor=f"{FLOOR}frechet",
        in_sweeps=True,
    ),
    "kernel": Metric(
        "kernel distance of features",
        "kernel distance",
        "lower",
        floor=f"{FLOOR}kernel",
        spread=("kernel_error", "standard error"),
    ),
    "precision": Metric(
        "precision: generated that look real",
        "precision",
        "higher",
        floor=f"{FLOOR}precision",
    ),
    "recall": Metric(
        "recall: real that are covered", "recall", "higher", floor=f"{FLOOR}recall"
    ),
    "score": Metric(
        "score of class probabilities",
        "score",
        "higher",
        floor=f"{FLOOR}score",
        spread=("score_std", "standard deviation over 10 parts"),
        in_sweeps=True,
    ),
    "class_divergence": Metric(
        "KL of classes to an even share", "KL of classes", "lower", "nats"
    ),
    "confidence": Metric("mean confidence of the classifier", "confidence"),
    # Of generated series.
    "values_w1": Metric(
        "W1 of single values", "W1 of values", "lower", floor=f"{FLOOR}values_w1"
    ),
    "windows_w1": Metric(
        "sliced W1 of windows of 8 steps",
        "W1 of windows",
        "lower",
        floor=f"{FLOOR}windows_w1",
        symbol="windows",
        in_sweeps=True,
    ),
    "autocorrelation_error": Metric(
        "error of the autocorrelation",
        "autocorrelation",
        "lower",
        floor=f"{FLOOR}autocorrelation_error",
        in_sweeps=True,
    ),
    "spectrum_error": Metric(
        "error of the power spectrum",
        "spectrum",
        "lower",
        "dB",
        floor=f"{FLOOR}spectrum_error",
        in_sweeps=True,
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
            in_sweeps=n == 4,
        )
        for n in ORDERS
    },
    # Of a critic beside the optimal one: `truth.Truth`, whose W1 is that above.
    "cosine": Metric(
        "cosine of the gradients", "cosine", "higher", ideal="1", symbol="cosine"
    ),
    "cosine_clear": Metric(
        "cosine, centres left out",
        "cosine without centres",
        "higher",
        ideal="1",
    ),
    "l2": Metric("L2 distance of the gradients", "L2", "lower", ideal="0"),
    "estimate": Metric("Wasserstein estimate", "W1 estimate", ideal="w1"),
    "left_out": Metric("samples at a centre", "samples at a centre", "", "%", ".2f"),
    # Of a run.
    "seconds": Metric("training and evaluation", "time", "", "s", ".1f"),
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


def record_names() -> frozenset[str]:
    """The names of all scalars that a record can have."""
    names = set(METRICS)
    for metric in METRICS.values():
        names |= {metric.floor, *(metric.extent or ())} - {""}
        if metric.spread is not None:
            names |= {metric.spread[0], FLOOR + metric.spread[0]}
    return frozenset(names)
