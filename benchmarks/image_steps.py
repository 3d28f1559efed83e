"""Critic steps on images that benchmarks measure; PyTorch is not needed here."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments import cifar10, cifar10_resnet, mnist
from wgan_gp import build, configs, train

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
    "CIFAR ResNet": Case(cifar10_resnet.get_config, 32, 3, 2, (16, 64)),
}


def random_images(case: Case, count: int) -> np.ndarray:
    """Bytes `[N, H, W, C]`, as costly as any others."""
    shape = (count, case.size, case.size, case.channels)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def resolved(case: Case, file: Path, batch_size: int | None = None, **compute: Any):
    """The experiment's configuration, of random images and without a schedule."""
    config = case.config()
    changes: dict[str, Any] = {
        "data": {"name": f"npz:{file}", "scale": "symmetric", "size": None},
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
    """A function that trains for `steps` and waits.

    The steps are one program, as in training: its arrays are made once.
    """
    algorithm, state = experiment.algorithm, start(experiment)

    def several(sampler, generator, critic, count):
        critic, _ = train.critic_steps(
            algorithm.critic._replace(sample_real=sampler),
            experiment.hyperparameters,
            partial(train.generate, algorithm, generator),
            critic,
            jax.random.split(jax.random.fold_in(jax.random.key(1), count), steps),
        )
        return critic

    run_several = jax.jit(several, donate_argnums=2)
    sampler, generator = experiment.dataset.sample, state.generator.params
    critic, calls = state.critic, 0

    def run():
        nonlocal critic, calls
        critic = run_several(sampler, generator, critic, np.uint32(calls))
        calls += 1
        jax.block_until_ready(critic)

    return run


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
