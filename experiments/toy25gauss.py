"""Twenty-five Gaussians on a grid, a toy of Gulrajani et al. 2017 (Figure 1a).

    python -m wgan_gp.main --config experiments/toy25gauss.py

Variants as in `toy8gauss.py`. The README has the results of the default.
"""

from wgan_gp import configs

_FAST = {"learning_rate": 2e-3, "schedule": "linear"}
_BY_CONSTRAINT = configs.penalised(_FAST)
DEFAULT = {
    "steps": 15_000,
    "data": {"name": "25gaussians"},
    "critic": {"hidden": (128, 128, 128)},
    "generator": {"hidden": (256, 256, 256)},
    "ema_decay": 0.999,
    "by_constraint": _BY_CONSTRAINT
    | {
        # With Algorithm 1's lambda of 10 the two-sided critic keeps slope 1 but turns
        # upside down and back: 10 of 25 modes after 20,000 updates.
        "two_sided": _BY_CONSTRAINT["two_sided"] | {"penalty": {"weight": 1.0}},
    },
}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "toy25gauss", arg, default=DEFAULT, paper=configs.PAPER_TOY, smoke=configs.SMOKE
    )
