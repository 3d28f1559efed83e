"""How often the bracket of W1 contains it, and how wide it is.

    python -m benchmarks.distance    # --draws 100 --sizes 200 1000 --dimensions 2 8 64

Pairs of distributions whose W1 is known, drawn anew each time: translations, changes of
spread, funnels, and two sets of one distribution. Prints a table in Markdown: how many
brackets contain W1, then the means of their low and high ends and of the two bounds,
all in units of W1 (of two sets of one distribution, as they are).
"""

import argparse
from collections.abc import Iterator

import numpy as np

from benchmarks.lower_bound import known_pairs
from wgan_gp.evaluate.bracket import w1_bracket

DIMENSIONS = (2, 8, 64)
SIZES = (200, 1000)
DRAWS = 100


def brackets(
    dimension: int, n: int, draws: range
) -> dict[str, list[tuple[float, ...]]]:
    """W1, the bracket's ends and the two bounds, of each draw of each pair.

    Args:
      dimension: D.
      n: samples a side.
      draws: their seeds.
    """
    found: dict[str, list[tuple[float, ...]]] = {}
    for draw in draws:
        for name, pair in known_pairs(dimension, n, seed=draw).items():
            bracket = w1_bracket(pair.reals, pair.fakes, seed=draw)
            ends = (*bracket.interval, bracket.lower, bracket.upper)
            found.setdefault(name, []).append((pair.distance, *ends))
    return found


def contained(found: list[tuple[float, ...]]) -> int:
    """In how many draws W1 is between the ends."""
    return sum(low <= truth <= high for truth, low, high, *_ in found)


def rows(dimension: int, n: int, draws: int) -> Iterator[list[str]]:
    """The cells of the lines of one dimension and one size."""
    for name, found in brackets(dimension, n, range(draws)).items():
        truth, *ends = np.mean(found, axis=0)
        cells = [f"{each / (truth or 1.0):.2f}" for each in ends]
        covered = f"{contained(found)} of {len(found)}"
        yield [str(dimension), f"{n:,}", name, f"{truth:.2f}", covered, *cells]


def main(arguments: list[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dimensions", type=int, nargs="+", default=DIMENSIONS)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--draws", type=int, default=DRAWS)
    chosen = parser.parse_args(arguments)
    names = ["D", "n", "pair", "W1", "contain it", "low end", "high end"]
    names += ["lower bound", "upper bound"]
    print("| " + " | ".join(names) + " |")
    print("|" + "---|" * len(names))
    for n in chosen.sizes:
        for dimension in chosen.dimensions:
            for cells in rows(dimension, n, chosen.draws):
                print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
