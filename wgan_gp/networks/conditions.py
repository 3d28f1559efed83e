"""Generators that are told some entries of each sample, and repeat them."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from wgan_gp.networks import Network


def conditioned(network: Network, told: Sequence[int]) -> Network:
    """A generator that is told entries of each sample, and repeats them.

    The entries follow the latents, and take the place of the network's own where they
    belong in a sample. So a critic sees a sample and its condition together, and no
    gradient asks the network to change the condition.

    Args:
      network: a generator of latents `[B, Z + k]`, to `[B, ..., D]`.
      told: the k entries of the last axis that are told, in the order of a condition.

    Returns:
      The network whose input is latents `[B, Z]` and conditions `[B, k]`. Of sequences
      and images, the told channels are constant over positions. They come back as they
      were, whatever type the network computes in.
    """
    runs = tuple(_runs(told))

    def apply(params: Any, inputs: Any) -> jax.Array:
        latents, condition = inputs
        made = network.apply(params, jnp.concatenate([latents, condition], axis=-1))
        between = (1,) * (made.ndim - 2)
        condition = condition.reshape(len(condition), *between, len(told))
        for entries, parts in runs:
            made = made.at[..., entries].set(condition[..., parts])
        return made

    return network._replace(apply=apply)


def _runs(told: Sequence[int]) -> Iterator[tuple[slice, slice]]:
    """Neighbouring entries as slices: of a sample, and of its condition."""
    by_distance = itertools.groupby(enumerate(told), lambda pair: pair[1] - pair[0])
    for distance, pairs in by_distance:
        places = [place for place, _ in pairs]
        first, end = places[0], places[-1] + 1
        yield slice(first + distance, end + distance), slice(first, end)
