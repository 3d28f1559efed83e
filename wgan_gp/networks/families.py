"""The families of networks, by their names in configurations.

To add a family, write a file with a critic of one sample and a generator of a batch as
Flax modules, and add a line to each of the two tables. A module's attributes become the
fields of `critic` and `generator` in configurations. `docs/extending.md` shows
this, and how an experiment's file adds a family of its own.
"""

from typing import Any

from wgan_gp.networks.bottleneck import BottleneckCritic, BottleneckGenerator
from wgan_gp.networks.dcgan import DCGANCritic, DCGANGenerator
from wgan_gp.networks.good import GoodCritic, GoodGenerator
from wgan_gp.networks.mlp import MLP, MLPCritic, MLPGenerator
from wgan_gp.networks.resnet import ResNetCritic, ResNetGenerator
from wgan_gp.networks.sequence import SequenceCritic, SequenceGenerator

# By `critic.network`. A module's attribute `kinds` names the kinds of data that it
# accepts; without it, it accepts all.
CRITICS: dict[str, type[Any]] = {
    "mlp": MLPCritic,
    "dcgan": DCGANCritic,
    "resnet": ResNetCritic,
    "good": GoodCritic,
    "bottleneck": BottleneckCritic,
    "sequence": SequenceCritic,
}
# By `generator.network`; `kinds` are those that it makes.
GENERATORS: dict[str, type[Any]] = {
    "mlp": MLP,
    "mlp_image": MLPGenerator,
    "dcgan": DCGANGenerator,
    "resnet": ResNetGenerator,
    "good": GoodGenerator,
    "bottleneck": BottleneckGenerator,
    "sequence": SequenceGenerator,
}
