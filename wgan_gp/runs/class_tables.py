"""The table of a run whose generator is told a class: a row for each class."""

import jax
import numpy as np
from rich.markup import escape
from rich.table import Table

from wgan_gp import train
from wgan_gp.build import Experiment
from wgan_gp.data import unlabelled
from wgan_gp.evaluate.classes import METRIC, by_class
from wgan_gp.evaluate.held_out import HeldOutSets
from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.runs import draws

_MOST = {"vectors": 10_000, "sequences": 2_000}  # samples whose classes are compared


def class_table(
    experiment: Experiment,
    state: train.TrainState,
    held: HeldOutSets,
    key: jax.Array,
) -> Table | None:
    """The table of a conditional run on vectors or series, with a row for each class.

    Args:
      experiment: that was trained.
      state: the final state, on one device.
      held: the held-out sets.
      key: for the generated samples.

    Returns:
      None for other runs.
    """
    dataset = experiment.dataset
    columns = dataset.columns
    if columns is None or columns.label is None:
        return None
    real_key, fake_key = jax.random.split(key)
    reals = held.reals.reshape(-1, *dataset.shape)
    most = _MOST[dataset.kind]
    count = min(most, dataset.count or most)
    others = np.asarray(unlabelled(dataset)(real_key, count))
    parts = draws.draw(experiment.algorithm, state.average, fake_key, count)
    fakes = draws.concatenate(parts, count)
    if dataset.kind == "vectors":
        fakes = columns.hardened(fakes)
    metric = METRICS[METRIC[dataset.kind]]
    title = escape(f"by {columns.label}")  # names of a user's own are no markup
    table = Table(title=title, title_justify="left")
    table.add_column("class")
    for heading in ("share (real)", f"{metric.short} (real to real)"):
        table.add_column(heading, justify="right")
    for name, found in by_class(dataset, fakes, reals, others).items():
        shares = f"{found.share:.1%} ({found.real_share:.1%})"
        distances = (found.distance, found.floor)
        texts = [metric.text(each) for each in distances if np.isfinite(each)]
        distance = "{} ({})".format(*texts) if len(texts) == 2 else "too few to say"
        table.add_row(escape(name), shares, distance)
    return table
