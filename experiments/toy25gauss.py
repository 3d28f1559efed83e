"""Twenty-five Gaussians on a grid, a toy of Gulrajani et al. 2017 (Figure 1a).

    python -m wgan_gp.main --config experiments/toy25gauss.py

Variants as in `toy8gauss.py`. docs/toys.md has the results of the default.
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
DEFAULT = configs.toy(_BY_CONSTRAINT) | {"steps": 8000, "data": {"name": "25gaussians"}}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "toy25gauss", arg, default=DEFAULT, paper=configs.PAPER_TOY, smoke=configs.SMOKE
    )
