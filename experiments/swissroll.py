"""The Swiss roll, a toy of Gulrajani et al. 2017 (Figure 1a).

    python -m wgan_gp.main --config experiments/swissroll.py

Variants as in `toy8gauss.py`. The README has the results of the default.
"""

from wgan_gp import configs

DEFAULT = configs.TOY | {"data": {"name": "swissroll"}}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "swissroll", arg, default=DEFAULT, paper=configs.PAPER_TOY, smoke=configs.SMOKE
    )
