"""Configurations: their fields, what a constraint sets, and what is refused.

An experiment's `get_config` starts from `base()`, a ConfigDict. Fields that belong to
the Lipschitz constraint are left open there; `resolve` fills those still open after the
command line has been read, first from the experiment's `by_constraint` table, then from
the constraint's presets, and returns frozen `Settings`. So one switch,
`--config.lipschitz`, changes all of them consistently, and any of them can still be set
by hand.
"""

from wgan_gp.configs.fields import (
    IMAGE_SMOKE,
    PAPER_TOY,
    SMOKE,
    base,
    experiment,
    penalised,
    update,
)
from wgan_gp.configs.resolution import base_arguments, resolve
from wgan_gp.configs.settings import CriticSettings, Settings, as_dict, flatten, get
from wgan_gp.configs.stored import complete_stored, resolve_stored

__all__ = [
    "IMAGE_SMOKE",
    "PAPER_TOY",
    "SMOKE",
    "CriticSettings",
    "Settings",
    "as_dict",
    "base",
    "base_arguments",
    "complete_stored",
    "experiment",
    "flatten",
    "get",
    "penalised",
    "resolve",
    "resolve_stored",
    "update",
]
