"""Divergences of n-grams: exact on small texts."""

import math

import numpy as np
import pytest

from wgan_gp.evaluate.ngrams import count_ngrams, jensen_shannon, ngram_divergences


def test_ngrams_are_counted_within_lines():
    assert count_ngrams(["abab", "b"], 2) == {"ab": 2, "ba": 1}
    assert count_ngrams(["abab", "b"], 1) == {"a": 2, "b": 3}


def test_the_divergence_of_known_distributions():
    same = count_ngrams(["ab"], 1)
    assert jensen_shannon(same, same) == 0
    assert jensen_shannon(same, count_ngrams(["cd"], 1)) == pytest.approx(1)
    # (1/2, 1/2) and (1, 0): the mixture is (3/4, 1/4).
    expected = 0.5 * (0.5 * math.log2(2 / 3) + 0.5 * math.log2(2)) + 0.5 * math.log2(
        4 / 3
    )
    assert jensen_shannon(same, count_ngrams(["aa"], 1)) == pytest.approx(expected)


def test_all_orders_are_measured_and_symmetric():
    random = np.random.default_rng(0)
    first, second = (
        ["".join(random.choice(list("abcd"), 10)) for _ in range(50)] for _ in range(2)
    )
    found = ngram_divergences(first, second)
    assert list(found) == [f"js_{n}" for n in range(1, 7)]
    assert list(found.values()) == sorted(found.values())  # longer ones are rarer
    assert found == pytest.approx(ngram_divergences(second, first))
    with pytest.raises(ValueError, match="at least n characters"):
        ngram_divergences(["ab"], ["ab"], orders=(3,))
