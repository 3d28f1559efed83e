"""Fashion-MNIST, all of it: 60,000 pictures of clothes, in about ten minutes.

    python -m wgan_gp.data.prepare fashion_mnist --source FOLDER
    python -m wgan_gp.main --config experiments/fashion_mnist.py

FOLDER has the published files; Debian's package `dataset-fashion-mnist` brings them.
`:conditional` generates by class. `:published` has the networks and the five critic
steps of Gulrajani et al. 2017 for MNIST, at half their width, for comparison. `:smoke`
takes seconds, without the set. The file docs/images.md has the results.
"""

from wgan_gp import configs

DEFAULT = configs.SMALL_PICTURES | {
    "steps": 4000,
    "data": {"name": "fashion_mnist", "scale": "unit"},
    "eval_samples": 1000,
}
CONDITIONAL = {"conditional": True}
PUBLISHED = {
    "steps": 1500,
    "generator": {
        "width": 32,
        "multipliers": (4, 2, 1),
        "norm": "none",
        "upsampling": "transposed",
    },
    "ema_decay": 0.99,
    "by_constraint": configs.penalised(
        {"beta1": 0.5, "learning_rate": 5e-4, "schedule": "linear"}
    ),
}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "fashion_mnist",
        arg,
        critic="dcgan",
        generator="dcgan",
        default=DEFAULT,
        conditional=CONDITIONAL,
        published=PUBLISHED,
        smoke=configs.IMAGE_SMOKE,
    )
