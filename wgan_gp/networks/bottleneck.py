"""The 101-layer residual networks for 64 x 64 of Gulrajani et al. 2017, Figure 2.

33 bottleneck blocks (He et al. 2016, arXiv:1512.03385) of three layers each, between a
first and a last layer.

The attributes are the fields of a configuration's `critic` and `generator`.
"""

from collections.abc import Sequence
from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from wgan_gp.networks import fields
from wgan_gp.networks.initialisers import HE_SCALE, fan_avg_uniform
from wgan_gp.networks.layers import (
    ConvTranspose,
    conv,
    dense,
    project_and_reshape,
)
from wgan_gp.networks.normalisations import normalise
from wgan_gp.networks.resizing import depth_to_space


class Bottleneck(nn.Module):
    """Shortcut + 0.3 norm(conv1(relu(conv3(relu(conv1(relu(x))))))), for one block.

    conv1 and conv3 are convolutions of 1 x 1 and 3 x 3.

    Attributes:
      features: channels of the output.
      resample: "up", "down" or "none"; by strides of conv3 and of the shortcut.
      norm: as in `normalise`, at the end of the branch; "weight" for weight
        normalisation of the convolutions.
    """

    features: int
    resample: str = "none"
    norm: str = "none"

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps `[..., H, W, C]` to `[..., H', W', features]`."""
        y = conv(x.shape[-1] // 2, 1, norm=self.norm)(nn.relu(x))
        y = self._middle(nn.relu(y))
        y = conv(self.features, 1, use_bias=False, norm=self.norm)(nn.relu(y))
        # The reference scales branches by 0.3, so that sums over 33 blocks stay small.
        return self._shortcut(x) + 0.3 * normalise(self.norm, y)

    def _middle(self, x: jax.Array) -> jax.Array:
        inner = self.features // 2
        if self.resample == "up":
            init = fan_avg_uniform(HE_SCALE, 2, transposed=True)
            return ConvTranspose(inner, (3, 3), kernel_init=init)(x)
        stride = 2 if self.resample == "down" else 1
        return conv(inner, 3, stride, norm=self.norm)(x)

    def _shortcut(self, x: jax.Array) -> jax.Array:
        match self.resample:
            case "up":
                wide = conv(4 * self.features, 1, name="shortcut")(x)
                return depth_to_space(wide)
            case "down":
                project = conv(self.features, 1, 2, norm=self.norm, name="shortcut")
                return project(x)
        return x


class BottleneckCritic(nn.Module):
    """A critic of ONE image of 64 x 64.

    Attributes:
      width: channels at full size; they double where height and width are halved.
      blocks: number of blocks at each size, from the largest; between sizes there is
        one more.
      norm: "layer", "instance" or "group" for a normalisation in each block; "weight"
        for weight normalisation of all layers; "none".
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    width: int = fields.width(32)
    blocks: Sequence[int] = fields.blocks((5, 6, 6, 6, 6))
    norm: str = fields.critic_norm("layer")

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps one image `[H, W, C]` to its value `[]`."""
        x, features = conv(self.width, 1, norm=self.norm)(x), self.width
        for stage, count in enumerate(self.blocks):
            if stage:
                features *= 2
                x = Bottleneck(features, "down", self.norm)(x)
            for _ in range(count):
                x = Bottleneck(features, "none", self.norm)(x)
        return (
            dense(1, norm=self.norm)(x.reshape(-1))[0] / 5
        )  # the 5 is the reference's, as below


class BottleneckGenerator(nn.Module):
    """A generator of images of 64 x 64.

    Attributes:
      shape: H, W, C of an image; height and width are multiples of 2 to the number of
        sizes but one.
      width: channels at full size; they double where height and width are halved.
      blocks: number of blocks at each size, from the smallest; between sizes there is
        one more.
      norm: "batch" or "none".
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    shape: tuple[int, int, int]
    width: int = fields.width(32)
    blocks: Sequence[int] = fields.blocks((6, 6, 6, 6, 5))
    norm: str = fields.norm("batch", fields.GENERATOR_NORMS)

    @nn.compact
    def __call__(self, z: jax.Array) -> jax.Array:
        """Maps latents `[B, Z]` to images `[B, H, W, C]`.

        Raises:
          ValueError: the sides of images are not such multiples.
        """
        doublings = len(self.blocks) - 1
        features = self.width << doublings
        x = project_and_reshape(z, self.shape, doublings, features)
        for stage, count in enumerate(self.blocks):
            if stage:
                features //= 2
                x = Bottleneck(features, "up", self.norm)(x)
            for _ in range(count):
                x = Bottleneck(features, "none", self.norm)(x)
        return jnp.tanh(conv(self.shape[2], 1)(x) / 5)
