"""LSUN bedrooms of 64 x 64: the architectures of Gulrajani et al. 2017, Figure 2.

    python -m wgan_gp.data.prepare lsun/bedroom
    python -m wgan_gp.main --config experiments/lsun64.py:gated

The first command downloads the set, once, on a machine with a network. The variants
after the colon: "good", the default here and in the reference (8,540,483 and 7,491,841
parameters); "dcgan", the baseline; and six that make training hard: "constant" (few
filters, no normalisation in the generator), "mlp" (a perceptron generates),
"unnormalised", "gated", "tanh" and "bottleneck" (101 layers). Use
`--config.data.name=folder:PATH` for other pictures. Adam 1e-4 (0.5, 0.9) as in appendix
E; for "good" beta1 is 0; 200,000 updates. "smoke" is the default in seconds, without a
download.
"""

from wgan_gp import configs

_STD = {"weight_std": 0.02}
_DOWN, _UP = {"multipliers": (1, 2, 4, 8)}, {"multipliers": (8, 4, 2, 1)}
_CRITIC = _DOWN | {"norm": "layer"}
DEFAULT = {
    "steps": 200_000,
    "batch_size": 64,
    "data": {"name": "lsun/bedroom", "size": (64, 64)},
    "generator": {"latent": 128},
    "eval_every": 5000,
    "eval_samples": 300,
    "eval_repeats": 1,
}
_DCGAN = {"critic": _CRITIC | _STD, "generator": _UP | _STD | {"norm": "batch"}}
VARIANTS = {
    "dcgan": _DCGAN,
    "constant": {
        "critic": _CRITIC | _STD,
        "generator": {"multipliers": (1, 1, 1, 1)} | _STD,
    },
    "mlp": {"critic": _CRITIC | _STD},
    "unnormalised": {"critic": _DOWN | _STD, "generator": _UP | _STD},
    "gated": {
        player: fields | {"activation": "gated"} for player, fields in _DCGAN.items()
    },
    "tanh": {
        player: fields | {"activation": "tanh"} for player, fields in _DCGAN.items()
    },
    "bottleneck": {},
    "good": {},
    "smoke": configs.IMAGE_SMOKE | {"data": {"name": "mnist5k", "size": (64, 64)}},
}
_NETWORKS = {
    "mlp": ("dcgan", "mlp_image"),
    "bottleneck": ("bottleneck", "bottleneck"),
    "good": ("good", "good"),
    "smoke": ("good", "good"),
}


def get_config(arg: str = "good"):
    """The experiment with the architecture `arg`; an empty one is "good"."""
    arg = arg or "good"
    critic, generator = _NETWORKS.get(arg, ("dcgan", "dcgan"))
    adam = {} if critic == "good" else {"beta1": 0.5}
    default = DEFAULT | {"by_constraint": configs.penalised(adam)}
    return configs.experiment(
        "lsun64", arg, critic=critic, generator=generator, default=default, **VARIANTS
    )
