"""Sorting of whole layers beside XLA's sort: `python -m benchmarks.sorting`.

The derivative of a weighted sum of sorted layers, of 1,024 samples, as in a critic that
sorts whole layers. Prints a table in Markdown.
"""

import jax
import jax.numpy as jnp

from benchmarks.timing import interleave
from wgan_gp.networks.lipschitz.sorting import sort

SAMPLES, WIDTHS, ROUNDS = 1024, (32, 128, 256, 512), 9


def runner(sorting, width: int):
    """A function that computes the derivative and waits."""
    x, weights = jax.random.normal(jax.random.key(width), (2, SAMPLES, width))

    def total(x: jax.Array) -> jax.Array:
        return jnp.sum(weights * jax.vmap(sorting)(x))

    slope = jax.jit(jax.grad(total))
    return lambda: jax.block_until_ready(slope(x))


def main() -> None:
    """Prints the table."""
    print("| width | network, ms | XLA's sort, ms | ratio | least to greatest |")
    print("|---|---|---|---|---|")
    for width in WIDTHS:
        found = interleave(runner(sort, width), runner(jnp.sort, width), rounds=ROUNDS)
        ours, theirs = 1e3 * found.first, 1e3 * found.second
        print(
            f"| {width} | {ours:.1f} | {theirs:.1f} | {found.ratio:.2f} |"
            f" {found.low:.2f} to {found.high:.2f} |"
        )


if __name__ == "__main__":
    main()
