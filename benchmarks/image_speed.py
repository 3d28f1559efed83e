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
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import torch

from benchmarks.timing import interleave
from benchmarks.torch_images import TorchImages, copy_critic, mirrored, players
from experiments import cifar10, cifar10_resnet, mnist
from wgan_gp import build, configs, losses, train
from wgan_gp.networks import bind
from wgan_gp.system import platforms

IMAGES, HELD_OUT = 512, 16


class Case(NamedTuple):
    """What is measured."""

    config: Callable[[], Any]
    size: int
    channels: int
    steps: int  # between two looks at the clock
    batches: tuple[int, ...]  # whose memory is counted


CASES = {
    "CIFAR DCGAN": Case(
        partial(cifar10.get_config, "width64"), 32, 3, 4, (16, 64, 256)
    ),
    "MNIST DCGAN": Case(mnist.get_config, 28, 1, 6, (16, 64, 256)),
    "CIFAR ResNet": Case(cifar10_resnet.get_config, 32, 3, 1, (16, 64)),
}
MODES = {"plain": {}, "rematerialise": {"rematerialise": True}} | {
    "microbatches 4": {"microbatches": 4}
}


def random_images(case: Case, count: int) -> np.ndarray:
    """Bytes `[N, H, W, C]`, as costly as any others."""
    shape = (count, case.size, case.size, case.channels)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def resolved(case: Case, file: Path, batch_size: int | None = None, **compute: Any):
    """The experiment's configuration, of random images and without a schedule."""
    config = case.config()
    changes: dict[str, Any] = {
        "data": {"name": f"npz:{file}", "scale": "symmetric"},
        "features": {"network": "none"},
        "critic_optimiser": {"learning_rate": 1e-4, "schedule": "constant"},
        "compute": compute,
        "batch_size": batch_size or config.batch_size,
        "eval_samples": HELD_OUT,
        "eval_repeats": 1,
    }
    if config.generator.get("output") == "sigmoid":
        del changes["data"]["scale"]
    configs.update(config, changes)
    np.savez(
        file,
        train_images=random_images(case, IMAGES),
        validation_images=random_images(case, HELD_OUT),
    )
    return configs.resolve(config)


def critic_step(experiment: build.Experiment):
    """`(sampler, generator, critic, step) -> (critic, metrics)`, compiled."""
    algorithm = experiment.algorithm

    def step(sampler, generator, critic, count):
        return train.critic_step(
            algorithm.critic._replace(sample_real=sampler),
            experiment.hyperparameters,
            partial(train.generate, algorithm, generator),
            critic,
            jax.random.fold_in(jax.random.key(1), count),
        )

    return jax.jit(step, donate_argnums=2)


def start(experiment: build.Experiment) -> train.TrainState:
    parts = experiment.algorithm, experiment.hyperparameters
    return jax.jit(partial(train.init, *parts))(jax.random.key(0))


def jax_runner(experiment: build.Experiment, steps: int) -> Callable[[], None]:
    """A function that trains for `steps` and waits."""
    state, step = start(experiment), critic_step(experiment)
    sampler, generator = experiment.dataset.sample, state.generator.params
    critic, done = state.critic, 0

    def run():
        nonlocal critic, done
        for count in range(done, done + steps):
            critic, _ = step(sampler, generator, critic, np.uint32(count))
        done += steps
        jax.block_until_ready(critic)

    return run


def torch_peer(case: Case, config: Any) -> TorchImages:
    """The same networks, data and optimiser."""
    critic, generator = players(
        *(config.critic.network, case.size, case.channels),
        *(config.critic.width, config.generator.latent),
    )
    images = torch.tensor(random_images(case, IMAGES).transpose(0, 3, 1, 2).copy())
    optimiser = config.critic_optimiser
    adam = {"lr": optimiser.learning_rate, "betas": (optimiser.beta1, optimiser.beta2)}
    return TorchImages(critic, generator, images, config.batch_size, **adam)


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


def memory(experiment: build.Experiment) -> tuple[float, float]:
    """What a compiled critic step holds, in MiB: arguments and results, all else."""
    state = jax.eval_shape(lambda: start(experiment))
    arguments = (experiment.dataset.sample, state.generator.params, state.critic)
    compiled = critic_step(experiment).lower(*arguments, np.uint32(0)).compile()
    counted = compiled.memory_analysis()
    assert counted is not None
    held = counted.argument_size_in_bytes + counted.output_size_in_bytes
    held -= counted.alias_size_in_bytes  # the critic, given back in its own place
    return held / 2**20, counted.temp_size_in_bytes / 2**20


def compare_speed(file: Path, rounds: int) -> None:
    """Prints the table of times."""
    print("network        ours ms  torch ms  ours/torch  (least to greatest)")
    checks = []
    for name, case in CASES.items():
        config = resolved(case, file)
        experiment = build.build(config)
        peer = torch_peer(case, config)
        checks.append(f"{name}: parameters {check_peer(experiment, peer)}")
        result = interleave(
            partial(peer.run, case.steps),
            jax_runner(experiment, case.steps),
            rounds=rounds,
        )
        theirs, ours = (1e3 * t / case.steps for t in (result.first, result.second))
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
