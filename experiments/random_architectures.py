"""Random architectures at 32 x 32 (Gulrajani et al. 2017, Table 1): number 0 to 199.

    python -m wgan_gp.main --config experiments/random_architectures.py:17

The number after the colon selects a draw from the paper's space: nonlinearity, width,
depth and normalisation of each network. The base has 4 layers. All other layers are
3 x 3 convolutions at size 8 x 8, as in the authors' research code; the paper does not
say where they are.
The paper trained each for 100,000 updates on 32 x 32 ImageNet and compared Inception
Scores with those of GANs; `--config.data.name` chooses another set. The default is
number 0. "smoke" is a narrow base alone, in seconds. `random_digits.py` has the same
draws in small.
"""

from typing import Any

from wgan_gp import configs
from wgan_gp.studies.random_architectures import draws

_WIDTHS = (32, 64, 128)
DEFAULT = {
    "steps": 100_000,
    "batch_size": 64,
    "data": {"name": "imagenet_resized/32x32"},
    "generator": {"latent": 128},
    "eval_every": 5000,
    "eval_samples": 1000,
    "eval_repeats": 10,
}


def get_config(arg: str = "0"):
    """The experiment with architecture number `arg`; an empty one is "0"."""
    number = draws.read_number(arg)
    variant: dict[str, Any] = {str(number): draws.architecture(number, _WIDTHS)}
    return configs.experiment(
        "random_architectures",
        arg or "0",
        critic="dcgan",
        generator="dcgan",
        default=DEFAULT,
        smoke=configs.IMAGE_SMOKE,
        **variant,
    )
