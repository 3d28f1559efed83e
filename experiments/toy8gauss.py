"""Eight Gaussians on a circle, the first toy of Gulrajani et al. 2017 (Figure 1a).

    python -m wgan_gp.main --config experiments/toy8gauss.py

`:paper` has the published settings with Algorithm 1's lambda of 10, `:smoke` takes
seconds. The README has the results of the default.
"""

from wgan_gp import configs

_FAST = {"learning_rate": 2e-3, "schedule": "linear"}
DEFAULT = {
    "steps": 10_000,
    "critic": {"hidden": (128, 128, 128)},
    "generator": {"hidden": (256, 256, 256)},
    "ema_decay": 0.999,
    "by_constraint": configs.penalised(_FAST),
}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "toy8gauss", arg, default=DEFAULT, paper=configs.PAPER_TOY, smoke=configs.SMOKE
    )
