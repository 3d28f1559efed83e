"""What is there on Linux only is used where it is there."""

import importlib
import os
import subprocess
import sys

import pytest

from tests.helpers import ROOT, command_environment
from wgan_gp.devices import mesh
from wgan_gp.system import platforms


def test_cores_are_all_where_a_process_is_not_told_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(platforms, "_ROOT", tmp_path)  # no quota
    assert platforms.cores() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert platforms.cores() == mesh.cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert platforms.cores() == 1


@pytest.mark.parametrize(
    ("groups", "limits", "expected"),
    [
        ("0::/a", {"a/cpu.max": "150000 100000"}, 2),
        ("0::/a", {"a/cpu.max": "20000 100000"}, 1),
        ("0::/a", {"a/cpu.max": "max 100000"}, None),
        (
            "4:cpu,cpuacct:/",
            {
                "cpu/cpu.cfs_quota_us": "300000\n",
                "cpu/cpu.cfs_period_us": "100000\n",
            },
            3,
        ),
        (None, {}, None),
    ],
)
def test_the_cores_of_a_container_are_its_quota(
    groups, limits, expected, tmp_path, monkeypatch
):
    as_granted(tmp_path, groups, limits, monkeypatch)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert platforms.cores() == (expected or 8)


def as_granted(folder, groups, limits, monkeypatch):
    """Control groups of a process, with the files that say what they are granted."""
    for name, text in limits.items():
        file = folder / "sys" / "fs" / "cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    if groups is not None:
        (folder / "proc" / "self").mkdir(parents=True)
        (folder / "proc" / "self" / "cgroup").write_text(groups + "\n")
    monkeypatch.setattr(platforms, "_ROOT", folder)


@pytest.mark.parametrize(
    ("groups", "limits", "expected"),
    [
        ("0::/a/b", {"a/memory.max": "7000\n", "a/b/memory.max": "max\n"}, 7000),
        ("0::/a/b", {"memory.max": "6000\n"}, 6000),  # a container sees its own
        (
            "12:cpu:/c\n3:memory:/job_7",
            {"memory/job_7/memory.limit_in_bytes": "5000"},
            5000,
        ),
        ("0::/", {}, None),
        ("0::/a", {"a/memory.max": "max"}, None),
        (None, {"memory.max": "6000\n"}, None),  # no Linux
    ],
)
def test_the_memory_of_a_container_or_a_job_is_what_it_was_granted(
    groups, limits, expected, tmp_path, monkeypatch
):
    as_granted(tmp_path, groups, limits, monkeypatch)
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert platforms.physical_memory() == (expected or there)


def test_memory_is_not_limited_where_its_size_is_not_told(monkeypatch, tmp_path):
    monkeypatch.setattr(platforms, "_ROOT", tmp_path)
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
