"""Memory of evaluating, sampling and scoring many images.

    python -m benchmarks.image_memory

Trains two updates on random pictures of 32 x 32 in colour, then evaluates on, samples
and scores some images and many. Each is a process of its own; the growth of its peak
from some to many is what the images take. The features and probabilities that are
scored have Inception's sizes and random values: the network itself, which computes 32
images at a time, would take hours on a CPU.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SHAPE = (32, 32, 3)
FEATURES, CLASSES = 2048, 1008  # of Inception
_SOME = 100
# A process starts with the peak of the one that it was forked from, so a small one is
# between.
_MEASURE = """
import os, sys
child = os.posix_spawn(
    sys.argv[1], sys.argv[1:], os.environ,
    file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
)
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
_SCORE = """
import sys
from pathlib import Path
import numpy as np
from wgan_gp.score import score
rng = np.random.default_rng(0)
def observe(images):
    features = rng.standard_normal((len(images), {features}), np.float32)
    probabilities = rng.random((len(images), {classes}), np.float32)
    probabilities /= probabilities.sum(1, keepdims=True)
    return features, probabilities
print(score(Path(sys.argv[1]), int(sys.argv[2]), "train", observe))
"""


def peak_memory(command: list[str]) -> int:
    """The most bytes of memory that a command takes.

    Args:
      command: of this Python, its arguments.

    Raises:
      RuntimeError: it fails.
    """
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr}")
    return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)


def commands(folder: Path, n: int) -> dict[str, list[str]]:
    """What is measured, by its name; the first makes the run that the others use.

    Args:
      folder: has `images.npz`, and gets the runs.
      n: the number of images.
    """
    run = str(folder / f"run{n}")
    return {
        "evaluation": [
            *("-m", "wgan_gp.main", "--config", "experiments/cifar10.py:smoke"),
            *(f"--config.data.name=npz:{folder / 'images.npz'}", "--workdir", run),
            *(f"--config.eval_samples={n}", "--config.batch_size=64"),
            *("--config.steps=2", "--config.eval_every=2"),
        ],
        "sampling": [
            *("-m", "wgan_gp.sample", "--workdir", run, "--n", str(n)),
            *("--out", str(folder / f"samples{n}.npz")),
        ],
        "scoring": [
            *("-c", _SCORE.format(features=FEATURES, classes=CLASSES), run, str(n)),
        ],
    }


def main(arguments: list[str] | None = None) -> None:
    """Prints a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=50_000)
    n = parser.parse_args(arguments).n
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rng = np.random.default_rng(0)
        train, validation, test = rng.integers(0, 256, (3, n, *SHAPE), np.uint8)
        np.savez(
            folder / "images.npz",
            train_images=train,
            validation_images=validation,
            test_images=test,
        )
        some, many = ({}, {})
        for count, found in ((_SOME, some), (n, many)):
            for what, command in commands(folder, count).items():
                found[what] = peak_memory(command) / 1e9
    print(
        f"| | {_SOME} images, GB | {n:,} images, GB | growth, GB |\n|---|---|---|---|"
    )
    for what in some:
        growth = many[what] - some[what]
        print(f"| {what} | {some[what]:.2f} | {many[what]:.2f} | {growth:.2f} |")


if __name__ == "__main__":
    main()
