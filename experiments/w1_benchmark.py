"""A critic alone against known optimal transport (Korotin et al. 2022).

    python -m wgan_gp.main --config experiments/w1_benchmark.py:dim=16,funnels=4

After the colon: the cell, by `dim` and `funnels`; the `recipe`: "tuned" (the default),
"cones", "orthogonal", "dcgan", "published" or "smoke"; and the `family` of pairs:
"funnels" (the default), "translation", "gaussians", "shell" or "pictures".
docs/w1_benchmark.md has the results.
"""

from wgan_gp.studies.w1_benchmark.recipes import parse_cell


def get_config(arg: str = ""):
    """The configuration of the cell that `arg` describes."""
    return parse_cell(arg)
