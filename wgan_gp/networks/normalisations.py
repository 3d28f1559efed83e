"""Normalisations of hidden layers, by the names that configurations use.

A critic's must act on each sample on its own ([WGAN-GP], arXiv:1704.00028, section 4):

| name | mean and variance are over | source |
|---|---|---|
| "layer" | height, width and channels | Ba et al. 2016, arXiv:1607.06450 |
| "instance" | height and width | Ulyanov et al. 2016, arXiv:1607.08022 |
| "group" | height, width and a group of channels | Wu and He 2018, arXiv:1803.08494 |
| "weight" | none: weights are g v / |v| | Salimans and Kingma 2016, arXiv:1602.07868 |

The first three stand between a layer and its activation, and learn a scale and an
offset per channel. Weight normalisation acts on the layers themselves, on all of a
critic's, its first and its output too, as the reference implementation's does.
"batch" is for generators: it ties the samples of a batch together.

The names of these modules are part of stored parameters (`LayerNorm_0`).
"""

import math
from typing import Any, TypeVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from wgan_gp.devices import mean_over_devices

MOST_GROUPS, LEAST_CHANNELS = 32, 16  # the two defaults of Wu and He, section 4.1
_EPSILON = 1e-5  # added to a variance
Layer = TypeVar("Layer", bound=nn.Module)


