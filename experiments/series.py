"""Series of numbers, by one-dimensional convolutions: `[T, C]`.

    python -m wgan_gp.main --config experiments/series.py
    python -m wgan_gp.main --config experiments/series.py --config.data.name=npz:my.npz

The default learns a simulated oscillation of known statistics, an autoregression of
second order. A file has an array `samples` `[N, T, C]`. `:mlp` has a perceptron for a
critic, which the constraints `orthogonal` and `sll` need. `:smoke` takes seconds.
"""

from wgan_gp import configs
from wgan_gp.constraints import RECOMMENDED

_ADAM = {"learning_rate": 1e-3, "beta2": 0.9, "schedule": "linear"}
DEFAULT = {
    "steps": 2000,
    "batch_size": 64,
    "lipschitz": RECOMMENDED,
    "n_critic": 2,
    "generator": {"width": 32, "blocks": 4, "dilation": 2, "latent": 64},
    "ema_decay": 0.99,
    "by_constraint": configs.penalised(_ADAM),
    "eval_every": 500,
    "eval_samples": 1000,
    "eval_repeats": 4,
}
CRITICS = {
    "mlp": {"hidden": (128, 128, 128)},
    "sequence": {"width": 32, "blocks": 4, "dilation": 2},
}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    critic = "mlp" if arg == "mlp" else "sequence"
    return configs.experiment(
        "series",
        arg,
        critic=critic,
        generator="sequence",
        default=DEFAULT | {"critic": CRITICS[critic]},
        mlp={},
        smoke=configs.SEQUENCE_SMOKE,
    )
