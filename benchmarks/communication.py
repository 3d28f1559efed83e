"""Counts the communication between devices in the compiled program of an update.

    python -m benchmarks.communication    # prints two tables of docs/scaling.md

Compiles one critic update and one generator update of each family of networks for 1, 2,
4 and 8 simulated CPU devices, without running them. Counts every collective of the
program, with the bytes of its result on one device, and the FLOPs of one device.
Convolutions are XLA's own, as on an accelerator. The second table predicts scaling from
these counts (`prediction.py`).
"""

import argparse
import re
import tempfile
from collections import Counter
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from benchmarks import prediction
from experiments import cifar10_resnet, mnist, toy8gauss
from wgan_gp import configs, devices, train
from wgan_gp.build import Experiment, build
from wgan_gp.networks import layers

DEVICES = 2, 4, 8
COLUMNS = (
    "networks",
    "update of",
    "devices",
    "bytes of its parameters",
    "collectives, bytes",
    "small ones, bytes",
    "all bytes / parameters'",
    "GFLOP on one device",
)
_COLLECTIVE = re.compile(
    r"= (.*?) (all-reduce|all-gather|all-to-all|collective-permute|reduce-scatter"
    r"|collective-broadcast)(?:-start)?\("
)
_ARRAY = re.compile(r"\b(pred|[sufc]\d+|bf16)\[([\d,]*)\]")


class Collective(NamedTuple):
    """One collective of a compiled program."""

    name: str
    bytes: int  # of its result on one device


class Counts(NamedTuple):
    """What is counted in a compiled update, on one of its devices."""

    collectives: list[Collective]
    flops: float


class Update(NamedTuple):
    """A function of one network's update, and what it is called with."""

    function: Any
    arguments: tuple[Any, ...]
    parameters: int  # bytes of those that are updated


def toy(folder: Path, pairing: str = ""):
    """The 8 Gaussians, both networks 128 wide."""
    del folder
    config = toy8gauss.get_config()
    if pairing:
        changes = {"lipschitz": "difference", "penalty": {"pairing": pairing}}
        configs.update(config, changes)
    return configs.resolve(config)


def dcgan(folder: Path):
    """MNIST's networks of width 64, at the next batch to 50 that divides by 8."""
    return _images(mnist.get_config(), folder, (28, 28, 1), batch_size=48)


def resnet(folder: Path):
    """CIFAR-10's residual networks of width 128, batch normalisation in one."""
    return _images(cifar10_resnet.get_config(), folder, (32, 32, 3), batch_size=64)


def _images(config, folder: Path, shape: tuple[int, ...], batch_size: int):
    file = folder / f"{config.name}.npz"
    images = np.random.default_rng(0).integers(0, 256, (64, *shape), np.uint8)
    np.savez(file, train_images=images, validation_images=images[:16])
    changes = {
        "data": {"name": f"npz:{file}"},
        "features": {"network": "none"},
        "batch_size": batch_size,
        "eval_samples": 16,
        "eval_repeats": 1,
    }
    configs.update(config, changes)
    return configs.resolve(config)


FAMILIES = {
    "MLP, 8 Gaussians": toy,
    "MLP, independent pairs": partial(toy, pairing="independent"),
    "DCGAN, 28 x 28": dcgan,
    "ResNet, 32 x 32": resnet,
}


def updates(experiment: Experiment) -> dict[str, Update]:
    """The two updates of an iteration, to be lowered with shapes alone."""
    algorithm, rates = experiment.algorithm, experiment.hyperparameters
    key = jax.eval_shape(lambda: jax.random.key(0))
    state = jax.eval_shape(partial(train.init, algorithm, rates), key)
    sampler = experiment.dataset.sample
    if not isinstance(sampler, jax.tree_util.Partial):
        sampler = jax.tree_util.Partial(sampler)

    def critic(sampler, critic, generator, key):
        return train.critic_step(
            algorithm.critic._replace(sample_real=sampler),
            rates,
            partial(train.generate, algorithm, generator),
            critic,
            key,
        )

    def generator(critic, generator, key):
        return train.generator_step(algorithm, rates, critic, generator, key)

    players = state.critic, state.generator
    arguments = (
        (sampler, players[0], players[1].params, key),
        (*players, key),
    )
    return {
        name: Update(function, given, tree_bytes(player.params))
        for name, function, given, player in zip(
            ("critic", "generator"), (critic, generator), arguments, players
        )
    }


