"""CIFAR-10 with the residual networks of Gulrajani et al. 2017 (appendix F, Table 3).

    python -m wgan_gp.data.prepare cifar10
    python -m wgan_gp.main --config experiments/cifar10_resnet.py:conditional

The first command downloads the set, once, on a machine with a network. Inception Score
in the paper: 7.86 without labels, 8.42 with them (`:conditional`: batch normalisation
by class in the generator, an auxiliary classifier in the critic). 1,204,483 and
1,053,825 parameters; a generator batch of 128; Adam 2e-4 (0, 0.9) falling to 0 over
100,000 updates; dequantised pixels.
"""

from wgan_gp import configs

_ADAM = {"learning_rate": 2e-4, "schedule": "linear"}
DEFAULT = {
    "steps": 100_000,
    "batch_size": 64,
    "generator_batch_size": 128,
    "data": {"name": "cifar10", "scale": "dequantised"},
    "generator": {"latent": 128},
    "by_constraint": configs.penalised(_ADAM),
    "eval_every": 5000,
    "eval_samples": 1000,
    "eval_repeats": 10,
}
CONDITIONAL = {"conditional": True}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "cifar10_resnet",
        arg,
        critic="resnet",
        generator="resnet",
        default=DEFAULT,
        conditional=CONDITIONAL,
        smoke=configs.IMAGE_SMOKE,
    )
