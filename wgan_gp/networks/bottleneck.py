"""The 101-layer residual networks for 64 x 64 of Gulrajani et al. 2017, Figure 2.

Bottleneck blocks (He et al. 2016, arXiv:1512.03385) whose branches are scaled by 0.3:
33 of three layers each, and a first and a last layer.
"""

from collections.abc import Sequence
from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from wgan_gp.networks import fields
from wgan_gp.networks.convolutions import ConvTranspose
from wgan_gp.networks.layers import HE, balanced, coarse, conv, dense, normalise


class Bottleneck(nn.Module):
    """Shortcut + 0.3 norm(conv1(relu(conv3(relu(conv1(relu(x))))))).

    Attributes:
      features: channels that come out.
      resample: "up", "down" or "none"; the 3 x 3 convolution does it.
      norm: "none", "layer" or "batch".
    """

    features: int
    resample: str = "none"
    norm: str = "none"

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps `[..., H, W, C]` to `[..., H', W', features]`."""
        y = conv(x.shape[-1] // 2, 1)(nn.relu(x))
        y = self._middle(nn.relu(y))
        y = conv(self.features, 1, use_bias=False)(nn.relu(y))
        return self._shortcut(x) + 0.3 * normalise(self.norm, y)

    def _middle(self, x: jax.Array) -> jax.Array:
        inner = self.features // 2
        if self.resample == "up":
            init = balanced(HE, 2, up=True)
            return ConvTranspose(inner, (3, 3), kernel_init=init)(x)
        return conv(inner, 3, 2 if self.resample == "down" else 1)(x)

    def _shortcut(self, x: jax.Array) -> jax.Array:
        match self.resample:
            case "up":
                wide = conv(4 * self.features, 1, name="shortcut")(x)
                return depth_to_space(wide)
            case "down":
                return conv(self.features, 1, 2, name="shortcut")(x)
        return x


def depth_to_space(x: jax.Array) -> jax.Array:
    """`[..., H, W, 4 C]` to `[..., 2 H, 2 W, C]`, four channels to 2 x 2 pixels."""
    *batch, height, width, channels = x.shape
    x = x.reshape(*batch, height, width, 2, 2, channels // 4)
    x = jnp.swapaxes(x, -4, -3)
    return x.reshape(*batch, 2 * height, 2 * width, channels // 4)


class BottleneckCritic(nn.Module):
    """A critic of ONE image of 64 x 64.

    Attributes:
      width: channels of the first layer; doubled where the size is halved.
      blocks: at each size, from the largest.
      norm: "layer" or "none".
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    width: int = fields.width(32)
    blocks: Sequence[int] = fields.blocks((5, 6, 6, 6, 6))
    norm: str = fields.critic_norm("layer")

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps one image `[H, W, C]` to its value `[]`."""
        x, features = conv(self.width, 1)(x), self.width
        for stage, count in enumerate(self.blocks):
            if stage:
                features *= 2
                x = Bottleneck(features, "down", self.norm)(x)
            for _ in range(count):
                x = Bottleneck(features, "none", self.norm)(x)
        return dense(1)(x.reshape(-1))[0] / 5


class BottleneckGenerator(nn.Module):
    """A generator of images of 64 x 64.

    Attributes:
      shape: H, W, C of an image; height and width are multiples of 2 to the number of
        sizes but one.
      width: channels of the last blocks; doubled where the size is halved.
      blocks: at each size, from the smallest.
      norm: "batch" or "none".
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    shape: tuple[int, int, int]
    width: int = fields.width(32)
    blocks: Sequence[int] = fields.blocks((6, 6, 6, 6, 5))
    norm: str = fields.norm("batch", fields.GENERATOR_NORMS)

    @nn.compact
    def __call__(self, z: jax.Array) -> jax.Array:
        """Maps latents `[B, Z]` to images `[B, H, W, C]`."""
        doublings = len(self.blocks) - 1
        features = self.width << doublings
        x = coarse(z, self.shape, doublings, features)
        for stage, count in enumerate(self.blocks):
            if stage:
                features //= 2
                x = Bottleneck(features, "up", self.norm)(x)
            for _ in range(count):
                x = Bottleneck(features, "none", self.norm)(x)
        return jnp.tanh(conv(self.shape[2], 1)(x) / 5)
