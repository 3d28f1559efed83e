"""Residual networks for CIFAR-10 (Gulrajani et al. 2017, arXiv:1704.00028, appendix F).

The blocks are pre-activated (He et al. 2016, arXiv:1603.05027): normalise, ReLU, 3 x 3
convolution, twice, beside a shortcut. Images are enlarged by nearest-neighbour
upsampling and reduced by means over 2 x 2 pixels.

The attributes are the fields of a configuration's `critic` and `generator`.
"""

from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from wgan_gp.networks import fields
from wgan_gp.networks.initialisers import GLOROT_SCALE
from wgan_gp.networks.layers import conv, dense
from wgan_gp.networks.normalisations import normalise
from wgan_gp.networks.resizing import mean_pool, upsample


class Block(nn.Module):
    """A residual block of two convolutions.

    Attributes:
      features: channels of the output.
      resample: "up", "down" or "none".
      norm: as in `normalise`, before each convolution; "weight" for weight
        normalisation of the convolutions.
      classes: number of classes of conditional batch normalisation; 0 for none.
      first_bias: whether the first convolution has a bias.
      pool_first: whether the shortcut of "down" pools before its 1 x 1 convolution.
        Both orders compute the same function; this one takes a quarter of the FLOPs.
    """

    features: int
    resample: str = "none"
    norm: str = "none"
    classes: int = 0
    first_bias: bool = True
    pool_first: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """Maps `[..., H, W, C]` to `[..., H', W', features]`.

        Args:
          x: images.
          labels: of the images `[B]`, if there are classes.
        """
        down = self.resample == "down"
        inner = x.shape[-1] if down else self.features
        y = nn.relu(normalise(self.norm, x, labels, self.classes))
        y = upsample(y) if self.resample == "up" else y
        y = conv(inner, use_bias=self.first_bias, norm=self.norm)(y)
        y = nn.relu(normalise(self.norm, y, labels, self.classes))
        y = conv(self.features, norm=self.norm)(y)
        return self._shortcut(x) + (mean_pool(y) if down else y)

    def _shortcut(self, x: jax.Array) -> jax.Array:
        if self.resample == "none" and x.shape[-1] == self.features:
            return x
        # Glorot's scale, as in the reference: no ReLU comes before.
        options = {"scale": GLOROT_SCALE, "norm": self.norm, "name": "shortcut"}
        project = conv(self.features, 1, **options)
        match self.resample:
            case "up":
                return project(upsample(x))
            case "down" if self.pool_first:
                return project(mean_pool(x))
            case "down":
                return mean_pool(project(x))
        return project(x)


class ResNetCritic(nn.Module):
    """A critic of ONE image of 32 x 32 ([WGAN-GP], appendix F).

    Attributes:
      width: channels of every layer.
      norm: "none"; "layer", "instance" or "group" for a normalisation in all blocks but
        the first; "weight" for weight normalisation of all layers.
      classes: number of classes of an auxiliary classifier (Odena et al. 2017,
        arXiv:1610.09585), which shares all but the last layer; 0 for none.
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    width: int = fields.width(128)
    norm: str = fields.critic_norm("none")
    classes: int = 0

    @nn.compact
    def __call__(self, x: jax.Array, head: str = "value") -> jax.Array:
        """Maps one image `[H, W, C]` to its value `[]`.

        Args:
          x: the image.
          head: "value", or "logits" for the classifier's outputs `[classes]`.
        """
        # The first block sees pixels, so it starts without normalisation and ReLU.
        y = conv(self.width, norm=self.norm)(x)
        y = mean_pool(conv(self.width, norm=self.norm)(nn.relu(y)))
        options = {"scale": GLOROT_SCALE, "norm": self.norm, "name": "shortcut"}
        shortcut = conv(self.width, 1, **options)
        x = y + shortcut(mean_pool(x))
        for resample in ("down", "none", "none"):
            x = Block(self.width, resample, self.norm)(x)
        features = jnp.mean(nn.relu(x), (-3, -2))
        value = dense(1, norm=self.norm, name="value")(features)[0]
        if not self.classes:
            return value
        logits = dense(self.classes, norm=self.norm, name="logits")(features)
        return logits if head == "logits" else value


class ResNetGenerator(nn.Module):
    """A generator of images of 32 x 32 ([WGAN-GP], appendix F).

    Attributes:
      shape: H, W, C of an image; height and width are equal, 4 times a power of 2.
      width: channels of every layer.
      norm: "batch" or "none".
      classes: number of classes of conditional batch normalisation; 0 for a generator
        without labels.
    """

    kinds: ClassVar[tuple[str, ...]] = ("images",)  # of data
    shape: tuple[int, int, int]
    width: int = fields.width(128)
    norm: str = fields.norm("batch", fields.GENERATOR_NORMS)
    classes: int = 0

    @nn.compact
    def __call__(self, z: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """Maps latents `[B, Z]`, and labels `[B]`, to images `[B, H, W, C]`.

        Raises:
          ValueError: images are not square, or their sides no power of 2.
        """
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
        return jnp.tanh(conv(self.shape[2], scale=GLOROT_SCALE)(x))
