"""Inception-v3 as in TensorFlow's graph of 2015-12-05, for inference.

The architecture is of [Szegedy] et al. 2015, arXiv:1512.00567. The graph differs from
later versions: 1,008 classes, average pools that leave out the padding, and a maximum
pool in the last block. Modules are named as in PyTorch's files of weights.

Each block runs branches of convolutions beside each other and concatenates their
channels. Arrays are `[n, H, W, C]`, as Flax has them. Batch normalisation is folded
into the convolutions when the weights are read (`inception.load_inception`).
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

FEATURES = 2048
CLASSES = 1008


class ConvRelu(nn.Module):
    """A convolution with its normalisation folded in, and a ReLU.

    Attributes:
      features: number of output channels.
      kernel: side of the kernel, or its height and width, in pixels.
      stride: pixels between outputs.
      padding: "SAME" or "VALID", as in `flax.linen.Conv`.
    """

    features: int
    kernel: int | tuple[int, int]
    stride: int = 1
    padding: str = "SAME"

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """From `[n, H, W, C]` to `[n, H', W', features]`."""
        conv = nn.Conv(
            self.features,
            (self.kernel,) * 2 if isinstance(self.kernel, int) else self.kernel,
            (self.stride, self.stride),
            self.padding,
            precision="highest",  # scores must not depend on the accelerator
            name="conv",
        )
        return nn.relu(conv(x))


def _chain(x: jax.Array, *layers: tuple) -> jax.Array:
    """Applies convolutions one after another.

    Args:
      x: `[n, H, W, C]`.
      *layers: for each its name, then the fields of `ConvRelu` in order.
    """
    for name, *fields in layers:
        x = ConvRelu(*fields, name=name)(x)
    return x


def _average(x: jax.Array) -> jax.Array:
    """The mean of each 3 x 3 neighbourhood; padding is not counted at the border."""
    return nn.avg_pool(x, (3, 3), padding="SAME", count_include_pad=False)


def _maximum(x: jax.Array, stride: int) -> jax.Array:
    """The maximum of 3 x 3 neighbourhoods, at each pixel or without the border."""
    padding = "SAME" if stride == 1 else "VALID"
    return nn.max_pool(x, (3, 3), (stride, stride), padding)


class Block5(nn.Module):
    """A block at 35 x 35: branches of 1 x 1, 5 x 5, twice 3 x 3, and a mean pool.

    Attributes:
      pool: features of the pool's branch.
    """

    pool: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """To `[n, H, W, 224 + pool]`."""
        five = _chain(x, ("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5))
        double = [("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3)]
        three = _chain(x, *double, ("branch3x3dbl_3", 96, 3))
        pool = _chain(_average(x), ("branch_pool", self.pool, 1))
        one = _chain(x, ("branch1x1", 64, 1))
        return jnp.concatenate([one, five, three, pool], -1)


class Block6a(nn.Module):
    """The reduction from 35 x 35 to 17 x 17."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """To `[n, H // 2, W // 2, C + 480]`."""
        three = _chain(x, ("branch3x3", 384, 3, 2, "VALID"))
        double = [("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3)]
        double = _chain(x, *double, ("branch3x3dbl_3", 96, 3, 2, "VALID"))
        return jnp.concatenate([three, double, _maximum(x, 2)], -1)


class Block6(nn.Module):
    """A block at 17 x 17, whose 7 x 7 kernels are factored into 1 x 7 and 7 x 1.

    Attributes:
      width: features within the branches of 7.
    """

    width: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """To `[n, H, W, 768]`."""
        row, column, c = (1, 7), (7, 1), self.width
        one = _chain(x, ("branch1x1", 192, 1))
        seven = [("branch7x7_1", c, 1), ("branch7x7_2", c, row)]
        seven = _chain(x, *seven, ("branch7x7_3", 192, column))
        sides = zip("12345", (c, c, c, c, 192), (1, column, row, column, row))
        double = _chain(x, *((f"branch7x7dbl_{i}", n, side) for i, n, side in sides))
        pool = _chain(_average(x), ("branch_pool", 192, 1))
        return jnp.concatenate([one, seven, double, pool], -1)


class Block7a(nn.Module):
    """The reduction from 17 x 17 to 8 x 8."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """To `[n, H // 2, W // 2, C + 512]`."""
        three = [("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3, 2, "VALID")]
        sides = enumerate((1, (1, 7), (7, 1)), 1)
        seven = [(f"branch7x7x3_{i}", 192, side) for i, side in sides]
        seven = _chain(x, *seven, ("branch7x7x3_4", 192, 3, 2, "VALID"))
        return jnp.concatenate([_chain(x, *three), seven, _maximum(x, 2)], -1)


class Block7(nn.Module):
    """A block at 8 x 8, whose branches fork into 1 x 3 and 3 x 1.

    Attributes:
      maximum: whether its pool takes the maximum, as in the graph's last block. Other
        versions of the network take the mean there.
    """

    maximum: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """To `[n, H, W, 2048]`."""
        one = _chain(x, ("branch1x1", 320, 1))
        three = _chain(x, ("branch3x3_1", 384, 1))
        double = _chain(x, ("branch3x3dbl_1", 448, 1), ("branch3x3dbl_2", 384, 3))
        forks = [
            _chain(y, (name, 384, side))
            for y, stem in ((three, "branch3x3_2"), (double, "branch3x3dbl_3"))
            for name, side in ((f"{stem}a", (1, 3)), (f"{stem}b", (3, 1)))
        ]
        pool = _maximum(x, 1) if self.maximum else _average(x)
        pool = _chain(pool, ("branch_pool", 192, 1))
        return jnp.concatenate([one, *forks, pool], -1)


class Inception(nn.Module):
    """The whole network, from prepared images to features and logits.

    The logits have no bias, as in the code of the official Inception Score.
    """

    @nn.compact
    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """From `[n, H, W, 3]` to `[n, 2048]` and `[n, 1008]`."""
        stem = [
            ("Conv2d_1a_3x3", 32, 3, 2, "VALID"),
            ("Conv2d_2a_3x3", 32, 3, 1, "VALID"),
        ]
        x = _maximum(_chain(x, *stem, ("Conv2d_2b_3x3", 64, 3)), 2)
        stem = [("Conv2d_3b_1x1", 80, 1), ("Conv2d_4a_3x3", 192, 3, 1, "VALID")]
        x = _maximum(_chain(x, *stem), 2)
        for letter, pool in zip("bcd", (32, 64, 64)):
            x = Block5(pool, name=f"Mixed_5{letter}")(x)
        x = Block6a(name="Mixed_6a")(x)
        for letter, width in zip("bcde", (128, 160, 160, 192)):
            x = Block6(width, name=f"Mixed_6{letter}")(x)
        x = Block7a(name="Mixed_7a")(x)
        for letter, maximum in zip("bc", (False, True)):
            x = Block7(maximum, name=f"Mixed_7{letter}")(x)
        x = x.mean((1, 2))
        fc = nn.Dense(CLASSES, use_bias=False, precision="highest", name="fc")
        return x, fc(x)
