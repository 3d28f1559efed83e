"""Time and memory of a critic step on images, compared with eager PyTorch.

    python -m benchmarks.image_speed
    python -m benchmarks.image_speed --memory

A step takes a real batch that is already on the device and fresh samples of a fixed
generator, with the two-sided gradient penalty and Adam. Before the timing, PyTorch's
critic gets the parameters of this project's critic and must compute the same loss.
"""

import argparse
import os
import tempfile
from functools import partial
from pathlib import Path

import jax
import numpy as np
import torch

from benchmarks.image_peer import torch_peer
from benchmarks.image_steps import (
    CASES,
    jax_runner,
    memory,
    resolved,
    start,
)
from benchmarks.timing import interleave
from benchmarks.torch_images import TorchImages, copy_critic, mirrored
from wgan_gp import build, losses, train
from wgan_gp.networks import bind
from wgan_gp.system import platforms

MODES = {"plain": {}, "rematerialise": {"rematerialise": True}} | {
    "microbatches 4": {"microbatches": 4}
}


def check_peer(experiment: build.Experiment, peer: TorchImages) -> str:
    """Gives PyTorch's critic our parameters.

    Returns:
      Both losses, for people to read.

    Raises:
      ValueError: numbers of parameters or losses differ.
    """
    algorithm, state = experiment.algorithm, start(experiment)
    for name in ("critic", "generator"):
        ours = sum(x.size for x in jax.tree.leaves(getattr(state, name).params))
        theirs = sum(x.numel() for x in getattr(peer, name).parameters())
        if ours != theirs:
            raise ValueError(f"{name}: {ours} parameters, PyTorch's has {theirs}")
    params, size = state.critic.params, algorithm.critic.batch_size
    real_key, fake_key, key = jax.random.split(jax.random.key(2), 3)
    reals = experiment.dataset.sample(real_key, size)
    fakes = train.generate(algorithm, state.generator.params, fake_key, size)
    loss, _ = jax.jit(
        lambda params, reals, fakes: losses.critic_loss(
            bind(algorithm.critic.network, params), reals, fakes, key
        )
    )(params, reals, fakes)
    copy_critic(params, peer.critic)
    batch = (reals, fakes, *losses.interpolates(reals, fakes, key))
    torch_loss = peer.loss(*map(mirrored, batch)).item()
    if not np.isclose(loss, torch_loss, rtol=1e-4):
        raise ValueError(f"the loss is {loss}, PyTorch's is {torch_loss}")
    return f"{ours:,} and loss {loss:.5f}, PyTorch {torch_loss:.5f}"


def compare_speed(file: Path, rounds: int) -> None:
    """Prints the table of times."""
    print("network        ours ms  torch ms  torch/ours  (least to greatest)")
    checks = []
    for name, case in CASES.items():
        config = resolved(case, file)
        experiment = build.build(config)
        peer = torch_peer(case, config)
        checks.append(f"{name}: parameters {check_peer(experiment, peer)}")
        result = interleave(
            jax_runner(experiment, case.steps),
            partial(peer.run, case.steps),
            rounds=rounds,
        )
        ours, theirs = (1e3 * t / case.steps for t in (result.first, result.second))
        print(
            f"{name:13} {ours:8.1f}  {theirs:8.1f}  {result.ratio:10.2f}"
            f"  ({result.low:.2f} to {result.high:.2f})",
            flush=True,
        )
    print(*checks, sep="\n")


def count_memory(file: Path) -> None:
    """Prints the table of memory."""
    print("MiB of a critic step: temporary, and arguments with results in brackets")
    print("network        batch ", *(f"{mode:>18}" for mode in MODES))
    for name, case in CASES.items():
        for batch in case.batches:
            print(f"{name:13} {batch:6} ", end="", flush=True)
            for compute in MODES.values():
                held, temporary = memory(
                    build.build(resolved(case, file, batch, **compute))
                )
                print(f" {temporary:11.1f} ({held:4.1f})", end="", flush=True)
            print()


def main() -> None:
    """Prints one of the two tables."""
    cores = platforms.cores()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=cores, help="of both sides")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory", action="store_true", help="instead of times")
    flags = parser.parse_args()
    if not 1 <= flags.threads <= cores:
        parser.error(f"--threads must be 1 to {cores}, got {flags.threads}")
    # XLA takes the cores that the process may use when it starts, PyTorch a number.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: flags.threads])
    elif flags.threads < cores:
        parser.error(f"--threads must be {cores}: this system cannot pin a process")
    torch.set_num_threads(flags.threads)
    print(f"JAX {jax.__version__} on {jax.devices()[0].device_kind},", end=" ")
    print(f"PyTorch {torch.__version__}, {flags.threads} thread(s)")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "images.npz"
        if flags.memory:
            count_memory(file)
        else:
            compare_speed(file, flags.rounds)


if __name__ == "__main__":
    main()
