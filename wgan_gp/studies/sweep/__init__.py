"""Sweeps: many runs in one compiled program, over seeds and hyperparameters.

`python -m wgan_gp.studies.sweep --config FILE[:VARIANT]`, see docs/sweeps.md.
"""

from wgan_gp.studies.sweep.plan import Sweep, resolve
from wgan_gp.studies.sweep.settings import configuration

__all__ = ["Sweep", "configuration", "resolve"]
