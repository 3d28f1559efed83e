"""MNIST as in the code of Gulrajani et al. 2017: DCGANs of width 64, batch 50.

    python -m wgan_gp.data.prepare mnist
    python -m wgan_gp.main --config experiments/mnist.py

The first command downloads the set, once, on a machine with a network. 1,554,177 and
1,030,145 parameters, pixels in [0, 1], 200,000 generator updates. Under clipping both
networks of the reference use batch normalisation; here neither does. `:smoke` shrinks
the networks and the run, `:mnist5k` uses 5,000 of the digits without a download.
"""

from wgan_gp import configs

DEFAULT = {
    "steps": 200_000,
    "batch_size": 50,
    "data": {"name": "mnist", "scale": "unit"},
    "generator": {"latent": 128, "output": "sigmoid"},
    "by_constraint": configs.penalised({"beta1": 0.5}),
    "features": {"network": "digits"},
    "eval_every": 5000,
    "eval_samples": 2000,
    "eval_repeats": 5,
}
MNIST5K = {"data": {"name": "mnist5k"}, "eval_samples": 500, "eval_repeats": 1}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "mnist",
        arg,
        critic="dcgan",
        generator="dcgan",
        default=DEFAULT,
        smoke=configs.IMAGE_SMOKE,
        mnist5k=MNIST5K,
    )
