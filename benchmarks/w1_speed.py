"""Times critic updates of the W1 benchmark: beside eager PyTorch, and by seeds.

make benchmark
"""

from collections.abc import Callable, Iterator
from functools import partial

import jax
import torch

from benchmarks import torch_w1
from benchmarks.timing import interleave
from benchmarks.torch_w1 import TorchW1
from wgan_gp import configs, train
from wgan_gp.build import build_critic
from wgan_gp.studies.w1_benchmark.recipes import cell_config
from wgan_gp.system import platforms

CELL = {"dimension": 16, "funnels": 64}
SEEDS, STEPS, ROUNDS = (1, 2, 4, 8, 16), 50, 7


def runner(recipe: str, lipschitz: str, seeds: int, batch_size: int | None = None):
    """A function that trains `seeds` critics at once for `STEPS` updates and waits."""
    config = cell_config(**CELL, recipe=recipe)
    config.lipschitz = lipschitz
    if batch_size:
        config.batch_size = batch_size
    experiment = build_critic(configs.resolve(config))
    parts = experiment.algorithm, experiment.hyperparameters
    start = jax.vmap(lambda key: train.init_critic(*parts, key))
    holder = [start(jax.random.split(jax.random.key(0), seeds))]

    def steps(critic, key):
        keys = jax.random.split(key, STEPS)
        return train.critic_steps(*parts, experiment.pair.sample_fake, critic, keys)[0]

    program = jax.jit(jax.vmap(steps), donate_argnums=0)
    keys = jax.random.split(jax.random.key(1), seeds)

    def run():
        holder[0] = program(holder[0], keys)
        jax.block_until_ready(holder[0])

    return run


def peers() -> Iterator[tuple[str, Callable[[], None], TorchW1]]:
    """The critics that are timed: their names, our run, and PyTorch's.

    Each has the sizes and the batch of its recipe for the cell.
    """
    dimension, funnels = CELL.values()
    batch = 1024
    network = torch_w1.perceptron(dimension, 128)
    theirs = TorchW1(dimension, funnels, network, batch, penalised=True)
    ours = runner("published", "two_sided", 1)
    yield f"two_sided, published protocol, batch {batch}", ours, theirs
    for recipe in ("cones", "orthogonal"):
        settings = cell_config(**CELL, recipe=recipe)
        batch = settings.batch_size
        if recipe == "cones":
            anchors = torch.rand(settings.construction.anchors, dimension)
            network = torch_w1.Cones(anchors, temperature=0.1)
        else:
            sizes = tuple(settings.critic.hidden), settings.critic.maxout
            network = torch_w1.Orthogonal(dimension, *sizes)
        theirs = TorchW1(dimension, funnels, network, batch, penalised=False)
        yield f"{recipe}, its recipe, batch {batch}", runner(recipe, recipe, 1), theirs


def main() -> None:
    """Prints both tables."""
    torch.set_num_threads(platforms.cores())
    print(f"{CELL}: ms per critic update, sampling included")
    for name, ours, theirs in peers():
        result = interleave(ours, partial(theirs.run, STEPS), rounds=ROUNDS)
        ours_ms, torch_ms = (1e3 * t / STEPS for t in (result.first, result.second))
        print(
            f"{name}: ours {ours_ms:.2f}, PyTorch {torch_ms:.2f}, ratio"
            f" {result.ratio:.2f} ({result.low:.2f} to {result.high:.2f})",
            flush=True,
        )
    print("time of S seeds in one program over S times that of one, by batch size")
    for batch in (64, 256, 1024):
        one = runner("published", "two_sided", 1, batch)
        for seeds in SEEDS[1:]:
            several = runner("published", "two_sided", seeds, batch)
            result = interleave(one, several, rounds=ROUNDS)
            each = [t / seeds for t in (result.ratio, result.low, result.high)]
            print(f"batch {batch:5} seeds {seeds:3}: {each[0]:.2f}", end=" ")
            print(f"({each[1]:.2f} to {each[2]:.2f})")


if __name__ == "__main__":
    main()
