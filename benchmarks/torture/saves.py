"""What a save costs: its time, its bytes, its memory.

python -m benchmarks.torture.saves STATE FOLDER TIMES
"""

import json
import re
import runpy
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.torture.common import Clock, Row, environment, finish, spread

_ROOT = Path(__file__).parents[2]
STATES = {
    "toy8gauss": "the 8 Gaussians, critic 128 wide",
    "mnist5k": "MNIST, DCGAN",
    "cifar10_resnet": "CIFAR-10, residual networks",
}


def run(folder: Path, seconds: float, *, quick: bool) -> list[Row]:
    """Saves each state several times, in a process of its own."""
    clock, rows = Clock(seconds), []
    env = environment(folder, cached=False)
    for name, words in STATES.items():
        place, times = folder / f"saves-{name}", "2" if quick else "9"
        module = [sys.executable, "-m", "benchmarks.torture.saves"]
        text = finish([*module, name, str(place), times], env, clock)
        rows.append(_row(words, json.loads(text.splitlines()[-1])))
        print(f"{rows[-1].tried}: {rows[-1].outcome}", flush=True)
    return rows


def _row(words: str, found: dict[str, Any]) -> Row:
    tried = (
        f"{words}: state of {found['state'] / 1e6:.1f} MB saved"
        f" {len(found['total'])} times"
    )
    extra = max(found["extra"])
    outcome = (
        f"training waits {spread(found['blocking'])} ms; written after"
        f" {spread(found['total'])} ms; {found['disk'] / 1e6:.1f} MB on disk;"
        f" at most {extra:.0f} MB of memory more"
    )
    return Row("saving", tried, outcome, found["same"])


def measure(name: str, folder: Path, times: int) -> dict[str, Any]:
    """Saves a state, and reads the last back.

    Args:
      name: a key of `STATES`.
      folder: for the checkpoints.
      times: how often; one more is not counted.

    Returns:
      `blocking` and `total`, ms; `extra`, MB of resident memory at most above what
      there was before; `state` and `disk`, bytes; `same`, whether it was read back.
    """
    import jax
    import numpy as np

    from wgan_gp.runs.checkpoint import Checkpoints

    state = _state(name, folder)
    checkpoints = Checkpoints(folder, keep=2)
    found: dict[str, Any] = {"blocking": [], "total": [], "extra": []}
    for step in range(1, times + 2):
        before = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts again
        started = time.perf_counter()
        checkpoints.save(step, state, None)
        blocking = time.perf_counter() - started
        checkpoints.wait()
        total = time.perf_counter() - started
        if step > 1:
            found["blocking"].append(1e3 * blocking)
            found["total"].append(1e3 * total)
        found["extra"].append((_memory("VmHWM") - before) / 1000)
    files = [each for each in (folder / str(times + 1)).rglob("*") if each.is_file()]
    like = jax.eval_shape(lambda: state)
    saved = checkpoints.load_latest(like, print)
    checkpoints.close()
    assert saved is not None
    plain = [
        [np.asarray(leaf) for leaf in jax.tree.leaves(each._replace(key=0))]
        for each in (state, saved.state)
    ]
    pairs = list(zip(*plain, strict=True))
    return found | {
        "state": sum(each.nbytes for each, _ in pairs),
        "disk": sum(each.stat().st_size for each in files),
        "same": all(a.tobytes() == b.tobytes() for a, b in pairs),
    }


def _memory(field: str) -> int:
    """A size of this process, kB."""
    status = Path("/proc/self/status").read_text()
    found = re.search(rf"{field}:\s*(\d+) kB", status)
    assert found
    return int(found[1])


def _state(name: str, folder: Path):
    """A state of an experiment's default networks, of random numbers."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    from wgan_gp import build, configs, train

    experiment = runpy.run_path(str(_ROOT / "experiments" / f"{name}.py"))
    config = experiment["get_config"]()
    if name == "cifar10_resnet":  # its set would be a download; noise of its shape does
        config.data.name = f"npz:{_noise(folder)}"
        config.eval_samples = 100
    built = build.build(configs.resolve(config))
    start = partial(train.init, built.algorithm, built.hyperparameters)
    rng = np.random.default_rng(0)

    def fill(leaf):
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.key(0)
        return jnp.asarray(rng.normal(size=leaf.shape), leaf.dtype)

    return jax.tree.map(fill, jax.eval_shape(start, jax.random.key(0)))


def _noise(folder: Path) -> Path:
    """An .npz file of pictures as large as CIFAR-10's."""
    import numpy as np

    path = folder.with_suffix(".npz")
    shape = (12_000, 32, 32, 3)
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    return path


if __name__ == "__main__":
    result = measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps(result))
