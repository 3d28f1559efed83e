"""Wasserstein critics under four Lipschitz constraints, in JAX and Flax.

`losses` is the mathematics, on critics of your own; `constraints` are the choices of
a constraint; `train` is Algorithm 1 as pure functions; `networks` and `data` are what
the experiments are made of. Importing this
package touches no flags, files or devices.
"""

from wgan_gp import constraints, data, losses, networks, train
from wgan_gp.losses import (
    clip_weights,
    critic_loss,
    difference_penalty,
    difference_quotient,
    generator_loss,
    gradient_norm,
    gradient_penalty,
    interpolate,
    one_sided,
    one_sided_gradient_penalty,
    two_sided,
    wasserstein_estimate,
)

__version__ = "0.1.0"
__all__ = [
    "clip_weights",
    "constraints",
    "critic_loss",
    "data",
    "difference_penalty",
    "difference_quotient",
    "generator_loss",
    "gradient_norm",
    "gradient_penalty",
    "interpolate",
    "losses",
    "networks",
    "one_sided",
    "one_sided_gradient_penalty",
    "train",
    "two_sided",
    "wasserstein_estimate",
]
