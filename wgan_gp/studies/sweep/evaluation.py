"""The evaluation of each run of a sweep, as `runs.loop` evaluates a single run."""

import math
from typing import Any

import jax
import numpy as np

from wgan_gp import train
from wgan_gp.build import Experiment
from wgan_gp.configs import Settings
from wgan_gp.evaluate.held_out import HeldOutSets, hold_out
from wgan_gp.runs import loop

_KEPT = 2**28  # bytes of held-out samples


class HeldOutCache:
    """A cache of held-out sets; runs with the same seed and data share them."""

    def __init__(self):
        self._kept: dict[Any, HeldOutSets] = {}
        self._bytes = 0  # of the sets in the cache

    def get(self, experiment: Experiment, settings: Settings) -> HeldOutSets:
        """The held-out sets of a run, the same as in `loop.run`.

        Args:
          experiment: of the run.
          settings: of the run.
        """
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
    settings: Settings,
    state: train.TrainState,
    held: HeldOutSets,
) -> dict[str, float]:
    """The final evaluation of a run.

    Args:
      experiment: of the run.
      settings: of the run.
      state: after the last step.
      held: from `HeldOutCache`.

    Returns:
      The scalars; empty if one is not finite, as in a run that diverged.
    """
    key = jax.random.fold_in(loop.run_keys(settings.seed)[2], settings.steps)
    try:
        metrics = loop.evaluate(experiment, state, held, key, settings.eval_repeats)
    except ValueError:
        probe = train.generate(experiment.algorithm, state.average, key, 1000)
        if np.isfinite(probe).all():
            raise
        return {}
    return metrics if all(map(math.isfinite, metrics.values())) else {}
