"""What each run of a sweep is measured to be."""

import math
from typing import Any

import jax
import numpy as np

from wgan_gp import train
from wgan_gp.build import Experiment
from wgan_gp.evaluate.held_out import HeldOutSets, hold_out
from wgan_gp.runs import loop

_KEPT = 2**28  # bytes of held-out samples


class HeldOutCache:
    """Held-out samples by seed and data; runs of one seed share them."""

    def __init__(self):
        self._kept: dict[Any, HeldOutSets] = {}
        self._bytes = 0  # that they take

    def get(self, experiment: Experiment, settings: Any) -> HeldOutSets:
        """As `loop.run` holds out samples."""
        name = settings.seed, settings.conditional, experiment.evaluation
        if name not in self._kept:
            if self._bytes > _KEPT:
                self._kept.clear()
                self._bytes = 0
            key = loop.run_keys(settings.seed)[1]
            self._kept[name] = hold_out(experiment.dataset, experiment.evaluation, key)
            self._bytes += self._kept[name].reals.nbytes
        return self._kept[name]


def evaluate(
    experiment: Experiment,
    settings: Any,
    state: train.TrainState,
    held: HeldOutSets,
) -> dict[str, float]:
    """The scalars of a single run's last evaluation; none if one is not finite."""
    key = jax.random.fold_in(loop.run_keys(settings.seed)[2], settings.steps)
    try:
        metrics = loop.evaluate(experiment, state, held, key, settings.eval_repeats)
    except ValueError:
        probe = train.generate(experiment.algorithm, state.average, key, 1000)
        if np.isfinite(probe).all():
            raise
        return {}
    return metrics if all(map(math.isfinite, metrics.values())) else {}
