"""The reference implementation's default residual networks for 64 x 64.

They are called Good there (`gan_64x64.py` of Gulrajani et al. 2017's code), and are not
in the paper. The blocks are those of `resnet.py` without a bias in their first
convolution.

The attributes are the fields of a configuration's `critic` and `generator`.
"""

from collections.abc import Sequence
from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from wgan_gp.networks import fields
from wgan_gp.networks.initialisers import GLOROT_SCALE
from wgan_gp.networks.layers import conv, dense, project_and_reshape
from wgan_gp.networks.normalisations import normalise
from wgan_gp.networks.resnet import Block


class GoodCritic(nn.Module):
    """A critic of ONE image of 64 x 64.

    Attributes:
      width: channels of the first layer.
      multipliers: the channels of each block, in units of `width`; each block halves
        height and width.
      norm: "layer", "instance" or "group" for a normalisation in each block; "weight"
        for weight normalisation of all layers; "none".
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    width: int = fields.width(64)
    multipliers: Sequence[int] = fields.multipliers((2, 4, 8, 8))
    norm: str = fields.critic_norm("layer")

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps one image `[H, W, C]` to its value `[]`."""
        x = conv(self.width, scale=GLOROT_SCALE, norm=self.norm)(x)
        for multiplier in self.multipliers:
            features = self.width * multiplier
            block = Block(
                features, "down", self.norm, first_bias=False, pool_first=True
            )
            x = block(x)
        return dense(1, norm=self.norm)(x.reshape(-1))[0]


class GoodGenerator(nn.Module):
    """A generator of images of 64 x 64.

    Attributes:
      shape: H, W, C of an image; height and width are multiples of 2 to the number of
        blocks.
      width: the unit of `multipliers`.
      multipliers: the channels of the linear layer and of each block, in units of
        `width`; each block doubles height and width.
      norm: "batch" or "none".
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    shape: tuple[int, int, int]
    width: int = fields.width(64)
    multipliers: Sequence[int] = fields.multipliers((8, 8, 4, 2, 1))
    norm: str = fields.norm("batch", fields.GENERATOR_NORMS)

    @nn.compact
    def __call__(self, z: jax.Array) -> jax.Array:
        """Maps latents `[B, Z]` to images `[B, H, W, C]`.

        Raises:
          ValueError: the sides of images are not such multiples.
        """
        widths = [self.width * each for each in self.multipliers]
        x = project_and_reshape(z, self.shape, len(widths) - 1, widths[0])
        for features in widths[1:]:
            x = Block(features, "up", self.norm, first_bias=False)(x)
        x = nn.relu(normalise(self.norm, x))
        return jnp.tanh(conv(self.shape[2])(x))
