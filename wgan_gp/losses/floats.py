"""Floating types: one for all samples, and float32 at least for slopes and means.

Networks may compute in half precision, but a penalty must not: it subtracts 1 from a
norm and squares the rest. Samples keep the type they have, critics see that type, and
what is computed from a critic's values or gradients is computed in float32 or wider.
"""

from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from wgan_gp.system.values import unmasked


def as_floats(*arrays: Any) -> tuple[jax.Array, ...]:
    """Arrays of real numbers in one floating type: the widest among theirs.

    Integers and booleans count as JAX's default float (float32, or float64 under
    `jax_enable_x64`). Integers would draw epsilon as 0 and wrap in differences.

    Args:
      *arrays: JAX or NumPy arrays, or numbers, of any shapes.

    Returns:
      The arrays, each of its own shape.

    Raises:
      ValueError: something is not an array of real numbers.
    """
    floats = [_as_float(x) for x in arrays]
    dtype = reduce(jnp.promote_types, [x.dtype for x in floats])
    return tuple(x if x.dtype == dtype else x.astype(dtype) for x in floats)


def at_least_float32(x: Any) -> jax.Array:
    """The numbers in float32, or in their own type if that is wider.

    Squares of slopes overflow float16 at 256 and vanish below 2e-4, and a mean over a
    batch loses digits in either half precision.

    Args:
      x: an array of real numbers, of any shape.

    Returns:
      An array of the same shape.

    Raises:
      ValueError: as `as_floats`.
    """
    (x,) = as_floats(x)
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def _as_float(x: Any) -> jax.Array:
    x = _as_array(x)
    if jnp.issubdtype(x.dtype, jnp.complexfloating):
        raise ValueError(
            f"expected real numbers, got {x.dtype}: take real and imaginary parts as"
            " two entries, jnp.stack([x.real, x.imag], axis=-1)"
        )
    if jnp.issubdtype(x.dtype, jnp.integer) or x.dtype == bool:
        # Converted by NumPy: its integers may have 64 bits, which JAX would wrap to 32.
        return jnp.asarray(x.astype(jnp.result_type(float)))
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"expected an array of real numbers, got {x.dtype}")
    if x.dtype.itemsize == 1:  # 8-bit floats take part in no promotion
        return jnp.asarray(x.astype(jnp.float32))
    return jnp.asarray(x)


def _as_array(x: Any) -> jax.Array | np.ndarray:
    if isinstance(x, list | tuple | dict):
        cure = "stack them, jnp.asarray(samples)"
        if not isinstance(x, list):
            cure = "take the samples alone, and what goes with them as condition="
        raise ValueError(
            f"expected one array of samples, got a {type(x).__name__} of {len(x)}:"
            f" {cure}"
        )
    if isinstance(x, jax.Array):
        return x
    # Variables of Flax NNX are arrays to JAX only.
    return jnp.asarray(x) if hasattr(x, "__jax_array__") else unmasked(x)
