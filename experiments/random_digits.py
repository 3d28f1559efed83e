"""The random architectures of Gulrajani et al. 2017, in small, on digits: 0 to 199.

    python -m wgan_gp.main --config experiments/random_digits.py:17

The draws of `random_architectures.py` at a quarter of their width, on 4,000 MNIST digits
that need no download, for 2,000 generator updates. The score is that of a small
classifier of digits: 1 is the lowest, 10 the highest. docs/images.md has the table of
24 of them under a gradient penalty and as a GAN without a constraint.
"smoke" is a narrow base alone, in seconds.
"""

from wgan_gp import configs
from wgan_gp.studies.random_architectures import draws

_WIDTHS = (8, 16, 32)
_ADAM = {"beta1": 0.5, "learning_rate": 5e-4, "schedule": "linear"}
DEFAULT = {
    "steps": 2000,
    "batch_size": 64,
    "data": {"name": "mnist5k", "size": (32, 32), "scale": "unit"},
    "generator": {"latent": 128, "output": "sigmoid"},
    "by_constraint": configs.penalised(_ADAM),
    "features": {"network": "digits"},
    "eval_every": 2000,
    "eval_samples": 500,
    "eval_repeats": 1,
}


def get_config(arg: str = "0"):
    """The experiment with architecture number `arg`; an empty one is "0"."""
    number = draws.read_number(arg)
    return configs.experiment(
        "random_digits",
        arg or "0",
        critic="dcgan",
        generator="dcgan",
        default=DEFAULT,
        smoke=configs.IMAGE_SMOKE | {"data": {"name": "mnist5k", "size": (32, 32)}},
        **{str(number): draws.architecture(number, _WIDTHS)},
    )
