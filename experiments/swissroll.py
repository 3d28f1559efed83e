"""The Swiss roll, a toy of Gulrajani et al. 2017 (Figure 1a).

    python -m wgan_gp.main --config experiments/swissroll.py

Variants as in `toy8gauss.py`. The README has the results of the default.
"""

from wgan_gp import configs

_FAST = {"learning_rate": 2e-3, "schedule": "linear"}
_BY_CONSTRAINT = configs.penalised(_FAST)
DEFAULT = {
    "steps": 10_000,
    "data": {"name": "swissroll"},
    "critic": {"hidden": (128, 128, 128)},
    "generator": {"hidden": (256, 256, 256)},
    "ema_decay": 0.999,
    "by_constraint": _BY_CONSTRAINT
    | {
        # With Algorithm 1's lambda of 10, exact W1 ended at 6.4 times the floor.
        "two_sided": _BY_CONSTRAINT["two_sided"] | {"penalty": {"weight": 1.0}},
    },
}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "swissroll", arg, default=DEFAULT, paper=configs.PAPER_TOY, smoke=configs.SMOKE
    )
