"""Digits of 8 x 8 from scikit-learn: the smallest image run, about a minute.

    python -m wgan_gp.main --config experiments/digits.py

Two-layer DCGANs on [0, 1] with a sigmoid. `:smoke` takes seconds.
"""

from wgan_gp import configs

_ADAM = {"beta1": 0.5, "learning_rate": 5e-4, "schedule": "linear"}
DEFAULT = {
    "steps": 2000,
    "batch_size": 64,
    "data": {"name": "digits8x8", "scale": "unit"},
    "critic": {"width": 32, "multipliers": (1, 2)},
    "generator": {
        "width": 32,
        "multipliers": (2, 1),
        "latent": 32,
        "output": "sigmoid",
    },
    "ema_decay": 0.99,
    "by_constraint": configs.penalised(_ADAM),
    "features": {"network": "digits"},
    "log_every": 20,
    "eval_every": 500,
    "eval_samples": 200,
    "eval_repeats": 1,
}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "digits",
        arg,
        critic="dcgan",
        generator="dcgan",
        default=DEFAULT,
        smoke=configs.IMAGE_SMOKE,
    )
