"""A sweep on eight Gaussians: four constraints, each at several strengths.

    python -m wgan_gp.studies.sweep --config experiments/sweep_toy.py

`:smoke` takes seconds.
"""

from wgan_gp import configs
from wgan_gp.studies import sweep

_FAST = {"learning_rate": 2e-3, "schedule": "linear"}
DEFAULT = {
    "steps": 1500,
    "critic": {"hidden": (64, 64, 64)},
    "generator": {"hidden": (64, 64, 64)},
    "ema_decay": 0.999,
    "by_constraint": configs.penalised(_FAST),
    "eval_samples": 1000,
    "eval_repeats": 4,
}
GRID = (
    "lipschitz=one_sided penalty.weight=0.1,1,10,100",
    "lipschitz=two_sided penalty.weight=0.1,1,10,100",
    "lipschitz=difference penalty.weight=0.1,1,10,100",
    "lipschitz=clip clip_bound=0.003,0.01,0.03,0.1",
)
SMOKE = (
    "lipschitz=two_sided penalty.weight=1,10",
    "lipschitz=clip clip_bound=0.01,0.1",
)


def get_config(arg: str = ""):
    """The sweep, or its variant `arg`."""
    name = "sweep_toy" + (f"-{arg}" if arg else "")
    experiment = configs.experiment(
        "sweep_toy", arg, default=DEFAULT, smoke=configs.SMOKE
    )
    if arg == "smoke":
        return sweep.configuration(name, experiment, SMOKE, seeds=2, save_every=10)
    return sweep.configuration(name, experiment, GRID)
