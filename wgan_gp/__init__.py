"""Wasserstein critics under Lipschitz constraints, in JAX and Flax.

`losses` is the mathematics, on critics of your own, and its names are found here too;
`constraints` are the choices of a constraint; `train` is Algorithm 1 as pure functions;
`networks`, `data` and `evaluate` are what the experiments are made of. Each is imported
when it is first used: the losses need neither Flax nor a library for configurations,
data or figures. Importing this package touches no flags, files or devices.
"""

from typing import TYPE_CHECKING

from wgan_gp.system.lazy import lazy_attributes

__version__ = "0.1.0"
__all__ = ["constraints", "data", "evaluate", "losses", "networks", "train"]

if TYPE_CHECKING:
    from wgan_gp import constraints, data, evaluate, losses, networks, train
    from wgan_gp.losses import *  # noqa: F403
else:  # where type checkers saw it, they would take any name for right
    __getattr__, __dir__ = lazy_attributes(__name__, __all__, names_of="losses")