class BatchNorm(nn.Module):
    """Batch normalisation by the batch at hand, when sampling too. For generators.

    Ioffe and Szegedy 2015, arXiv:1502.03167, without running averages: the reference
    draws samples like this, and it leaves the network without state of its own. The
    batch is that of all devices.

    Attributes:
      classes: number of classes that each have their own scale and offset (Dumoulin et
        al. 2017, arXiv:1610.07629); 0 for one scale and offset, without labels.
    """

    classes: int = 0

    @nn.compact
    def __call__(self, x: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """Maps `[B, ..., C]`, and labels `[B]`, to `[B, ..., C]`."""
        shape = (self.classes, x.shape[-1]) if self.classes else (x.shape[-1],)
        scale = self.param("scale", nn.initializers.ones, shape)
        bias = self.param("bias", nn.initializers.zeros, shape)
        if self.classes:
            around = (1,) * (x.ndim - 2)
            scale, bias = (
                each[labels].reshape(-1, *around, x.shape[-1]) for each in (scale, bias)
            )
        axes = tuple(range(x.ndim - 1))
        mean = mean_over_devices(jnp.mean(x, axes, keepdims=True))
        square = jnp.mean(jnp.square(x - mean), axes, keepdims=True)
        variance = mean_over_devices(square)
        normed = (x - mean) * jax.lax.rsqrt(variance + 1e-5)
        scale, bias = (jnp.broadcast_to(each, x.shape) for each in (scale, bias))
        return normed * scale + bias


def layer_norm() -> nn.LayerNorm:
    """Layer normalisation of one image over height, width and channels.

    The paper uses it in critics. Scale and offset are per channel.
    """
    return nn.LayerNorm(_EPSILON, reduction_axes=(-3, -2, -1), feature_axes=-1)


def instance_norm() -> nn.LayerNorm:
    """Normalisation of each channel of one image over height and width.

    Not `nn.InstanceNorm`, which takes the first axis for that of a batch. Scale and
    offset are per channel.
    """
    return nn.LayerNorm(
        _EPSILON,
        reduction_axes=(-3, -2),
        feature_axes=-1,
        use_fast_variance=False,  # E[x^2] - E[x]^2 cancels where a channel is flat
    )


def group_norm(channels: int, axes: tuple[int, ...]) -> nn.GroupNorm:
    """Normalisation of one sample over its positions, for each group of channels.

    Args:
      channels: of the sample.
      axes: those of its positions and of its channels, such as (-3, -2, -1). They are
        named because `nn.GroupNorm` takes the first axis for that of a batch otherwise.
    """
    return nn.GroupNorm(
        group_count(channels),
        epsilon=_EPSILON,
        reduction_axes=axes,
        use_fast_variance=False,
    )


def group_count(channels: int) -> int:
    """The number of groups of group normalisation.

    The largest divisor of the channels that is at most 32 and leaves each group at
    least 16 channels: Wu and He 2018 find 32 groups as good as groups of 16 channels.
    Fewer than 32 channels are one group, which is layer normalisation.

    Args:
      channels: to be divided into groups of equal size.
    """
    most = max(1, min(MOST_GROUPS, channels // LEAST_CHANNELS))
    return max(count for count in range(1, most + 1) if channels % count == 0)


def normalise(
    norm: str, x: jax.Array, labels: jax.Array | None = None, classes: int = 0
) -> jax.Array:
    """Normalisation of images between layers, by its name.

    Called in a `compact` method, whose module then has its parameters.

    Args:
      norm: a name of the table above, "batch" or "none".
      x: images `[..., H, W, C]`; `[B, H, W, C]` for "batch".
      labels: of the images `[B]`, for "batch" with classes.
      classes: as in `BatchNorm`.

    Returns:
      Images of the same shape.

    Raises:
      ValueError: the name is unknown, or its statistics would be of single values.
    """
    match norm:
        case "none" | "weight":  # layers do the latter
            return x
        case "batch":
            return BatchNorm(classes)(x, labels)
        case "layer":
            _check_several(x.shape[-3:], "'layer'", "'weight' or wider layers")
            return layer_norm()(x)
        case "instance":
            _check_several(x.shape[-3:-1], "'instance'", "'layer' or fewer layers")
            return instance_norm()(x)
        case "group":
            _check_several(x.shape[-3:], "'group'", "'weight' or wider layers")
            return group_norm(x.shape[-1], (-3, -2, -1))(x)
    raise ValueError(f"no normalisation of images is called {norm!r}")


def normalise_features(norm: str, x: jax.Array) -> jax.Array:
    """Normalisation of vectors between layers, by its name; as `normalise`.

    Args:
      norm: "none", "layer", "group" or "weight". A vector has no height and width that
        "instance" could be over.
      x: vectors `[..., D]`, each of which is normalised on its own.

    Returns:
      Vectors of the same shape.

    Raises:
      ValueError: the name is another, or "layer" or "group" is of a single value.
    """
    match norm:
        case "none" | "weight":
            return x
        case "layer":
            _check_several(x.shape[-1:], "'layer'", "'weight' or wider layers")
            return nn.LayerNorm()(x)
        case "group":
            _check_several(x.shape[-1:], "'group'", "'weight' or wider layers")
            return group_norm(x.shape[-1], (-1,))(x)
    raise ValueError(
        f"no normalisation of vectors is called {norm!r}: a perceptron takes 'none',"
        " 'layer', 'group' or 'weight'"
    )


def _check_several(shape: tuple[int, ...], norm: str, instead: str) -> None:
    if math.prod(shape) < 2:
        sizes = " x ".join(map(str, shape))
        raise ValueError(
            f"norm = {norm} subtracts the mean of a single value where a layer is"
            f" {sizes}, which leaves 0: use {instead}"
        )


class WeightNorm(nn.Module):
    """A layer whose weights are g v / |v|, with one length g for each output.

    Salimans and Kingma 2016, arXiv:1602.07868, equation 2. v is the layer's parameter
    `kernel`, and g is `scale` of this module. g starts as |v|, so that a network starts
    as the same function as without; the paper would set it from a first batch.

    Not `nn.WeightNorm`: its g starts as 1, whatever the layer's initialiser says, and
    its parameters have slashes in their names.

    Attributes:
      layer: with parameters `kernel`, whose last axis is that of outputs, and `bias`.
    """

    layer: nn.Module

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """The layer's output, with such weights."""
        by_length = nn.map_variables(
            lambda layer: layer(x),
            "params",
            trans_in_fn=self._scaled,
            init=self.is_initializing(),
        )
        return by_length(self.layer)

    def _scaled(self, variables: Any) -> Any:
        params = variables["params"]
        v = params["kernel"].astype(jnp.float32)
        square = jnp.sum(jnp.square(v), range(v.ndim - 1), keepdims=True)
        # A finite derivative at v = 0, and far below the rounding of other lengths.
        length = jnp.sqrt(square + 1e-20)
        g = self.param("scale", lambda key: length.reshape(-1))
        weights = g.reshape(length.shape) * v / length
        # `init` stores what is returned here: v to rounding, since g is |v| then.
        kernel = weights.astype(params["kernel"].dtype)
        return {"params": {**params, "kernel": kernel}}


def with_weight_norm(norm: str, layer: Layer) -> Layer | WeightNorm:
    """The layer, with its weights normalised if that is the network's normalisation."""
    return WeightNorm(layer) if norm == "weight" else layer
