"""Times a generator iteration on 2-D data, compared with eager PyTorch.

    make benchmark
    python -m benchmarks.toy_speed --parts

The training command splits a batch over as many CPU devices as pay: it is timed so, and
on one device with all cores. PyTorch has one thread or all, whichever is faster. Prints
the share of the machine's matrix-product peak that training reaches, too; `--parts` is
what a critic step's time goes into, on one core.
"""

import argparse
import os
import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.timing import in_turn, peak_flops
from benchmarks.toy_steps import BATCH, N_CRITIC, algorithm, runner
from wgan_gp import devices, losses, train
from wgan_gp.algorithm import critic_gradient, generate
from wgan_gp.system import platforms

WIDTHS, ROUNDS, CRITIC_STEPS = (64, 128, 512), 9, 200


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


def compare(width: int, peak: float) -> str:
    """A row of the table: milliseconds, and PyTorch's over ours."""
    import torch

    from benchmarks.torch_toy import TorchToy

    iterations = max(2, 12_800 // width)
    split = devices.cpu_device_count(BATCH, width)
    sides = [runner(width, iterations, count) for count in dict.fromkeys([1, split])]
    toy = TorchToy(width, BATCH, N_CRITIC)

    def peer(threads: int) -> None:
        torch.set_num_threads(threads)
        toy.run(iterations)

    peers = [partial(peer, threads) for threads in (1, platforms.cores())]
    *ours, one_thread, all_threads = in_turn([*sides, *peers], rounds=ROUNDS)
    theirs = min(one_thread, all_threads, key=statistics.median)

    def cell(times: list[float]) -> str:
        ratios = [b / a for a, b in zip(times, theirs)]
        ms = 1e3 * statistics.median(times) / iterations
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        return f"{ms:.2f} | {statistics.median(ratios):.2f} ({spread})"

    best = statistics.median(ours[-1]) / iterations
    share = iteration_flops(width) / best / peak
    peer_ms = 1e3 * statistics.median(theirs) / iterations
    return (
        f"| {width} | {peer_ms:.2f} | {cell(ours[0])} | {split} | {cell(ours[-1])}"
        f" | {share:.0%} |"
    )


def parts(width: int) -> dict[str, Callable[[], Any]]:
    """What a critic step consists of: functions that do each part of several steps."""
    whole, hyperparameters = algorithm(width)
    critic = whole.critic
    state = jax.jit(partial(train.init, whole, hyperparameters))(jax.random.key(0))
    real_key, fake_key, key = jax.random.split(jax.random.key(1), 3)
    keys = jax.random.split(jax.random.key(2), CRITIC_STEPS)
    sample_fake = partial(generate, whole, state.generator.params)
    batch = (
        *(critic.sample_real(real_key, BATCH), None, sample_fake(fake_key, BATCH)),
        losses.sample_keys(key, BATCH),
    )
    gradient = critic_gradient(critic, hyperparameters, state.critic.state)

    def step(player, key):
        step = partial(train.critic_step, critic, hyperparameters, sample_fake)
        return step(player, key)[0]

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
        "generating samples": timed(generated, whole.sample_latent(fake_key, BATCH)),
        "random draws": timed(draw, jnp.zeros(())),
    }


def print_parts() -> None:
    """What a critic step's time goes into, on one core."""
    if hasattr(os, "sched_setaffinity"):
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
        print_parts()
        return
    devices.provide_cpu_devices(platforms.cores())
    peak = peak_flops()
    print(f"JAX {jax.__version__} on {jax.devices()[0].device_kind},", end=" ")
    print(f"matrix-product peak {peak / 1e9:.0f} GFLOP/s, batch {BATCH}")
    print(
        "| width | PyTorch, ms | one device, ms | ratio | devices | ms | ratio", end=""
    )
    print(" | share of peak |")
    for width in WIDTHS:
        print(compare(width, peak), flush=True)


if __name__ == "__main__":
    main()