def tree_bytes(tree: Any) -> int:
    """Of all arrays of a pytree."""
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def count(update: Update, size: int) -> Counts:
    """Compiles an update for so many devices."""
    mesh = devices.make_mesh(size)
    whole = devices.replicated(mesh)
    made = jax.jit(update.function, in_shardings=whole, out_shardings=whole)
    with jax.set_mesh(mesh):
        compiled = made.lower(*update.arguments).compile()
    analysis = compiled.cost_analysis() or {}
    return Counts(parse(compiled.as_text() or ""), analysis["flops"])


def as_on_accelerators() -> None:
    """Has networks traced with XLA's own convolutions, whose FLOPs it can count."""
    layers.trace_platform = lambda: "gpu"


def parse(program: str) -> list[Collective]:
    """The collectives of a program in XLA's text form, in its order."""
    return [
        Collective(name, sum(map(_bytes, _ARRAY.findall(shapes))))
        for shapes, name in _COLLECTIVE.findall(program)
    ]


def _bytes(found: tuple[str, str]) -> int:
    dtype, shape = found
    bits = 8 if dtype == "pred" else int(re.sub(r"\D", "", dtype))
    return prod(int(n) for n in shape.split(",") if n) * bits // 8


def row(name: str, player: str, update: Update, devices: int, counts: Counts) -> str:
    """A line of the table."""
    kinds = Counter((each.name, each.bytes) for each in counts.collectives)
    large = sorted(kind for kind in kinds if kind[1] > update.parameters // 100)
    small = sorted(kind for kind in kinds if kind not in large)
    moved = sum(each.bytes for each in counts.collectives)
    return (
        f"| {name} | {player} | {devices} | {update.parameters:,}"
        f" | {_words(large, kinds)} | {_words(small, kinds)}"
        f" | {moved / update.parameters:.4f} | {counts.flops / 1e9:,.3f} |"
    )


def _words(chosen, kinds) -> str:
    return (
        "; ".join(f"{kinds[each]} {each[0]} of {each[1]:,}" for each in chosen) or "-"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Collectives of an update, counted.")
    parser.add_argument("--only", default="", help="families whose name has this in it")
    arguments = parser.parse_args()
    jax.config.update("jax_num_cpu_devices", max(DEVICES))
    as_on_accelerators()
    counted: dict[str, dict[str, dict[int, Counts]]] = {}
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    with tempfile.TemporaryDirectory() as folder:
        for name, config in FAMILIES.items():
            if arguments.only not in name:
                continue
            experiment = build(config(Path(folder)))
            players = counted[name] = {}
            for player, update in updates(experiment).items():
                counts = {n: count(update, n) for n in (1, *DEVICES)}
                for devices in DEVICES:
                    line = row(name, player, update, devices, counts[devices])
                    print(line, flush=True)
                players[player] = counts
    print("\nCritic updates, predicted:\n")
    print(prediction.table({name: _critic(each) for name, each in counted.items()}))


def _critic(players: dict[str, dict[int, Counts]]) -> tuple[float, list[int]]:
    """FLOPs of a critic's update on one device, and bytes of several's all-reduces."""
    counts = players["critic"]
    collectives = counts[DEVICES[0]].collectives
    sizes = [each.bytes for each in collectives if each.name == "all-reduce"]
    return counts[1].flops, sizes


if __name__ == "__main__":
    main()
