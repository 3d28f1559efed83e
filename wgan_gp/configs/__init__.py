"""Configurations and settings.

A configuration (`config`) is a ConfigDict that an experiment's `get_config` makes from
`base()` and that the command line changes. `resolve` checks it and returns the
`settings`: frozen dataclasses, which all other code uses.

Fields that belong to the Lipschitz constraint are open in `base()`. `resolve` fills the
fields that are still open, first from the experiment's `by_constraint` table, then from
the constraint's presets. One switch, `--config.lipschitz`, therefore changes all of
them consistently, and each can still be set by hand.
"""

from wgan_gp.configs.fields import (
    IMAGE_SMOKE,
    PAPER_TOY,
    SEQUENCE_SMOKE,
    SMALL_PICTURES,
    SMOKE,
    base,
    experiment,
    penalised,
    toy,
    update,
)
from wgan_gp.configs.resolution import ALGORITHM_1, base_arguments, resolve
from wgan_gp.configs.schema import as_dict, constraint_section, flatten, get
from wgan_gp.configs.settings import CriticSettings, Settings
from wgan_gp.configs.stored import complete_stored, resolve_stored

__all__ = [
    "ALGORITHM_1",
    "IMAGE_SMOKE",
    "PAPER_TOY",
    "SEQUENCE_SMOKE",
    "SMALL_PICTURES",
    "SMOKE",
    "CriticSettings",
    "Settings",
    "as_dict",
    "base",
    "base_arguments",
    "complete_stored",
    "constraint_section",
    "experiment",
    "flatten",
    "get",
    "penalised",
    "resolve",
    "resolve_stored",
    "toy",
    "update",
]
