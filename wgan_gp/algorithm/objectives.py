"""What the two players minimise, with the cross entropy of an auxiliary classifier.

The classifier is that of Odena et al. 2017, arXiv:1610.09585.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from wgan_gp import losses
from wgan_gp.algorithm.choices import Algorithm, CriticAlgorithm
from wgan_gp.algorithm.updates import Metrics
from wgan_gp.networks import Network


def critic_objective(
    algorithm: CriticAlgorithm, strength: Any, prepared: Any, batch: Any
) -> tuple[jax.Array, Metrics]:
    """The critic's loss; with a classifier, and its cross entropy on real samples.

    Args:
      algorithm: the choices that shape the program, its networks wrapped.
      strength: lambda, where the constraint has a penalty.
      prepared: what the network's `prepare` returned.
      batch: reals `[B, ...]`, labels `[B]` or None, fakes `[B, ...]`, keys `[B]`.

    Returns:
      The loss `[]`, and the scalars of `losses.critic_loss`.
    """
    reals, labels, fakes, keys = batch
    penalty = algorithm.constraint.penalty
    loss, metrics = losses.critic_loss(
        partial(algorithm.network.apply, prepared),
        reals,
        fakes,
        keys,
        penalty=on_its_network(penalty, algorithm.penalty_network, prepared),
        weight=0.0 if penalty is None else strength,
        objective=algorithm.objective,
    )
    if algorithm.label_weight:
        entropy = _cross_entropy(algorithm.network, prepared, reals, labels)
        loss += algorithm.label_weight * entropy
        metrics["classification"] = entropy
    return loss, metrics


def generator_objective(
    algorithm: Algorithm, network: Network, prepared: Any, params: Any, batch: Any
) -> tuple[jax.Array, Metrics]:
    """The generator's loss; with a classifier, and its cross entropy on fakes.

    Args:
      algorithm: the choices that shape the program.
      network: the critic's, wrapped.
      prepared: what the critic's `prepare` returned; held fixed.
      params: the generator's parameters.
      batch: z `[B, Z]`, or that and labels `[B]`; and reals `[B, ...]`, or None where
        the objective does not compare.

    Returns:
      The loss `[]`, and the scalar `generator_loss`, which is without the classifier.
    """
    latents, reals = batch
    fakes = algorithm.generator.apply(params, latents)
    loss = losses.generator_loss(
        partial(network.apply, prepared),
        fakes,
        objective=algorithm.critic.objective,
        reals=reals,
    )
    metrics = {"generator_loss": loss}
    if algorithm.label_weight:
        _, labels = split_labels(latents)
        entropy = _cross_entropy(network, prepared, fakes, labels)
        loss += algorithm.label_weight * entropy
    return loss, metrics


def split_labels(drawn: Any) -> tuple[jax.Array, jax.Array | None]:
    """What a sampler drew, `[B, ...]`, and its labels `[B]`, or None without labels."""
    return drawn if isinstance(drawn, tuple) else (drawn, None)


def on_its_network(
    penalty: losses.Penalty | None, network: Network | None, prepared: Any
) -> losses.Penalty | None:
    """The penalty, of a critic that is computed as `penalty_network` says.

    Args:
      penalty: the constraint's, or None.
      network: `CriticAlgorithm.penalty_network`.
      prepared: what the critic's `prepare` returned.

    Returns:
      A penalty that ignores the critic that it is given where there is such a network.
    """
    if penalty is None or network is None:
        return penalty
    critic = partial(network.apply, prepared)
    return lambda _, reals, fakes, keys: penalty(critic, reals, fakes, keys)


def _cross_entropy(network: Network, prepared: Any, samples, labels) -> jax.Array:
    """The classifier's mean cross entropy on samples `[B, ...]`, a scalar."""
    assert network.classify is not None
    logits = jax.vmap(partial(network.classify, prepared))(samples)
    entropy = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    return jnp.mean(entropy)
