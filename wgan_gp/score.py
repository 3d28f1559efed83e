"""Scores a finished image run: `python -m wgan_gp.score --workdir DIR ...`.

With `--inception FILE` as the field does it: 50,000 samples, an Inception Score over 10
parts, a Frechet distance to the train split. With `--digits` the same on the features
of a digit classifier that is trained for it on the run's own set.
"""

import argparse
import json
import sys
from pathlib import Path

import jax
import numpy as np
from ml_collections import FrozenConfigDict

from wgan_gp import train
from wgan_gp.data.images import open_images
from wgan_gp.evaluate.feature_distances import inception_score
from wgan_gp.evaluate.images import (
    Observer,
    compare_features,
    digit_observer,
    inception_observer,
)
from wgan_gp.held_out import source_options, to_bytes
from wgan_gp.platforms import refuse_windows
from wgan_gp.workdir import load_run, read_config

_BATCH = 200  # images made at a time
_SUPPORT = 10_000  # at most this many for precision and recall, which take n^2


def score(
    workdir: Path, n: int, split: str, observe: Observer, *, seed: int = 0
) -> dict[str, float]:
    """Compares a run's generated images with real ones.

    Args:
      workdir: the folder of a finished run on images.
      n: generated images; as many real ones are taken, or all there are.
      split: of the real ones.
      observe: the network whose features are compared.
      seed: of the latents, and of which real ones are taken.

    Returns:
      `score` and `score_std` (over 10 parts), `frechet`, `kernel` and `kernel_error`,
      `precision`, `recall`, and the numbers of images `generated` and `real`.

    Raises:
      FileNotFoundError: the folder holds no finished run.
      ValueError: the run is not on images, or n < 10.
    """
    if n < 10:
        raise ValueError(f"--n must be at least 10, got {n}")
    config = read_config(workdir / "config.json")
    fakes = _generate(workdir, config, n, seed)
    reals = _reals(config, split, n, seed)
    real_features, _ = observe(reals)
    features, probabilities = observe(fakes)
    classes = inception_score(probabilities)
    smallest = min(len(reals), len(fakes))
    distances = compare_features(
        real_features,
        features,
        subset_size=min(1000, smallest),
        most=_SUPPORT,
        seed=seed,
    )
    scores = {"score": classes.mean, "score_std": classes.standard_deviation}
    return scores | distances | {"generated": len(fakes), "real": len(reals)}


def _generate(workdir: Path, config: FrozenConfigDict, n: int, seed: int):
    """`[n, H, W, C]` uint8, of the averaged generator."""
    experiment, state = load_run(workdir)
    if len(experiment.dataset.shape) != 3:
        raise ValueError(f"{workdir} holds a run on {config.data.name}, not on images")
    draw = jax.jit(
        lambda params, key: train.generate(experiment.algorithm, params, key, _BATCH)
    )
    keys = jax.random.split(jax.random.key(seed), -(-n // _BATCH))
    return np.concatenate([to_bytes(config, draw(state.average, key)) for key in keys])[
        :n
    ]


def _reals(config: FrozenConfigDict, split: str, n: int, seed: int) -> np.ndarray:
    source = open_images(config.data.name, split, **source_options(config))
    order = np.random.default_rng(seed).permutation(source.count)[:n]
    examples = (source.read(int(index)) for index in order)
    return np.stack([each.image for each in examples if each is not None])


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    refuse_windows()
    parser = argparse.ArgumentParser(prog="python -m wgan_gp.score")
    parser.add_argument("--workdir", required=True, type=Path)
    parser.add_argument("--n", type=int, default=50_000, help="generated images")
    parser.add_argument("--split", default="train", help="of the real images")
    network = parser.add_mutually_exclusive_group(required=True)
    network.add_argument("--inception", help="file of Inception's weights")
    network.add_argument("--digits", action="store_true", help="a digit classifier")
    args = parser.parse_args(argv[1:])
    try:
        config = read_config(_config_of(args.workdir))
        if config.task != "gan" or config.critic.network == "mlp":
            raise ValueError(f"{args.workdir} holds a run that is not on images")
        if args.inception:
            observe = inception_observer(args.inception)
        else:
            observe = digit_observer(config.data.name, **source_options(config))
        print(json.dumps(score(args.workdir, args.n, args.split, observe), indent=1))
    except (ValueError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


def _config_of(workdir: Path) -> Path:
    path = workdir / "config.json"
    if not path.is_file():
        raise FileNotFoundError(f"{workdir} holds no run: it has no config.json")
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv))
