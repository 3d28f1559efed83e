"""Small critics, samples and configurations that several tests share."""

import contextlib
import importlib.util
import os
import re
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from wgan_gp import configs, constraints, losses
from wgan_gp.configs import experiment_file
from wgan_gp.evaluate.metrics import FLOOR, METRICS

ROOT = Path(__file__).parent.parent
EXPERIMENTS = ("toy8gauss", "toy25gauss", "swissroll")
# XLA's flags that halve the time of compiling for CPUs. XLA aborts at a flag that it
# does not know.
QUICK_TO_COMPILE = ("--xla_cpu_parallel_codegen_split_count=1",)
if jax.__version_info__ < (0, 11):
    QUICK_TO_COMPILE += ("--xla_cpu_use_fusion_emitters=false",)
# Those that take any critic: penalties and clipping.
CONSTRAINTS = tuple(
    name for name, choice in constraints.CONSTRAINTS.items() if choice.strength
)
# Networks of a toy that are the least to compile.
SMALL = {"critic.hidden": (8,), "generator.hidden": (8,)}
# What a whole run without conditions, made in Python, leaves out of `workdir.OURS`.
ABSENT = {"damaged", "experiment.py", "conditions.npy"}
SAMPLE_SHAPES = ((3,), (4, 5), (2, 3, 3))

# Every form of penalty; the tests below say what each one must fulfil.
PENALTIES = {
    "two_sided": losses.gradient_penalty,
    "one_sided": losses.one_sided_gradient_penalty,
    "one_sided_1": partial(losses.one_sided_gradient_penalty, power=1),
    "independent": losses.difference_penalty,
    "segment": partial(losses.difference_penalty, pairing="segment"),
    "endpoint": partial(losses.difference_penalty, pairing="endpoint"),
    "segment_signed": partial(
        losses.difference_penalty, pairing="segment", signed=True
    ),
    "endpoint_signed": partial(
        losses.difference_penalty, pairing="endpoint", signed=True
    ),
    "endpoint_one_sided": partial(
        losses.difference_penalty, pairing="endpoint", shape=losses.one_sided
    ),
    "directional": losses.directional_penalty,
    "adversarial": losses.adversarial_penalty,
    "norm_3": partial(losses.gradient_penalty, norm=3.0, points=losses.endpoints),
    "zero_centred": losses.sum_penalties(
        *(
            losses.slope_penalty(losses.zero_centred, losses.gradient_norm, points)
            for points in (losses.around_reals(0.1), losses.at_fakes)
        )
    ),
    "max_slope": losses.slope_penalty(
        losses.one_sided, losses.gradient_norm, losses.interpolates, reduce=jnp.max
    ),
}
# Those whose slopes are along a direction that is not differentiated.
HELD = ("directional", "adversarial")
ONE_SIDED = (
    *("one_sided", "one_sided_1", "endpoint_one_sided"),
    *("directional", "adversarial", "max_slope"),
)
# Those whose penalty of a sample depends on others of its batch.
COMPARING = ("independent", "max_slope")


def cases(values, soon):
    """Parameters of a test; those that are not in `soon` take long."""
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)),
            marks=() if value in soon else pytest.mark.long,
        )
        for value in values
    ]


def key(seed=0):
    """A fresh key: two uses of one key object count as reuse under the checker."""
    return jax.random.key(seed)


def unchecked():
    """Without the key checker, which takes `vmap` of a scan over keys for reuse."""
    return jax.debug_key_reuse(False)


def draw_pair(shape=(3,), count=6, seed=0):
    """Real and generated samples that lie apart, each `[count, *shape]`."""
    first, second = jax.random.split(key(seed))
    size = (count, *shape)
    return jax.random.normal(first, size), 2 + jax.random.normal(second, size)


def cost(name, slope):
    """The penalty `PENALTIES[name]` of a critic with this slope at every point."""
    if name == "zero_centred":
        return 2 * slope**2
    excess = np.maximum(slope - 1, 0) if name in ONE_SIDED else slope - 1
    return excess if name == "one_sided_1" else excess**2


def direction(shape, norm, seed=9):
    """A weight of this norm for samples of this shape."""
    weight = jax.random.normal(key(seed), shape)
    return norm * weight / jnp.linalg.norm(jnp.ravel(weight))


