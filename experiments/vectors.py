"""A table of your own: CSV, Parquet or NumPy files, a row a sample.

    python -m wgan_gp.main --config experiments/vectors.py --config.data.name=csv:my.csv
    python -m wgan_gp.sample --workdir RUN --n 1000 --out samples.csv

Columns of text and of few whole numbers are categories. The constraint is the one
recommended for vectors. Without `data.name` it learns eight Gaussians. `:smoke` takes
seconds.
"""

from wgan_gp import configs
from wgan_gp.constraints import CONSTRAINTS, RECOMMENDED

# Without the toys' Fourier features, which are for vectors of few dimensions.
_PLAIN = {"critic": {"fourier": 0, "fourier_scale": 1.0}}
_BY_CONSTRAINT = {
    name: _PLAIN for name, choice in CONSTRAINTS.items() if choice.section == "penalty"
}
_CLIP = {"clip": {"critic_optimiser": {"learning_rate": 4e-5}}}
DEFAULT = configs.toy(_BY_CONSTRAINT | _CLIP) | {
    "lipschitz": RECOMMENDED,
    "generator": {"hidden": (128, 128, 128), "latent": 16},
}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment("vectors", arg, default=DEFAULT, smoke=configs.SMOKE)
