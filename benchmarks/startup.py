"""Times the command until its first record, with an empty and a filled cache.

python -m benchmarks.startup
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXPERIMENTS = "toy8gauss", "digits"
ROUNDS = 3


def first_step(experiment: str, folder: Path, cache: Path) -> float:
    """Seconds until the first record of a run is there; the run is ended then."""
    workdir = folder / f"run{time.time_ns()}"
    environment = os.environ | {
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    command = [
        *(sys.executable, "-m", "wgan_gp.main", "--workdir", str(workdir)),
        *("--config", f"experiments/{experiment}.py", "--config.log_every=1"),
    ]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    records = workdir / "metrics.jsonl"
    while not (records.exists() and records.stat().st_size):
        if process.poll() is not None:
            _, error = process.communicate()
            sys.exit(f"the run ended: {error.decode()[-300:]}")
        time.sleep(0.02)
    seconds = time.perf_counter() - started
    process.kill()
    process.communicate()
    return seconds


def main() -> None:
    print("| experiment | cold, s | warm, s |\n|---|---|---|")
    for experiment in EXPERIMENTS:
        cold, warm = [], []
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for i in range(ROUNDS):
                cache = folder / f"cache{i}"
                cold.append(first_step(experiment, folder, cache))
                warm.append(first_step(experiment, folder, cache))
        cells = [
            f"{statistics.median(each):.1f} ({min(each):.1f} to {max(each):.1f})"
            for each in (cold, warm)
        ]
        print(f"| `{experiment}` | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
