"""What each constraint costs: forward passes of a critic's gradient, and time.

    make benchmark-constraints

Forward passes are counted by XLA in the compiled gradient of the critic's loss, in
units of one forward pass of a batch through the plain critic. Times are those of a
critic update, relative to weight clipping, which adds next to nothing to a critic
without a constraint.
"""

import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.timing import flops, in_turn, peak_flops
from wgan_gp import configs, losses, train
from wgan_gp.build import build
from wgan_gp.constraints import CONSTRAINTS

WIDTH, BATCH, UPDATES, ROUNDS = 128, 256, 50, 9
CRITICS = {
    "relu": {},
    "tanh": {"activation": "tanh"},
    "relu, layer norm": {"norm": "layer"},
}
BASE = "clip"


def critic_algorithm(lipschitz: str, **critic: Any):
    """The critic's part of a toy under a constraint, and its hyperparameters."""
    config = configs.base()
    config.lipschitz, config.batch_size = lipschitz, BATCH
    config.critic.hidden = (WIDTH,) * 3
    config.critic.update(critic)
    experiment = build(configs.resolve(config))
    return experiment.algorithm.critic, experiment.hyperparameters


def forward_passes(lipschitz: str, **critic: Any) -> float:
    """FLOPs of the gradient of the critic's loss over those of one forward pass."""
    algorithm, hyperparameters = critic_algorithm(lipschitz, **critic)
    player = train.init_critic(algorithm, hyperparameters, jax.random.key(0))
    gradient = train.critic_gradient(algorithm, hyperparameters, player.state)
    samples = jnp.zeros((BATCH, 2))
    keys = losses.sample_keys(jax.random.key(1), BATCH)
    total = flops(gradient, player.params, (samples, None, samples, keys))
    plain, _ = critic_algorithm(BASE, **critic)
    params = plain.network.init(jax.random.key(0))
    once = lambda params, x: jax.vmap(partial(plain.network.apply, params))(x)  # noqa: E731
    return total / flops(once, params, samples)


def updates(lipschitz: str, **critic: Any) -> Callable[[], None]:
    """A function that trains a critic alone for `UPDATES` updates and waits."""
    algorithm, hyperparameters = critic_algorithm(lipschitz, **critic)
    fake = lambda key, n: 2 * jax.random.normal(key, (n, 2))  # noqa: E731
    player = train.init_critic(algorithm, hyperparameters, jax.random.key(0))
    keys = jax.random.split(jax.random.key(1), UPDATES)
    step = jax.jit(partial(train.critic_steps, algorithm, hyperparameters, fake))
    return lambda: jax.block_until_ready(step(player, keys))


def main() -> None:
    print(f"JAX {jax.__version__} on {jax.devices()[0].device_kind},", end=" ")
    print(f"matrix-product peak {peak_flops() / 1e9:.0f} GFLOP/s,", end=" ")
    print(f"batch {BATCH}, width {WIDTH}")
    for name, critic in CRITICS.items():
        possible = {}
        for lipschitz in CONSTRAINTS:
            try:
                possible[lipschitz] = updates(lipschitz, **critic)
            except ValueError as error:
                print(f"{name}, {lipschitz}: {error}")
        seconds = in_turn(list(possible.values()), rounds=ROUNDS)
        base = seconds[list(possible).index(BASE)]
        for lipschitz, times in zip(possible, seconds):
            ratios = [each / of_base for each, of_base in zip(times, base)]
            print(
                f"{name:17} {lipschitz:13}"
                f" {forward_passes(lipschitz, **critic):6.2f} forward passes,"
                f" {1e3 * statistics.median(times) / UPDATES:6.2f} ms,"
                f" {statistics.median(ratios):5.2f} times {BASE}"
                f" ({min(ratios):.2f} to {max(ratios):.2f})"
            )


if __name__ == "__main__":
    main()
