"""Times critic updates of the W1 benchmark: beside eager PyTorch, and by seeds.

make benchmark
"""

from functools import partial

import jax

from benchmarks.timing import interleave
from benchmarks.torch_w1 import TorchW1
from wgan_gp import configs, train
from wgan_gp.build import build_critic
from wgan_gp.studies.w1_benchmark.recipes import cell_config

CELL = {"dimension": 16, "funnels": 64}
SEEDS, STEPS, ROUNDS = (1, 2, 4, 8, 16), 50, 7


def runner(recipe: str, seeds: int, batch_size: int | None = None):
    """A function that trains `seeds` critics at once for `STEPS` updates and waits."""
    config = cell_config(**CELL, recipe=recipe)
    config.lipschitz = "two_sided"
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


def main() -> None:
    """Prints both tables."""
    batch = 1024
    torch_w1 = TorchW1(*CELL.values(), width=128, batch_size=batch)
    theirs = partial(torch_w1.run, STEPS)
    result = interleave(runner("published", 1), theirs, rounds=ROUNDS)
    ours, torch_ms = (1e3 * t / STEPS for t in (result.first, result.second))
    print(f"{CELL}, published protocol, batch {batch}: ms per critic update")
    print(
        f"ours {ours:.2f}, PyTorch {torch_ms:.2f}, ratio {result.ratio:.2f}"
        f" ({result.low:.2f} to {result.high:.2f})"
    )
    print("time of S seeds in one program over S times that of one, by batch size")
    for batch in (64, 256, 1024):
        one = runner("published", 1, batch)
        for seeds in SEEDS[1:]:
            result = interleave(one, runner("published", seeds, batch), rounds=ROUNDS)
            each = [t / seeds for t in (result.ratio, result.low, result.high)]
            print(f"batch {batch:5} seeds {seeds:3}: {each[0]:.2f}", end=" ")
            print(f"({each[1]:.2f} to {each[2]:.2f})")


if __name__ == "__main__":
    main()
