"""Scores a finished image run against real images: `python -m wgan_gp.score ...`.

Prints the scores as JSON to stdout and a table that explains them to stderr.
`--inception FILE` follows the usual protocol: 50,000 samples, the Inception Score over
10 parts, the Frechet distance (FID) to the train split. `--digits` uses the features of
a digit classifier, which is trained first on the run's own data set.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from wgan_gp.data import DATASETS
from wgan_gp.data.images import open_images
from wgan_gp.data.sources import SPLITS, ImageSource, read_examples
from wgan_gp.evaluate import memory
from wgan_gp.evaluate.feature_distances import (
    InceptionScore,
    inception_score,
    subset_size,
)
from wgan_gp.evaluate.images import (
    Observer,
    compare_features,
    digit_observer,
    inception_observer,
)
from wgan_gp.evaluate.inception import difference_from_published
from wgan_gp.evaluate.metrics import FLOOR, METRICS, Metric
from wgan_gp.runs import draws, sampling
from wgan_gp.runs.opening import open_settings
from wgan_gp.system.arguments import make_parser, parse, path, run_command
from wgan_gp.system.values import below, one_of, whole

_LEAST = 10  # fewest images: the score is a mean over 10 parts


def score(
    workdir: Path, n: int, split: str, observe: Observer, *, seed: int = 0
) -> dict[str, float]:
    """Compares a run's generated images with real ones.

    Args:
      workdir: the folder of a finished run on images.
      n: the number of generated images, and of real images if the split has so many.
      split: of the real images.
      observe: the network whose features are compared, from `evaluate.images`.
      seed: of the latents, and of the choice of real images.

    Returns:
      `score` and `score_std` (over 10 parts), `frechet`, `kernel` and `kernel_error`,
      `precision`, `recall`, and the numbers of images `generated` and `real`. The same
      names prefixed by `floor_` have the scores of `floor_images` other real images in
      place of the generated ones. These come from the validation split if `split` is
      "train", otherwise from the train split, and are omitted if there are fewer than
      10.

    Raises:
      FileNotFoundError: the folder holds no finished run.
      ValueError: the run is not on images, n < 10, or n images do not fit in memory.
    """
    _check(n, split, seed)
    run = _open(workdir, n)
    return _score_run(run, _sources(run, split), n, observe, seed)


def _open(workdir: Path, n: int) -> sampling.FinishedRun:
    """Opens a run, after checking that n of its images can be scored."""
    _check_run(workdir)
    run = sampling.open_run(workdir)
    memory.check_samples(n, sampling.sample_spec(run, n))  # one set at a time
    return run


def _check_run(workdir: Path) -> None:
    """Refuses a run that is not on images, or whose images have no splits."""
    settings = open_settings(workdir)
    if settings.data.kind != "images":
        raise ValueError(f"{workdir} holds a run that is not on images")
    if settings.data.name in DATASETS:
        raise ValueError(
            f"{workdir} holds a run on {settings.data.name}, a sampler without splits"
            " to score beside: add a metric to its experiment's file"
        )


def _sources(run: sampling.FinishedRun, split: str) -> list[ImageSource]:
    """Opens the split to compare with and the other one, before anything is computed.

    Raises:
      ValueError: the data are not there, or the split has fewer than 10 images.
    """
    data = run.settings.data
    sources = [
        open_images(data.name, each, **data.source_options)
        for each in (split, _other(split))
    ]
    _check_count(sources[0].count, sources[0])
    return sources


def _check_count(count: int, source: ImageSource) -> None:
    if count < _LEAST:
        raise ValueError(
            f"the {source.split} split of {source.name} has {count} images, and scores"
            f" need {_LEAST}: name another --split"
        )


def _score_run(
    run: sampling.FinishedRun,
    sources: list[ImageSource],
    n: int,
    observe: Observer,
    seed: int,
) -> dict[str, float]:
    reals = _reals(sources[0], n, seed)
    _check_count(len(reals), sources[0])  # fewer where corrupt ones are skipped
    # One set at a time: pictures and features of many are large.
    features = observe(reals)[0]
    counts = {"generated": n, "real": len(reals)}
    del reals
    made = _observed(draws.concatenate(sampling.draw(run, n, seed=seed), n), observe)
    scores = _compare(features, made, seed)
    del made
    others = _reals(sources[1], n, seed)
    counts["floor_images"] = len(others)
    if len(others) < _LEAST:
        return scores | counts
    seen = _observed(others, observe)
    del others
    floor = _compare(features, seen, seed)
    return scores | counts | {FLOOR + name: each for name, each in floor.items()}


class _Observed(NamedTuple):
    features: np.ndarray
    classes: InceptionScore


def _observed(images: np.ndarray, observe: Observer) -> _Observed:
    features, probabilities = observe(images)
    splits = min(_LEAST, len(features))
    return _Observed(features, inception_score(probabilities, splits=splits))


def _compare(reals: np.ndarray, found: _Observed, seed: int) -> dict[str, float]:
    """Scores of images, from what is seen in them and the features of real images."""
    features, classes = found
    size = subset_size(reals, features)
    distances = compare_features(reals, features, subset_size=size, seed=seed)
    scores = {"score": classes.mean, "score_std": classes.standard_deviation}
    return scores | distances


def _other(split: str) -> str:
    return "validation" if split == "train" else "train"


def _reals(source: ImageSource, n: int, seed: int) -> np.ndarray:
    order = np.random.default_rng(seed).permutation(source.count)[:n].tolist()
    return np.stack([each.image for each in read_examples(source, order)])


def table(scores: dict[str, float], split: str) -> Table:
    """The scores with explanations, beside the scores of real images.

    Args:
      scores: from `score`.
      split: of the real images.
    """
    found = Table(
        title=f"{scores['generated']:,} generated images beside {scores['real']:,} real"
        f" ones of the {split} split",
        title_justify="left",
        caption=f"Real images: {scores['floor_images']:,} others, of the"
        f" {_other(split)} split, in the place of generated ones. {_spreads(scores)}."
        " Distances fall with the number of images: compare equal numbers.",
        caption_justify="left",
    )
    found.add_column("quantity")
    for heading in ("generated", "real images"):
        found.add_column(heading, justify="right")
    for name, metric in METRICS.items():
        if name in scores:
            title = f"{metric.label} ({metric.better} is better)"
            cells = (_cell(scores, prefix, name, metric) for prefix in ("", FLOOR))
            found.add_row(title, *cells)
    return found


def _spreads(scores: dict[str, float]) -> str:
    """Explains the ± of the table."""
    told = [METRICS[name] for name in scores if name in METRICS]
    told = [f"{each.spread[1]} ({each.short})" for each in told if each.spread]
    return f"A ± is the {' or the '.join(told)}"


def _cell(scores: dict[str, float], prefix: str, name: str, metric: Metric) -> str:
    """A score and its spread; the prefix `FLOOR` selects those of real images."""
    if prefix + name not in scores:
        return "too few"
    text = metric.text(scores[prefix + name])
    if metric.spread is None:
        return text
    return f"{text} ± {scores[prefix + metric.spread[0]]:.2g}"


def main(argv: list[str]) -> int:
    """Runs the command.

    Args:
      argv: the program's name, then its arguments.

    Returns:
      The exit status: 0, 2 after an error, 128 plus its number after a signal.
    """
    return run_command(lambda: _score(_parse(argv[1:])), "nothing was scored")


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = make_parser("wgan_gp.score", __doc__)
    parser.add_argument(
        "--workdir", required=True, type=path, help="folder of a finished image run"
    )
    parser.add_argument(
        "--n",
        type=int,
        default=50_000,
        help="generated images, at least 10 (default: 50000)",
    )
    parser.add_argument(
        "--split",
        default="train",
        help=f"of the real images: {', '.join(SPLITS)} (default: train)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="of the latents, and of which real images are taken (default: 0)",
    )
    network = parser.add_mutually_exclusive_group()
    network.add_argument(
        "--inception", type=path, help="compare by Inception-v3: file of its weights"
    )
    network.add_argument(
        "--digits",
        action="store_true",
        help="compare by a classifier of digits, trained now on the run's own set",
    )
    args = parse(parser, arguments)
    _check(args.n, args.split, args.seed)
    if args.inception is None and not args.digits:
        _check_run(args.workdir)  # says what no network would help
        parser.error("one of the arguments --inception --digits is required")
    return args


def _check(n: int, split: str, seed: int) -> None:
    if n < _LEAST:
        raise ValueError(f"n must be at least {_LEAST} images, got {n}")
    below("n", n, 2**63)
    one_of("--split", split, SPLITS)
    whole("--seed", seed, 0, 2**32)


def _score(args: argparse.Namespace) -> str:
    """Computes the scores, prints their table to stderr, and returns them as JSON."""
    run = _open(args.workdir, args.n)
    data, sources = run.settings.data, _sources(run, args.split)
    if args.inception is not None:
        observe = inception_observer(str(args.inception))
        if (line := difference_from_published(args.inception)) is not None:
            print(line, file=sys.stderr)
    else:
        observe = digit_observer(data.name, **data.source_options)
    scores = _score_run(run, sources, args.n, observe, args.seed)
    Console(stderr=True).print(table(scores, args.split))
    return json.dumps(scores, indent=1)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
