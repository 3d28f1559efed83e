"""Sorting by a network of comparisons, as an activation.

On CPUs XLA calls a comparator for each pair that it compares, which takes most of the
time of a critic that sorts whole layers. A bitonic network (Batcher 1968) compares
always the same pairs, many at once, which compiles to vector instructions: with its
derivative 3 times as fast for 1,024 layers of 128 or 256 (`benchmarks/README.md`).
Accelerators were not timed.
"""

import jax
import jax.numpy as jnp


def sort(x: jax.Array) -> jax.Array:
    """Sorts along the first axis, ascending: a permutation, whose slope is 1.

    Args:
      x: `[n, ...]`.

    Returns:
      As `jnp.sort(x, axis=0)`, if no entry is NaN; with one, some entry of the result
      is not finite. Its derivatives are those of the permutation.
    """
    count = len(x)
    spare = (1 << (count - 1).bit_length()) - count
    rows = ((0, spare), *((0, 0),) * (x.ndim - 1))
    padded = jnp.pad(x, rows, constant_values=jnp.inf)  # ends behind all others
    order = _order(jax.lax.stop_gradient(padded))[:count]
    return jnp.take_along_axis(padded, order, axis=0)


def _order(values: jax.Array) -> jax.Array:
    """The row numbers `[n, ...]` in ascending order of values; n is a power of 2."""
    count = len(values)
    numbers = jax.lax.broadcasted_iota(jnp.int32, values.shape, 0)
    pair = values, numbers
    size = 1  # of the runs that are sorted so far; they are merged two and two
    while size < count:
        pair = _compare(*pair, size, mirrored=True)
        step = size // 2
        while step:
            pair = _compare(*pair, step, mirrored=False)
            step //= 2
        size *= 2
    return pair[1]


def _compare(values: jax.Array, numbers: jax.Array, step: int, *, mirrored: bool):
    """Puts each pair of rows in order: those `step` apart, or mirrored in a block."""
    turn = slice(None, None, -1 if mirrored else 1)

    def split(rows: jax.Array) -> tuple[jax.Array, jax.Array]:
        blocks = rows.reshape(-1, 2, step, *rows.shape[1:])
        return blocks[:, 0], blocks[:, 1, turn]

    (first, second), (first_number, second_number) = split(values), split(numbers)
    ordered = first <= second

    def join(a: jax.Array, b: jax.Array) -> jax.Array:
        low, high = jnp.where(ordered, a, b), jnp.where(ordered, b, a)
        return jnp.stack([low, high[:, turn]], axis=1).reshape(values.shape)

    return join(first, second), join(first_number, second_number)
