"""The random architectures of Gulrajani et al. 2017, in small, on digits: 0 to 199.

    python -m wgan_gp.main --config experiments/random_digits.py:17

The draws of `random_architectures.py` at an eighth of their width, on 4,000 MNIST
digits that need no download, for 600 generator updates: minutes each on two cores.
Constraints by penalty take two critic steps for each. The score is that of a small
classifier of digits: 1 is the lowest, 10 the highest. The study that trains many of
them: `python -m wgan_gp.studies.random_architectures --experiment
experiments/random_digits.py --lipschitz two_sided unconstrained`.
"smoke" is a narrow base alone, in seconds.
"""

from typing import Any

from wgan_gp import configs
from wgan_gp.studies.random_architectures import draws

_WIDTHS = (4, 8, 16)
_ADAM = {"beta1": 0.5, "learning_rate": 5e-4, "schedule": "linear"}
_PENALISED = {
    name: fields | {"n_critic": 2} for name, fields in configs.penalised(_ADAM).items()
}
_BY_CONSTRAINT = _PENALISED | {
    "unconstrained": {"critic_optimiser": _ADAM, "generator_optimiser": _ADAM}
}
DEFAULT = {
    "steps": 600,
    "batch_size": 32,
    "data": {"name": "mnist5k", "size": (32, 32), "scale": "unit"},
    "generator": {"latent": 128, "output": "sigmoid"},
    "by_constraint": _BY_CONSTRAINT,
    "features": {"network": "digits"},
    "eval_every": 600,
    "eval_samples": 500,
    "eval_repeats": 1,
}


def get_config(arg: str = "0"):
    """The experiment with architecture number `arg`; an empty one is "0"."""
    number = draws.read_number(arg)
    variant: dict[str, Any] = {str(number): draws.architecture(number, _WIDTHS)}
    return configs.experiment(
        "random_digits",
        arg or "0",
        critic="dcgan",
        generator="dcgan",
        default=DEFAULT,
        smoke=configs.IMAGE_SMOKE | {"data": {"name": "mnist5k", "size": (32, 32)}},
        **variant,
    )
