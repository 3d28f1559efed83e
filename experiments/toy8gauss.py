"""Eight Gaussians on a circle, the first toy of Gulrajani et al. 2017 (Figure 1a).

    python -m wgan_gp.main --config experiments/toy8gauss.py

`:paper` has the published settings with Algorithm 1's lambda of 10, `:smoke` takes
seconds. The README has the results of the default.
"""

from wgan_gp import configs

DEFAULT = configs.TOY


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "toy8gauss", arg, default=DEFAULT, paper=configs.PAPER_TOY, smoke=configs.SMOKE
    )
