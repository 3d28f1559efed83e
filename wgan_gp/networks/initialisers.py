"""Initial weights of the image networks.

As in the reference implementation of Gulrajani et al. 2017 (arXiv:1704.00028): kernels
are uniform, with a variance from the fans of their layer, and biases are zero.
"""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

# The `scale` of `jax.nn.initializers.variance_scaling` in mode "fan_avg": that of He et
# al. 2015 (arXiv:1502.01852), for layers before a ReLU, and of Glorot and Bengio 2010.
HE_SCALE, GLOROT_SCALE = 2.0, 1.0


def uniform(std: float) -> nn.initializers.Initializer:
    """Uniform weights of mean 0.

    Args:
      std: their standard deviation.

    Returns:
      `(key, shape, dtype) -> weights`.
    """

    def init(key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32):
        bound = std * 3**0.5  # U(-a, a) has the standard deviation a / sqrt(3)
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return init


def fan_avg_uniform(
    scale: float, stride: int = 1, *, transposed: bool = False
) -> nn.initializers.Initializer:
    """Uniform weights of variance `scale` / fan_avg, with the fans of a strided layer.

    As `jax.nn.initializers.variance_scaling`, but for strides, which the reference
    counts in: at stride 2 an input pixel of a convolution meets a quarter of the taps,
    so fan_out is divided by 4. Of a transposed convolution an output pixel does, so
    fan_in is.

    Args:
      scale: `HE_SCALE` or `GLOROT_SCALE`.
      stride: of the convolution, in both directions.
      transposed: whether the convolution is a transposed one.

    Returns:
      `(key, shape, dtype) -> weights`, for dense kernels `[inputs, outputs]` and
      kernels of convolutions `[h, w, inputs, outputs]`.
    """

    def init(key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32):
        *window, inputs, outputs = shape
        taps = math.prod(window)
        fan_in, fan_out = taps * inputs, taps * outputs
        if transposed:
            fan_in /= stride**2
        else:
            fan_out /= stride**2
        std = (2 * scale / (fan_in + fan_out)) ** 0.5
        return uniform(std)(key, shape, dtype)

    return init
