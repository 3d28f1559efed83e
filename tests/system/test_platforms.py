"""What is there on Linux only is used where it is there."""

import importlib
import os
import subprocess
import sys

import pytest

from tests.helpers import ROOT, command_environment
from wgan_gp.devices import mesh
from wgan_gp.system import platforms


def test_cores_are_all_where_a_process_is_not_told_its_own(monkeypatch):
    assert platforms.cores() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert platforms.cores() == mesh.cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert platforms.cores() == 1


def test_memory_is_not_limited_where_its_size_is_not_told(monkeypatch):
    assert platforms.physical_memory() == os.sysconf("SC_PAGE_SIZE") * os.sysconf(
        "SC_PHYS_PAGES"
    )

    def unknown(name):
        raise ValueError("unrecognized configuration name")

    for sysconf in (unknown, lambda _: -1, lambda name: 4096 * ("SIZE" in name)):
        monkeypatch.setattr(os, "sysconf", sysconf)
        assert platforms.physical_memory() == sys.maxsize
    monkeypatch.delattr(os, "sysconf")
    assert platforms.physical_memory() == sys.maxsize


COMMANDS = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "wgan_gp").rglob("*.py")
    if '__name__ == "__main__"' in path.read_text()
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_windows_in_one_line_that_names_wsl(command, monkeypatch):
    module = importlib.import_module(command)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit, match=r"error: .* run it in WSL") as caught:
        module.main([command, "--help"])
    assert "\n" not in str(caught.value)


# What Python and other packages import is theirs to find where it is missing.
IMPORTS = """
import asyncio, os, sys
import flax.linen, jax, optax, orbax.checkpoint, tensorboardX
sys.modules["fcntl"] = sys.modules["array_record"] = None
for name in {names}:
    delattr(os, name)
from wgan_gp import losses, train, devices, networks, sample
from wgan_gp.algorithm import optimisers
from wgan_gp.runs import workdir
from wgan_gp.system import signals
print(losses.two_sided(1.0))
"""


def test_the_package_is_imported_where_linux_calls_are_missing(tmp_path):
    names = (
        *("sched_getaffinity", "sched_setaffinity", "sysconf"),
        *("fork", "register_at_fork"),
    )
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS.format(names=names)],
        cwd=tmp_path,
        env=command_environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == 0
