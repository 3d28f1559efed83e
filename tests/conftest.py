"""Settings that every test runs under."""

import gc
import os
import pickle

import jax
import matplotlib
import pytest

from tests.helpers import QUICK_TO_COMPILE, ROOT, made_once, run_module


def pytest_configure():
    matplotlib.use("Agg")
    jax.config.update("jax_num_cpu_devices", 8)
    jax.config.update("jax_numpy_rank_promotion", "raise")
    jax.config.update("jax_debug_key_reuse", True)
    # Compiling takes most of the suite's time. `smoke_run` is compiled as users' runs
    # are, with all optimisations.
    jax.config.update("jax_disable_most_optimizations", True)
    jax.config.update("jax_include_full_tracebacks_in_locations", False)
    # Tracing makes many objects, few of them garbage.
    gc.set_threshold(20_000)
    os.environ["XLA_FLAGS"] = " ".join(
        [os.environ.get("XLA_FLAGS", ""), *QUICK_TO_COMPILE]
    )


@pytest.fixture(scope="session", autouse=True)
def _sets(tmp_path_factory):
    """Image sets are written to a folder of the session's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFDS_DATA_DIR", str(tmp_path_factory.mktemp("sets")))
        # What tests compile, and the commands that they run: all processes of one
        # session share it. A folder of your own serves the next session too.
        folder = tmp_path_factory.getbasetemp()
        if "PYTEST_XDIST_WORKER" in os.environ:
            folder = folder.parent
        compiled = os.environ.get("JAX_COMPILATION_CACHE_DIR", str(folder / "compiled"))
        patch.setenv("JAX_COMPILATION_CACHE_DIR", compiled)
        jax.config.update("jax_compilation_cache_dir", compiled)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        yield


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory):
    """A finished run of the command; `folder` is its workdir, not to be changed."""

    def make(cwd):
        config = ROOT / "experiments" / "toy8gauss.py"
        arguments = ("--config", f"{config}:smoke", "--workdir", "run")
        done = run_module("wgan_gp.main", *arguments, cwd=cwd, optimised=True)
        (cwd / "done").write_bytes(pickle.dumps(done))

    folder = made_once(tmp_path_factory, "smoke", make)
    done = pickle.loads((folder / "done").read_bytes())
    done.folder = folder / "run"
    return done
