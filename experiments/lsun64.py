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

from typing import Any

from wgan_gp import configs
from wgan_gp.studies.random_architectures import figure2

DEFAULT = {
    "steps": 200_000,
    "batch_size": 64,
    "data": {"name": "lsun/bedroom", "size": (64, 64)},
    "generator": {"latent": 128},
    "eval_every": 5000,
    "eval_samples": 300,
    "eval_repeats": 1,
}
VARIANTS: dict[str, Any] = figure2.architectures(4) | {
    "good": {},
    "smoke": configs.IMAGE_SMOKE | {"data": {"name": "mnist5k", "size": (64, 64)}},
}
_NETWORKS = figure2.NETWORKS | {"good": ("good", "good"), "smoke": ("good", "good")}


def get_config(arg: str = "good"):
    """The experiment with the architecture `arg`; an empty one is "good"."""
    arg = arg or "good"
    critic, generator = _NETWORKS.get(arg, ("dcgan", "dcgan"))
    adam = {} if critic == "good" else {"beta1": 0.5}
    default = DEFAULT | {"by_constraint": configs.penalised(adam)}
    return configs.experiment(
        "lsun64", arg, critic=critic, generator=generator, default=default, **VARIANTS
    )