def linear(weight, bias=0.0):
    """The critic w . x + b."""
    return lambda x: jnp.sum(weight * x) + bias


def quadratic(x):
    """The critic ||x||^2 / 2, whose gradient at x is x."""
    return jnp.sum(jnp.square(x)) / 2


def tanh_critic(params, x):
    """A smooth critic with one hidden layer."""
    return jnp.dot(params["v"], jnp.tanh(params["w"] @ jnp.ravel(x) + params["b"]))


def tanh_params(inputs=3, hidden=5, scale=1.0, seed=7):
    w, b, v = jax.random.split(key(seed), 3)
    return {
        "w": scale * jax.random.normal(w, (hidden, inputs)),
        "b": jax.random.normal(b, (hidden,)),
        "v": jax.random.normal(v, (hidden,)),
    }


def experiment_module(name):
    """An experiment's file as a module."""
    path = ROOT / "experiments" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"experiment_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_experiment(name, arg=""):
    """What an experiment's file returns, before it is resolved."""
    return experiment_module(name).get_config(arg)


def resolve(name="toy8gauss", arg="smoke", **fields):
    """A resolved experiment; fields as `lipschitz=...` or `**{"penalty.weight": 1}`."""
    config = load_experiment(name, arg)
    # On one of the tests' devices, unless more are asked for.
    config.update_from_flattened_dict({"mesh.data": 1} | fields)
    return configs.resolve(config)


def wait_for(path, seconds=120):
    for _ in range(20 * seconds):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


def made_once(factory, name, make):
    """A folder that `make` fills, once for all workers of a session; to be left as is.

    `factory` is pytest's `tmp_path_factory`.
    """
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = base / name
    try:
        folder.mkdir()
    except FileExistsError:
        return _made(folder)
    try:
        make(folder)
    except BaseException as error:
        (folder / "failed").write_text(repr(error))
        raise
    (folder / "whole").touch()
    return folder


def _made(folder, seconds=600):
    """The folder, once another worker has made it."""
    for _ in range(20 * seconds):
        if (folder / "whole").exists():
            return folder
        if (folder / "failed").exists():
            why = (folder / "failed").read_text()
            raise AssertionError(f"{folder} could not be made: {why}")
        time.sleep(0.05)
    raise AssertionError(f"{folder} was not made within {seconds} s")


def run_module(module, *args, cwd, optimised=False):
    """`python -m module args` in `cwd`, as a user would start it."""
    command = [sys.executable, "-m", module, *map(str, args)]
    return subprocess.run(
        command,
        cwd=cwd,
        env=command_environment(optimised),
        capture_output=True,
        text=True,
        timeout=200,
    )


def command_environment(optimised=False):
    """The environment that commands run in; they share what they compile.

    With `optimised` they compile as a user's do, and otherwise quickly.
    """
    flags = os.environ.get("XLA_FLAGS", "").split()
    flags = [each for each in flags if not (optimised and each in QUICK_TO_COMPILE)]
    return os.environ | {
        "XLA_FLAGS": " ".join(flags),
        "JAX_DISABLE_MOST_OPTIMIZATIONS": str(int(not optimised)),
        "JAX_PLATFORMS": "cpu",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "PYTHONWARNINGS": "ignore:Error reading persistent compilation cache",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def code_blocks(page):
    """The blocks of Python of a page in docs/."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


@contextlib.contextmanager
def own_tables():
    """Forgets afterwards what experiments' files have brought within."""
    before, brought = experiment_file._entries(), dict(experiment_file._BROUGHT)
    modules = dict(sys.modules)
    try:
        yield
    finally:
        experiment_file._restore(before)
        experiment_file._BROUGHT.clear()
        experiment_file._BROUGHT.update(brought)
        for name in set(sys.modules) - set(modules):
            if name.startswith("wgan_gp_experiment"):
                del sys.modules[name]


def contents(folder):
    """Every file below a folder and its bytes."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def record_names() -> frozenset[str]:
    """The names of all scalars that a record can have."""
    names = set(METRICS)
    for metric in METRICS.values():
        names |= {metric.floor, *(metric.extent or ())} - {""}
        if metric.spread is not None:
            names |= {metric.spread[0], FLOOR + metric.spread[0]}
    return frozenset(names)
