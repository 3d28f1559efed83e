"""Changes of an image's size without parameters, and checks of sizes."""

import jax
import jax.numpy as jnp


def upsample(x: jax.Array) -> jax.Array:
    """Nearest-neighbour upsampling by 2: `[..., H, W, C]` to `[..., 2 H, 2 W, C]`."""
    return jnp.repeat(jnp.repeat(x, 2, axis=-3), 2, axis=-2)


def mean_pool(x: jax.Array) -> jax.Array:
    """Means of 2 x 2 pixels: `[..., H, W, C]` to `[..., H / 2, W / 2, C]`.

    Args:
      x: images with even height and width.

    Raises:
      ValueError: a side is odd.
    """
    *batch, height, width, channels = x.shape
    if height % 2 or width % 2:
        raise ValueError(
            f"a network that halves images has {height} x {width} pixels to halve: take"
            " images whose sides are even each time, such as 32 x 32"
        )
    blocks = x.reshape(*batch, height // 2, 2, width // 2, 2, channels)
    return blocks.mean((-4, -2))


def depth_to_space(x: jax.Array) -> jax.Array:
    """Four channels to 2 x 2 pixels: `[..., H, W, 4 C]` to `[..., 2 H, 2 W, C]`."""
    *batch, height, width, channels = x.shape
    x = x.reshape(*batch, height, width, 2, 2, channels // 4)
    x = jnp.swapaxes(x, -4, -3)
    return x.reshape(*batch, 2 * height, 2 * width, channels // 4)


def crop(x: jax.Array, size: tuple[int, int]) -> jax.Array:
    """The upper left corner of images.

    Args:
      x: images `[..., H, W, C]`.
      size: height and width of the corner, in pixels.

    Returns:
      Images `[..., *size, C]`.
    """
    return x[..., : size[0], : size[1], :]


def strided_sizes(size: tuple[int, int], smallest: int) -> list[tuple[int, int]]:
    """The sizes of an image under repeated convolutions of stride 2.

    Args:
      size: height and width of the image.
      smallest: the last size is the first with no side above this.

    Returns:
      The sizes, from `size` down; each side is half of that before, rounded up.
    """
    sizes = [size]
    while max(sizes[-1]) > smallest:
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    return sizes


def size_before_doublings(
    shape: tuple[int, int, int], doublings: int
) -> tuple[int, int]:
    """The size from which a generator doubles images up to their full size.

    Args:
      shape: H, W, C of the full images.
      doublings: how often height and width are doubled.

    Returns:
      Height and width of the smallest images.

    Raises:
      ValueError: the full sides are not multiples of 2^doublings.
    """
    factor = 2**doublings
    if shape[0] % factor or shape[1] % factor:
        raise ValueError(
            f"a generator that doubles {doublings} times needs sides that are multiples"
            f" of {factor}, got images of {shape[0]} x {shape[1]}"
        )
    return shape[0] // factor, shape[1] // factor
