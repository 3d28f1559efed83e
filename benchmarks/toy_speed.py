"""Times a generator iteration on 2-D data, compared with eager PyTorch.

    make benchmark

Also prints the cost of the gradient of the critic's loss in forward passes of the
batch, counted by XLA, and the share of this machine's matrix-product peak that training
reaches.
"""

import time
from functools import partial

import jax
import jax.numpy as jnp

from benchmarks.timing import interleave
from benchmarks.torch_toy import TorchToy
from wgan_gp import configs, losses, train
from wgan_gp.build import build
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.networks import bind

WIDTHS, BATCH, N_CRITIC, ROUNDS = (64, 128, 512), 256, 5, 9


def algorithm(width: int, lipschitz: str = "two_sided"):
    config = configs.base()
    config.lipschitz, config.batch_size, config.n_critic = lipschitz, BATCH, N_CRITIC
    config.critic.hidden = config.generator.hidden = (width,) * 3
    experiment = build(configs.resolve(config))
    return experiment.algorithm, experiment.hyperparameters


def jax_runner(width: int, iterations: int):
    """A function that trains for `iterations` and waits."""
    parts = algorithm(width)
    state = jax.jit(partial(train.init, *parts))(jax.random.key(0))
    step = jax.jit(partial(train.train_steps, *parts), donate_argnums=0)
    holder = [state]

    def run():
        holder[0], _ = step(holder[0], iterations)
        jax.block_until_ready(holder[0])

    return run


def forward_equivalents(width: int, lipschitz: str) -> float:
    """FLOPs of the critic loss's gradient over those of one forward pass."""
    parts, _ = algorithm(width, lipschitz)
    params = parts.critic.network.init(jax.random.key(0))
    batch, key = jnp.zeros((BATCH, 2)), jax.random.key(0)

    def loss(params, reals, fakes):
        critic = bind(parts.critic.network, params)
        return losses.critic_loss(
            critic,
            reals,
            fakes,
            key,
            penalty=parts.critic.constraint.penalty,
            weight=10.0,
        )[0]

    def forward(params, x):
        return jax.vmap(bind(parts.critic.network, params))(x)

    return flops(jax.grad(loss), params, batch, batch) / flops(forward, params, batch)


def flops(function, *args) -> float:
    """What XLA counts in the compiled function."""
    analysis = jax.jit(function).lower(*args).compile().cost_analysis() or {}
    return analysis["flops"]


def iteration_flops(width: int) -> float:
    """Of one iteration: n_critic x (G forward, critic gradient), then the G step."""
    forward = 2 * BATCH * (2 * width + 2 * width**2 + width)
    generator = 2 * BATCH * (2 * width + 2 * width**2 + 2 * width)
    # The generator's step: both forward, back through the critic's inputs, and twice
    # a forward pass back through the generator.
    return N_CRITIC * (generator + 10 * forward) + 3 * generator + 2 * forward


def peak_flops(size: int = 1024) -> float:
    """FLOP/s of a large matrix product, best of several."""
    a = jnp.ones((size, size))
    product = jax.jit(jnp.matmul)
    product(a, a).block_until_ready()
    best = float("inf")
    for _ in range(20):
        start = time.perf_counter()
        product(a, a).block_until_ready()
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def main() -> None:
    peak = peak_flops()
    print(f"JAX {jax.__version__} on {jax.devices()[0].device_kind},", end=" ")
    print(f"matrix-product peak {peak / 1e9:.0f} GFLOP/s, batch {BATCH}")
    print("width  ours ms  torch ms  ratio  (least to greatest)  share of peak")
    for width in WIDTHS:
        iterations = max(2, 12_800 // width)
        torch_toy = TorchToy(width, BATCH, N_CRITIC)
        result = interleave(
            jax_runner(width, iterations),
            partial(torch_toy.run, iterations),
            rounds=ROUNDS,
        )
        ours, theirs = (1e3 * t / iterations for t in (result.first, result.second))
        share = iteration_flops(width) / (ours / 1e3) / peak
        print(
            f"{width:5}  {ours:7.2f}  {theirs:8.2f}  {result.ratio:5.2f}"
            f"  ({result.low:.2f} to {result.high:.2f})  {share:18.0%}"
        )
    for lipschitz in CONSTRAINTS:
        cost = forward_equivalents(512, lipschitz)
        print(f"critic gradient, {lipschitz}: {cost:.1f} forward passes")


if __name__ == "__main__":
    main()
