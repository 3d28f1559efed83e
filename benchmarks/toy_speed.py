"""Times a generator iteration on 2-D data, compared with eager PyTorch.

    make benchmark

Also prints the share of this machine's matrix-product peak that training reaches.
"""

from functools import partial

import jax

from benchmarks.timing import interleave, peak_flops
from benchmarks.torch_toy import TorchToy
from benchmarks.toy_steps import BATCH, N_CRITIC, runner

WIDTHS, ROUNDS = (64, 128, 512), 9


def iteration_flops(width: int) -> float:
    """Of one iteration: n_critic x (G forward, critic gradient), then the G step."""
    forward = 2 * BATCH * (2 * width + 2 * width**2 + width)
    generator = 2 * BATCH * (2 * width + 2 * width**2 + 2 * width)
    # The generator's step: both forward, back through the critic's inputs, and twice
    # a forward pass back through the generator.
    return N_CRITIC * (generator + 10 * forward) + 3 * generator + 2 * forward


def main() -> None:
    peak = peak_flops()
    print(f"JAX {jax.__version__} on {jax.devices()[0].device_kind},", end=" ")
    print(f"matrix-product peak {peak / 1e9:.0f} GFLOP/s, batch {BATCH}")
    print("width  ours ms  torch ms  ratio  (least to greatest)  share of peak")
    for width in WIDTHS:
        iterations = max(2, 12_800 // width)
        torch_toy = TorchToy(width, BATCH, N_CRITIC)
        result = interleave(
            runner(width, iterations),
            partial(torch_toy.run, iterations),
            rounds=ROUNDS,
        )
        ours, theirs = (1e3 * t / iterations for t in (result.first, result.second))
        share = iteration_flops(width) / (ours / 1e3) / peak
        print(
            f"{width:5}  {ours:7.2f}  {theirs:8.2f}  {result.ratio:5.2f}"
            f"  ({result.low:.2f} to {result.high:.2f})  {share:18.0%}"
        )


if __name__ == "__main__":
    main()
