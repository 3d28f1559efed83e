"""Draws from a trained generator: `python -m wgan_gp.sample --workdir DIR ...`."""

import argparse
import sys
from pathlib import Path

import jax
import numpy as np

from wgan_gp import train
from wgan_gp.platforms import refuse_windows
from wgan_gp.workdir import load_run


def sample(workdir: str | Path, n: int, *, seed: int = 0) -> np.ndarray:
    """Samples of a finished run's averaged generator.

    Args:
      workdir: the run's folder.
      n: how many.
      seed: of the latents.

    Returns:
      Samples `[n, ...]`.

    Raises:
      FileNotFoundError: the folder holds no finished run.
      ValueError: n < 1.
    """
    if n < 1:
        raise ValueError(f"n must be >= 1, got {n}")
    experiment, state = load_run(Path(workdir))
    key = jax.random.key(seed)
    return np.asarray(train.generate(experiment.algorithm, state.average, key, n))


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    refuse_windows()
    parser = argparse.ArgumentParser(prog="python -m wgan_gp.sample")
    parser.add_argument("--workdir", required=True, help="folder of a finished run")
    parser.add_argument("--n", type=int, required=True, help="number of samples")
    parser.add_argument("--out", type=Path, required=True, help="an .npz file to write")
    parser.add_argument("--seed", type=int, default=0, help="of the latents")
    args = parser.parse_args(argv[1:])
    try:
        if args.out.exists():
            raise FileExistsError(f"{args.out} exists already: name another --out")
        if args.out.suffix != ".npz":
            raise ValueError(f"--out must end in .npz, got {args.out}")
        samples = sample(args.workdir, args.n, seed=args.seed)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        np.savez(args.out, samples=samples)
    except (ValueError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    print(f"{args.out}: samples {samples.shape}, {samples.dtype}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
