"""Times functions in turn, so that load on the machine affects all of them."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

Run = Callable[[int], None]  # does so many steps and waits
Makers = dict[str, Callable[[], Run]]  # of runs, by name


class Comparison(NamedTuple):
    """Seconds per call of two functions, and their ratio round by round."""

    first: float  # median
    second: float  # median
    ratio: float  # median over rounds of second / first
    low: float  # least ratio of a round
    high: float  # greatest


def interleave(
    first: Callable[[], object], second: Callable[[], object], *, rounds: int
) -> Comparison:
    """Calls both in turn, after one call of each that is not counted.

    Args:
      first: does its work and waits for it.
      second: likewise.
      rounds: how often each is timed.
    """
    firsts, seconds = in_turn([first, second], rounds=rounds)
    ratios = [b / a for a, b in zip(firsts, seconds)]
    return Comparison(
        statistics.median(firsts),
        statistics.median(seconds),
        statistics.median(ratios),
        min(ratios),
        max(ratios),
    )


def in_turn(calls: Sequence[Callable[[], object]], *, rounds: int) -> list[list[float]]:
    """Seconds of each function in each round, after one call that is not counted.

    Args:
      calls: functions that do their work and wait for it.
      rounds: how often each is timed.

    Returns:
      For each function, a time for each round.
    """
    for call in calls:
        call()
    times = [[_time(call) for call in calls] for _ in range(rounds)]
    return [list(each) for each in zip(*times)]


def _time(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def flops(function, *args) -> float:
    """What XLA counts in the compiled function."""
    analysis = jax.jit(function).lower(*args).compile().cost_analysis() or {}
    return analysis["flops"]


def product(size: int) -> tuple[Callable[[], object], int]:
    """A function that multiplies two square matrices and waits, and its FLOPs."""
    a = jnp.ones((size, size))
    multiply = jax.jit(jnp.matmul)
    return lambda: multiply(a, a).block_until_ready(), 2 * size**3


def peak_flops(size: int = 1024) -> float:
    """FLOP/s of a large matrix product, best of several."""
    multiply, work = product(size)
    return work / min(in_turn([multiply], rounds=20)[0])
