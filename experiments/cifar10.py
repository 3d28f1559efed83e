"""CIFAR-10 with the DCGANs of Gulrajani et al. 2017 (Figure 3).

    python -m wgan_gp.data.prepare cifar10
    python -m wgan_gp.main --config experiments/cifar10.py

The first command downloads the set, once, on a machine with a network. The width
is 128 as in the reference (5,179,907 and 4,114,689 parameters). According to the
reference, 64 overfits less: `:width64` (1,565,955 and 1,033,345). The paper's figure
shows an Inception Score of about 6 after 200,000 updates; measuring it needs
`--config.features.network=inception --config.features.weights=FILE`.
"""

from wgan_gp import configs

DEFAULT = {
    "steps": 200_000,
    "batch_size": 64,
    "data": {"name": "cifar10"},
    "critic": {"width": 128},
    "generator": {"width": 128, "latent": 128, "norm": "batch", "unit_norm": True},
    "by_constraint": configs.penalised({"beta1": 0.5}),
    "eval_every": 5000,
    "eval_samples": 1000,
    "eval_repeats": 10,
}
WIDTH64 = {"critic": {"width": 64}, "generator": {"width": 64}}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "cifar10",
        arg,
        critic="dcgan",
        generator="dcgan",
        default=DEFAULT,
        width64=WIDTH64,
        smoke=configs.IMAGE_SMOKE,
    )
