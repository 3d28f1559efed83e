"""Times a generator iteration on 2-D data, compared with eager PyTorch.

    make benchmark
    python -m benchmarks.toy_speed --parts

The training command splits a batch over as many CPU devices as pay: it is timed so, and
on one device with all cores. PyTorch has one thread or all, whichever is faster. A
product of two matrices takes turns with them: of its FLOP/s training reaches a share.
`--parts` is what a critic step's time goes into, on one core.
"""

import argparse
import os
import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.timing import in_turn, peak_flops, product
from benchmarks.toy_steps import BATCH, N_CRITIC, algorithm, runner
from wgan_gp import devices, losses, train
from wgan_gp.algorithm import critic_gradient, generate
from wgan_gp.system import platforms

WIDTHS, ROUNDS, CRITIC_STEPS = (64, 128, 512), 9, 200
HEADER = """\
| width | PyTorch, ms (threads) | one device, ms | PyTorch / ours \
| devices of the command | ms | PyTorch / ours | share of a large product's FLOP/s |
|---|---|---|---|---|---|---|---|"""


def forward_flops(width: int) -> int:
    """Of a critic on a batch."""
    return 2 * BATCH * (2 * width + 2 * width**2 + width)


def iteration_flops(width: int) -> float:
    """Of one iteration: n_critic x (G forward, critic gradient), then the G step."""
    forward = forward_flops(width)
    generator = 2 * BATCH * (2 * width + 2 * width**2 + 2 * width)
    # The generator's step: both forward, back through the critic's inputs, and twice
    # a forward pass back through the generator.
    return N_CRITIC * (generator + 10 * forward) + 3 * generator + 2 * forward


def compare(width: int) -> str:
    """A row of the table: milliseconds, and PyTorch's over ours."""
    import torch

    from benchmarks.torch_toy import TorchToy

    iterations = max(2, 12_800 // width)
    split = devices.cpu_device_count(BATCH, [width])
    sides = [runner(width, iterations, count) for count in dict.fromkeys([1, split])]
    toy = TorchToy(width, BATCH, N_CRITIC)

    def peer(threads: int) -> None:
        torch.set_num_threads(threads)
        toy.run(iterations)

    peers = [partial(peer, threads) for threads in (1, platforms.cores())]
    multiply, work = product(1024)
    calls = [*sides, *peers, multiply]
    *ours, one_thread, all_threads, multiplied = in_turn(calls, rounds=ROUNDS)
    threads, theirs = min(
        [(1, one_thread), (platforms.cores(), all_threads)],
        key=lambda each: statistics.median(each[1]),
    )

    def cell(times: list[float]) -> str:
        ratios = [b / a for a, b in zip(times, theirs)]
        ms = 1e3 * statistics.median(times) / iterations
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        return f"{ms:.2f} | {statistics.median(ratios):.2f} ({spread})"

    share = iteration_flops(width) * iterations / work
    share *= statistics.median(b / a for a, b in zip(ours[-1], multiplied))
    peer_ms = 1e3 * statistics.median(theirs) / iterations
    return (
        f"| {width} | {peer_ms:.2f} ({threads}) | {cell(ours[0])}"
        f" | {split} | {cell(ours[-1])} | {share:.0%} |"
    )


def parts(width: int) -> dict[str, Callable[[], Any]]:
    """What a critic step consists of: functions that do each part of several steps."""
    whole, hyperparameters = algorithm(width)
    critic = whole.critic
    state = jax.jit(partial(train.init, whole, hyperparameters))(jax.random.key(0))
    real_key, fake_key, latent_key, key = jax.random.split(jax.random.key(1), 4)
    keys = jax.random.split(jax.random.key(2), CRITIC_STEPS)
    sample_fake = partial(generate, whole, state.generator.params)
    batch = (
        *(critic.sample_real(real_key, BATCH), None, sample_fake(fake_key, BATCH)),
        losses.sample_keys(key, BATCH),
    )
    gradient = critic_gradient(critic, hyperparameters, state.critic.state)

    def step(player, key):
        return train.critic_step(critic, hyperparameters, sample_fake, player, key)[0]

    def descend(params, _):
        by_parameter, _ = gradient(params, batch)
        return jax.tree.map(lambda a, b: a - 1e-6 * b, params, by_parameter)

    def draw(total, key):
        real_key, fake_key, penalty_key = jax.random.split(key, 3)
        reals = critic.sample_real(real_key, BATCH)
        latents = whole.sample_latent(fake_key, BATCH)
        epsilon = jax.vmap(jax.random.uniform)(losses.sample_keys(penalty_key, BATCH))
        return total + jnp.sum(reals) + jnp.sum(latents) + jnp.sum(epsilon)

    def generated(latents, _):
        return latents + 1e-9 * whole.generator.apply(state.generator.params, latents)

    def timed(one, carry):
        steps = jax.jit(
            lambda carry: jax.lax.scan(lambda c, key: (one(c, key), None), carry, keys)
        )
        return lambda: jax.block_until_ready(steps(carry))

    return {
        "a critic step": timed(step, state.critic),
        "gradient of the loss": timed(descend, state.critic.params),
        "generating samples": timed(generated, whole.sample_latent(latent_key, BATCH)),
        "random draws": timed(draw, jnp.zeros(())),
    }


def print_parts() -> None:
    """What a critic step's time goes into, on one core."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    peak = peak_flops()
    print(f"matrix-product peak of the core: {peak / 1e9:.0f} GFLOP/s")
    for width in WIDTHS:
        each = parts(width)
        times = in_turn(list(each.values()), rounds=ROUNDS)
        whole, *_ = medians = [statistics.median(t) / CRITIC_STEPS for t in times]
        floor = 10 * forward_flops(width) / peak
        print(
            f"width {width}: the gradient's products at the peak {1e6 * floor:.0f} us"
        )
        for name, seconds in zip(each, medians):
            print(f"  {name:22} {1e6 * seconds:7.0f} us {seconds / whole:6.0%}")


def main() -> None:
    """Prints one of the two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", action="store_true", help="of a critic step")
    if parser.parse_args().parts:
        if not hasattr(os, "sched_setaffinity"):
            parser.error("--parts: this system cannot pin a process to one core")
        print_parts()
        return
    devices.provide_cpu_devices(platforms.cores())
    print(f"JAX {jax.__version__} on {jax.devices()[0].device_kind},", end=" ")
    print(f"matrix-product peak {peak_flops() / 1e9:.0f} GFLOP/s, batch {BATCH}")
    print(HEADER)
    for width in WIDTHS:
        print(compare(width), flush=True)


if __name__ == "__main__":
    main()
