"""The architectures of Gulrajani et al. 2017, Figure 2, in small: on Fashion-MNIST.

    python -m wgan_gp.data.prepare fashion_mnist --source FOLDER
    python -m wgan_gp.main --config experiments/figure2_clothes.py:gated

Seven architectures at a quarter of their width (but for the perceptron of "mlp"), on
clothes of 32 x 32, for 600 generator updates: minutes each on two cores.
`--config.lipschitz` chooses the method: `two_sided`, WGAN-GP; `directional`; `clip`;
`unconstrained`, DCGAN's own objective; `zero_centred`, the relativistic objective with
penalties on the slopes of both sides (R3GAN). `:gated-lsgan` and the like have least
squares as the objective, and `unconstrained` as the default. WGANs make two critic
steps for each generator step, the others one. Rates are five times those of the paper,
which trains for 200,000 updates. FOLDER has the published files, as in
`fashion_mnist.py`. `:smoke` takes seconds, without the set.

The study that trains all: `python -m wgan_gp.studies.random_architectures --experiment
figure2_clothes --variants dcgan constant mlp unnormalised gated tanh bottleneck
--lipschitz unconstrained clip two_sided directional zero_centred`.
"""

from typing import Any

from wgan_gp import configs
from wgan_gp.studies.random_architectures import figure2

_ADAM = {"beta1": 0.5, "learning_rate": 5e-4, "schedule": "linear"}
_RMSPROP = {"name": "rmsprop", "learning_rate": 2.5e-4, "schedule": "linear"}


def _method(n_critic: int, optimiser: dict[str, Any], **fields: Any) -> dict[str, Any]:
    both = {"critic_optimiser": optimiser, "generator_optimiser": optimiser}
    return {"n_critic": n_critic} | both | fields


_BY_CONSTRAINT = {
    name: fields | {"n_critic": 2} for name, fields in configs.penalised(_ADAM).items()
} | {
    "clip": _method(2, _RMSPROP),
    "unconstrained": _method(1, _ADAM),
    "zero_centred": _method(1, _ADAM, objective="relativistic"),
}
_LEAST_SQUARES = {
    "lipschitz": "unconstrained",
    "objective": "least_squares",
    "by_constraint": {
        "unconstrained": _method(1, _RMSPROP | {"learning_rate": 5e-4}),
        "zero_centred": _method(1, _ADAM),
    },
}
DEFAULT = {
    "steps": 600,
    "batch_size": 32,
    "data": {"name": "fashion_mnist", "size": (32, 32)},
    "generator": {"latent": 128},
    "by_constraint": _BY_CONSTRAINT,
    "features": {"network": "digits"},
    "log_every": 20,
    "eval_every": 600,
    "eval_samples": 1000,
    "eval_repeats": 1,
}
# "bottleneck" has as many blocks as at 64 x 64, over fewer sizes.
_SMALL = {
    "mlp": {"critic": {"width": 16}},
    "bottleneck": {
        "critic": {"width": 8, "blocks": (7, 7, 8, 8)},
        "generator": {"width": 8, "blocks": (8, 8, 7, 7)},
    },
}
_QUARTER = {"critic": {"width": 16}, "generator": {"width": 16}}


def _variants() -> dict[str, dict[str, Any]]:
    found = {}
    for name, players in figure2.architectures(3).items():
        small = _SMALL.get(name, _QUARTER)
        found[name] = {
            player: players.get(player, {}) | small.get(player, {})
            for player in ("critic", "generator")
        }
        found[f"{name}-lsgan"] = found[name] | _LEAST_SQUARES
    return found


def get_config(arg: str = "dcgan"):
    """The experiment with the architecture `arg`; an empty one is "dcgan"."""
    arg = arg or "dcgan"
    name = arg.removesuffix("-lsgan")
    critic, generator = figure2.NETWORKS.get(name, ("dcgan", "dcgan"))
    variants: dict[str, Any] = _variants()
    return configs.experiment(
        "figure2_clothes",
        arg,
        critic=critic,
        generator=generator,
        default=DEFAULT,
        smoke=configs.IMAGE_SMOKE,
        **variants,
    )
