"""The families of networks, by their names in configurations.

To add a family, write a file with a critic of one sample and a generator of a batch as
Flax modules, and add a line to each of the two tables. A module's attributes become the
fields of `critic` and `generator` in configurations.
"""

from collections.abc import Callable

import flax.linen as nn

from wgan_gp.networks.bottleneck import BottleneckCritic, BottleneckGenerator
from wgan_gp.networks.dcgan import DCGANCritic, DCGANGenerator
from wgan_gp.networks.good import GoodCritic, GoodGenerator
from wgan_gp.networks.mlp import MLP, MLPCritic, MLPGenerator
from wgan_gp.networks.resnet import ResNetCritic, ResNetGenerator

# By `critic.network`. All but "mlp" take images.
CRITICS: dict[str, Callable[..., nn.Module]] = {
    "mlp": MLPCritic,
    "dcgan": DCGANCritic,
    "resnet": ResNetCritic,
    "good": GoodCritic,
    "bottleneck": BottleneckCritic,
}
# By `generator.network`. All but "mlp" make images.
GENERATORS: dict[str, Callable[..., nn.Module]] = {
    "mlp": MLP,
    "mlp_image": MLPGenerator,
    "dcgan": DCGANGenerator,
    "resnet": ResNetGenerator,
    "good": GoodGenerator,
    "bottleneck": BottleneckGenerator,
}
