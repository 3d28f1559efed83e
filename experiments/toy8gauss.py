"""Eight Gaussians on a circle, the first toy of Gulrajani et al. 2017 (Figure 1a).

    python -m wgan_gp.main --config experiments/toy8gauss.py

`:paper` has the published settings with Algorithm 1's lambda of 10, `:smoke` takes
seconds. docs/toys.md has the results of the default.
"""

from wgan_gp import configs

# With Algorithm 1's lambda of 10 critics follow the generator too slowly for so few
# updates.
_WEIGHT = {"penalty": {"weight": 0.3}}
_BY_CONSTRAINT = {
    "clip": {"critic_optimiser": {"learning_rate": 4e-5}},
    "one_sided": _WEIGHT,
    "two_sided": _WEIGHT,
}
DEFAULT = configs.toy(_BY_CONSTRAINT)


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "toy8gauss", arg, default=DEFAULT, paper=configs.PAPER_TOY, smoke=configs.SMOKE
    )
