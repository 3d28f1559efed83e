"""Kills a run at random moments and compares its end with an unbroken one's.

python -m benchmarks.torture --kills 50
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from orbax.checkpoint import v1 as ocp

EXPERIMENT = "experiments/toy8gauss.py:smoke"


def command(workdir: Path, steps: int) -> list[str]:
    return [
        *(sys.executable, "-m", "wgan_gp.main", "--config", EXPERIMENT),
        *(f"--workdir={workdir}", f"--config.steps={steps}"),
        *("--config.log_every=10", "--config.eval_every=2000"),
        "--config.checkpoint.every=20",
    ]


def finish(workdir: Path, steps: int) -> float:
    """Runs to the end; returns the seconds it took."""
    started = time.monotonic()
    subprocess.run(command(workdir, steps), check=True, capture_output=True)
    return time.monotonic() - started


def newest(workdir: Path) -> int:
    """The step of the newest checkpoint, 0 if there is none."""
    names = [path.name for path in (workdir / "checkpoints").glob("*")]
    return max((int(name) for name in names if name.isdigit()), default=0)


def kill_once(workdir: Path, steps: int, rng: random.Random) -> str:
    """Starts the run and kills it some time after it has begun to train."""
    before = newest(workdir)
    process = subprocess.Popen(
        command(workdir, steps), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    while newest(workdir) <= before and process.poll() is None:
        time.sleep(0.01)
    time.sleep(rng.uniform(0, 0.3))
    process.kill()
    _, error = process.communicate()
    if process.returncode >= 0:
        sys.exit(f"the run ended by itself: {error.decode()[-300:]}")
    drafts = list((workdir / "checkpoints").glob("*tmp*"))
    return "while saving" if drafts else "between saves"


def arrays(workdir: Path, steps: int) -> list[np.ndarray]:
    import jax

    path = workdir / "checkpoints" / str(steps)
    state = ocp.load_checkpointables(str(path.absolute()))["state"]
    return [np.asarray(leaf) for leaf in jax.tree.leaves(state)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--steps", type=int, default=20_000)
    args = parser.parse_args()
    os.environ["JAX_PLATFORMS"] = "cpu"
    rng, moments = random.Random(0), []
    with tempfile.TemporaryDirectory() as folder:
        whole, broken = Path(folder, "whole"), Path(folder, "broken")
        print(f"unbroken: {finish(whole, args.steps):.0f} s", flush=True)
        for _ in range(args.kills):
            moments.append(kill_once(broken, args.steps, rng))
        print(
            f"{args.kills} kills, {moments.count('while saving')} of them while saving,"
            f" up to step {newest(broken):,} of {args.steps:,}",
            flush=True,
        )
        print(f"to the end: {finish(broken, args.steps):.0f} s")
        pairs = zip(arrays(whole, args.steps), arrays(broken, args.steps))
        same = all(a.tobytes() == b.tobytes() for a, b in pairs)
        records = [(each / "metrics.jsonl").read_bytes() for each in (whole, broken)]
    print(f"same bits: {same}; same metrics: {records[0] == records[1]}")
    if not (same and records[0] == records[1]):
        sys.exit("the broken run differs from the unbroken one")


if __name__ == "__main__":
    main()
