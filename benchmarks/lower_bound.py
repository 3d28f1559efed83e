"""How tight the lower bound of W1 is: `python -m benchmarks.lower_bound`.

Pairs of distributions whose W1 is known, in units of it; and two sets of one
distribution, whose W1 is 0. Prints a table in Markdown, with the seconds of a call.
"""

import argparse
import time
from functools import partial
from typing import NamedTuple

import jax
import numpy as np

from wgan_gp.data.pairs import funnels
from wgan_gp.evaluate.lower_bound import w1_lower_bound

DIMENSIONS = (2, 5, 20, 64)
SIZES = (1000, 4000)
_FUNNELS = 4
_MANY = 20_000  # samples that a W1 without a closed form is estimated from


class Pair(NamedTuple):
    """Samples of two distributions, and their W1."""

    reals: np.ndarray  # [n, D]
    fakes: np.ndarray  # [n, D]
    distance: float


def known_pairs(dimension: int, n: int, seed: int = 0) -> dict[str, Pair]:
    """Pairs of known W1 by name.

    Args:
      dimension: D.
      n: samples a side.
      seed: of the samples.
    """
    numbers = np.random.default_rng(seed)
    reals, fakes, others = numbers.standard_normal((3, n, dimension))
    step = np.full(dimension, dimension**-0.5)  # of length 1
    # x -> x / 2 is optimal, as it goes straight down the potential ||x||.
    norms = np.linalg.norm(numbers.standard_normal((_MANY, dimension)), axis=1)
    half = float(norms.mean()) / 2
    return {
        "moved by 1": Pair(reals + step, fakes, 1.0),
        "moved by 3": Pair(reals + 3 * step, fakes, 3.0),
        "half the spread": Pair(reals, 0.5 * fakes, half),
        "twice the spread": Pair(0.5 * reals, fakes, half),
        f"{_FUNNELS} funnels": _funnels(dimension, n, seed),
        "the same": Pair(reals, others, 0.0),
    }


def _funnels(dimension: int, n: int, seed: int) -> Pair:
    pair = funnels.make_funnels(dimension, _FUNNELS)
    keys = jax.random.split(jax.random.key(seed), 3)
    reals = np.asarray(funnels.sample_real(pair, keys[0], n))
    fakes = np.asarray(funnels.sample_fake(pair, keys[1], n))
    many = funnels.sample_fake(pair, keys[2], _MANY)
    fall = jax.vmap(partial(funnels.potential, pair))
    distance = fall(many).mean() - fall(funnels.descend(pair, many)).mean()
    return Pair(reals, fakes, float(distance))


def row(dimension: int, n: int) -> list[str]:
    """The cells of one line: bound / W1 of each pair, and the seconds of two calls."""
    cells, seconds = [], []
    for pair in known_pairs(dimension, n).values():
        started = time.monotonic()
        bound = w1_lower_bound(pair.reals, pair.fakes)
        seconds.append(time.monotonic() - started)
        unit = pair.distance or 1.0
        cells.append(f"{bound.value / unit:.2f} ± {bound.standard_error / unit:.2f}")
    return [str(dimension), f"{n:,}", *cells, f"{seconds[0]:.1f}, {seconds[-1]:.1f}"]


def main(arguments: list[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dimensions", type=int, nargs="+", default=DIMENSIONS)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    chosen = parser.parse_args(arguments)
    names = ["D", "n", *known_pairs(1, 1), "seconds: first, later"]
    print("| " + " | ".join(names) + " |")
    print("|" + "---|" * len(names))
    for n in chosen.sizes:
        for dimension in chosen.dimensions:
            print("| " + " | ".join(row(dimension, n)) + " |", flush=True)


if __name__ == "__main__":
    main()
