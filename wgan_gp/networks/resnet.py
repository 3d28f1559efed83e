"""Residual networks of Gulrajani et al. 2017 (arXiv:1704.00028), of 32 and 64 pixels.

The blocks are pre-activated: normalise, ReLU, 3 x 3 convolution, twice, beside a
shortcut. Sizes change by doubling pixels and by means over 2 x 2.
"""

from collections.abc import Sequence
from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from wgan_gp.networks import fields
from wgan_gp.networks.layers import (
    GLOROT,
    coarse,
    conv,
    dense,
    mean_pool,
    normalise,
    upsample,
)


class Block(nn.Module):
    """A residual block of two convolutions.

    Attributes:
      features: channels that come out.
      resample: "up", "down" or "none".
      norm: "none", "layer" or "batch", before each convolution.
      classes: of conditional batch normalisation; 0 for none.
      first_bias: whether the first convolution has one.
      pool_first: whether the shortcut of "down" takes means before its convolution.
    """

    features: int
    resample: str = "none"
    norm: str = "none"
    classes: int = 0
    first_bias: bool = True
    pool_first: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """Maps `[..., H, W, C]` to `[..., H', W', features]`."""
        down = self.resample == "down"
        inner = x.shape[-1] if down else self.features
        y = nn.relu(normalise(self.norm, x, labels, self.classes))
        y = upsample(y) if self.resample == "up" else y
        y = conv(inner, use_bias=self.first_bias)(y)
        y = nn.relu(normalise(self.norm, y, labels, self.classes))
        y = conv(self.features)(y)
        return self._shortcut(x) + (mean_pool(y) if down else y)

    def _shortcut(self, x: jax.Array) -> jax.Array:
        if self.resample == "none" and x.shape[-1] == self.features:
            return x
        one = conv(self.features, 1, total=GLOROT, name="shortcut")
        match self.resample:
            case "up":
                return one(upsample(x))
            case "down":
                return one(mean_pool(x)) if self.pool_first else mean_pool(one(x))
        return one(x)


class ResNetCritic(nn.Module):
    """A critic of ONE image of 32 x 32 ([WGAN-GP], appendix F).

    Attributes:
      width: channels of every layer.
      norm: "none" or "layer".
      classes: of the auxiliary classifier (Odena et al. 2017, arXiv:1610.09585), which
        shares all but the last layer; 0 for none.
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    width: int = fields.width(128)
    norm: str = fields.critic_norm("none")
    classes: int = 0

    @nn.compact
    def __call__(self, x: jax.Array, head: str = "value") -> jax.Array:
        """Maps one image `[H, W, C]` to its value `[]`, or to "logits" `[classes]`."""
        y = conv(self.width)(x)
        y = mean_pool(conv(self.width)(nn.relu(y)))
        x = y + conv(self.width, 1, total=GLOROT, name="shortcut")(mean_pool(x))
        for resample in ("down", "none", "none"):
            x = Block(self.width, resample, self.norm)(x)
        features = jnp.mean(nn.relu(x), (-3, -2))
        value = dense(1, name="value")(features)[0]
        if not self.classes:
            return value
        logits = dense(self.classes, name="logits")(features)
        return logits if head == "logits" else value


class ResNetGenerator(nn.Module):
    """A generator of images of 32 x 32 ([WGAN-GP], appendix F).

    Attributes:
      shape: H, W, C of an image; height and width are equal, 4 times a power of 2.
      width: channels of every layer.
      norm: "batch" or "none".
      classes: of conditional batch normalisation; 0 for a generator without labels.
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    shape: tuple[int, int, int]
    width: int = fields.width(128)
    norm: str = fields.norm("batch", fields.GENERATOR_NORMS)
    classes: int = 0

    @nn.compact
    def __call__(self, z: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """Maps latents `[B, Z]`, and labels `[B]`, to images `[B, H, W, C]`."""
        if self.shape[0] != self.shape[1] or self.shape[0] & (self.shape[0] - 1):
            raise ValueError(
                "a residual generator needs square images with sides of a power of 2,"
                f" got {self.shape[0]} x {self.shape[1]}"
            )
        x = dense(16 * self.width)(z).reshape(-1, 4, 4, self.width)
        size = 4
        while size < self.shape[0]:
            x = Block(self.width, "up", self.norm, self.classes)(x, labels)
            size *= 2
        x = nn.relu(normalise(self.norm, x))
        return jnp.tanh(conv(self.shape[2], total=GLOROT)(x))


class GoodCritic(nn.Module):
    """A critic of ONE image of 64 x 64: the reference's default for that size.

    Attributes:
      width: channels of the first layer.
      multipliers: of the width, one for each block; each halves the size.
      norm: "layer" or "none".
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    width: int = fields.width(64)
    multipliers: Sequence[int] = fields.multipliers((2, 4, 8, 8))
    norm: str = fields.critic_norm("layer")

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps one image `[H, W, C]` to its value `[]`."""
        x = conv(self.width, total=GLOROT)(x)
        for multiplier in self.multipliers:
            features = self.width * multiplier
            block = Block(
                features, "down", self.norm, first_bias=False, pool_first=True
            )
            x = block(x)
        return dense(1)(x.reshape(-1))[0]


class GoodGenerator(nn.Module):
    """A generator of images of 64 x 64: the reference's default for that size.

    Attributes:
      shape: H, W, C of an image; height and width are multiples of 2 to the number of
        blocks.
      width: channels of the last block.
      multipliers: of the width, the linear layer's first; each other doubles the size.
      norm: "batch" or "none".
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    shape: tuple[int, int, int]
    width: int = fields.width(64)
    multipliers: Sequence[int] = fields.multipliers((8, 8, 4, 2, 1))
    norm: str = fields.norm("batch", fields.GENERATOR_NORMS)

    @nn.compact
    def __call__(self, z: jax.Array) -> jax.Array:
        """Maps latents `[B, Z]` to images `[B, H, W, C]`."""
        widths = [self.width * each for each in self.multipliers]
        x = coarse(z, self.shape, len(widths) - 1, widths[0])
        for features in widths[1:]:
            x = Block(features, "up", self.norm, first_bias=False)(x)
        x = nn.relu(normalise(self.norm, x))
        return jnp.tanh(conv(self.shape[2])(x))
