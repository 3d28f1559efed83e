"""Lines of text, character by character (Gulrajani et al. 2017, section 5.5).

    python -m wgan_gp.main --config experiments/language.py
    python -m wgan_gp.main --config experiments/language.py:mlp --config.lipschitz=sll

The default learns English prose that needs no download: docstrings of SciPy.
`--config.data.name=text:FILE` learns the lines of a file of your own. `:paper`
has the reference's width, batch, length and n_critic, for `text:FILE` of the Google
Billion Word corpus. The generator's softmax goes straight into the critic. `:mlp` has a
perceptron for a critic, which the constraints `orthogonal` and `sll` need. `:smoke`
takes seconds.
"""

from wgan_gp import configs

_ADAM = {"learning_rate": 2e-3, "beta1": 0.5, "schedule": "linear"}
DEFAULT = {
    "steps": 15_000,
    "batch_size": 64,
    "data": {"name": "docstrings", "smoothing": 0.15},
    "n_critic": 2,
    "generator": {"width": 64, "blocks": 3, "latent": 128, "output": "softmax"},
    "ema_decay": 0.998,
    "by_constraint": configs.penalised(_ADAM),
    "eval_every": 500,
    "eval_samples": 640,
    "eval_repeats": 2,
}
CRITICS = {"mlp": {"hidden": (128, 128, 128)}, "sequence": {"width": 64, "blocks": 3}}
PAPER = {
    "steps": 200_000,
    "data": {"smoothing": 0.0},
    "n_critic": 10,
    "critic": {"width": 512, "blocks": 5},
    "generator": {"width": 512, "blocks": 5},
    "ema_decay": 0.0,
    "by_constraint": configs.penalised({"beta1": 0.5}),
}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    critic = "mlp" if arg == "mlp" else "sequence"
    return configs.experiment(
        "language",
        arg,
        critic=critic,
        generator="sequence",
        default=DEFAULT | {"critic": CRITICS[critic]},
        mlp={},
        paper=PAPER,
        smoke=configs.SEQUENCE_SMOKE,
    )
