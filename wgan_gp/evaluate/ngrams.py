"""How near generated text is to real text: divergences of n-gram distributions.

The measure of Gulrajani et al. 2017 (arXiv:1704.00028) for their character model, as in
its reference implementation: the Jensen-Shannon divergence, in bits, between the
distributions of n characters in a row, filled-up positions among them. It is biased:
two small samples of one text have different n-grams. The value for held-out lines, the
floor, belongs beside it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

ORDERS = (1, 2, 3, 4, 5, 6)


def count_ngrams(lines: Iterable[str], n: int) -> Counter[str]:
    """How often each sequence of n characters occurs within a line.

    Args:
      lines: of text.
      n: at least 1.
    """
    counts = Counter[str]()
    for line in lines:
        counts.update(line[i : i + n] for i in range(len(line) - n + 1))
    return counts


def jensen_shannon(first: Counter[str], second: Counter[str]) -> float:
    """The Jensen-Shannon divergence of two empirical distributions, in bits.

    Args:
      first: counts, not all 0.
      second: counts, not all 0.

    Returns:
      The mean of the two KL divergences to the mixture: 0 for equal distributions, 1
      for those that share nothing.

    Raises:
      ValueError: there is nothing to compare.
    """
    names = list(first.keys() | second.keys())
    p, q = (
        np.array([counts[name] for name in names], float) for counts in (first, second)
    )
    if not p.sum() or not q.sum():
        raise ValueError("n-grams need lines of at least n characters, in both texts")
    p, q = p / p.sum(), q / q.sum()
    mixture = (p + q) / 2
    return float((_kl(p, mixture) + _kl(q, mixture)) / 2)


def _kl(p: np.ndarray, q: np.ndarray) -> float:
    there = p > 0
    return float((p[there] * np.log2(p[there] / q[there])).sum())


def ngram_divergences(
    fakes: Sequence[str], reals: Sequence[str], orders: Sequence[int] = ORDERS
) -> dict[str, float]:
    """`js_1`, `js_2`, ...: the divergence of each order, in bits.

    Args:
      fakes: generated lines.
      reals: real lines.
      orders: the lengths n.

    Raises:
      ValueError: as `jensen_shannon`.
    """
    return {
        f"js_{n}": jensen_shannon(count_ngrams(fakes, n), count_ngrams(reals, n))
        for n in orders
    }
