"""Times two functions in turn, so that load on the machine affects both."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Comparison(NamedTuple):
    """Seconds per call of two functions, and their ratio round by round."""

    first: float  # median
    second: float  # median
    ratio: float  # median over rounds of second / first
    low: float  # least ratio of a round
    high: float  # greatest


def interleave(
    first: Callable[[], None], second: Callable[[], None], *, rounds: int
) -> Comparison:
    """Calls both in turn, after one call of each that is not counted.

    Args:
      first: does its work and waits for it.
      second: likewise.
      rounds: how often each is timed.
    """
    seconds = []
    for call in (first, second):
        call()
    for _ in range(rounds):
        seconds.append((_time(first), _time(second)))
    ratios = [b / a for a, b in seconds]
    firsts, seconds_ = zip(*seconds)
    return Comparison(
        statistics.median(firsts),
        statistics.median(seconds_),
        statistics.median(ratios),
        min(ratios),
        max(ratios),
    )


def _time(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
