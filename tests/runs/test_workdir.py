"""Folders of runs that cannot be written to, or that are another run's."""

import os
import subprocess
from types import SimpleNamespace

import pytest

from tests.helpers import ROOT, contents, resolve, run_module
from tests.test_faults import train
from wgan_gp.devices import hosts
from wgan_gp.runs import start, workdir

NO = SimpleNamespace(value=False)


@pytest.fixture
def read_only(tmp_path):
    """A folder that holds a finished run and cannot be written to."""
    folder = tmp_path / "disk"
    folder.mkdir()
    assert train(folder / "run") == 0
    bind = ["mount", "--bind", "-o", "ro", folder, folder]
    if os.geteuid():
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield folder
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)
    elif subprocess.run(bind, capture_output=True).returncode:
        (tmp_path / "file").touch()
        yield tmp_path / "file"  # below which there can be nothing
    else:
        yield folder
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("name", ["run", "new/run"])
def test_a_folder_that_cannot_be_written_to_is_refused(name, read_only):
    with pytest.raises(OSError, match=r"cannot write .*: name another folder"):
        workdir.lock(read_only / name)


def test_a_part_of_a_run_that_cannot_be_written_to_is_found_first(
    tmp_path, monkeypatch
):
    workdir.prepare(tmp_path, resolve())
    (tmp_path / "checkpoints").mkdir()
    monkeypatch.setattr(os, "access", lambda path, _: path.name != "checkpoints")
    with pytest.raises(OSError, match=r"cannot write .*/checkpoints: Permission"):
        workdir.prepare(tmp_path, resolve())


def test_the_command_refuses_a_read_only_folder_before_any_compute(read_only):
    config = ROOT / "experiments" / "toy8gauss.py"
    folder = read_only / "run"
    done = run_module(
        "wgan_gp.main", "--config", f"{config}:smoke", "--workdir", folder, cwd=ROOT
    )
    assert done.returncode == 2
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert done.stderr.startswith(f"error: cannot write {folder}: ")


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (None, "holds figures but no config.json"),
        ("{", "holds a config.json that is not JSON"),
        ('{"model": "resnet"}', "holds a config.json without lipschitz"),
    ],
)
@pytest.mark.parametrize("flag", ["overwrite", "accept_changes"])
def test_what_only_looks_like_a_run_is_never_removed(config, problem, flag, tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "mine.png").write_bytes(b"mine")
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match=f"{problem}, so no run: name another"):
        workdir.prepare(tmp_path, resolve(), **{flag: True})
    assert contents(tmp_path) == before


def test_a_folder_that_the_other_hosts_do_not_have_is_refused(tmp_path, monkeypatch):
    folder = str(tmp_path / "mine")
    monkeypatch.setattr(hosts, "on_first_host", lambda _: folder)
    flags = SimpleNamespace(**dict.fromkeys(("ACCEPT", "OVERWRITE"), NO))
    monkeypatch.setattr(start, "command", flags)
    with pytest.raises(ValueError, match="mine of host 0 is not there on this host"):
        start._prepare_workdir(resolve(), None, b"")
    workdir.prepare(tmp_path / "mine", resolve())
    assert str(start._prepare_workdir(resolve(), None, b"")[0]) == folder


def test_a_run_without_a_name_never_goes_on_with_another(tmp_path):
    assert workdir.unused_folder(tmp_path / "run") == tmp_path / "run"
    (tmp_path / "run").mkdir()
    (tmp_path / "run-2").mkdir()
    assert workdir.unused_folder(tmp_path / "run") == tmp_path / "run-3"


def test_a_folder_that_checkpoints_cannot_be_read_back_from_is_refused(tmp_path):
    """Orbax finds no file that it wrote where a part of the path is a pattern."""
    config = resolve()
    for folder in (tmp_path / "a[b]" / "run", tmp_path / "run[1]"):
        with pytest.raises(ValueError, match=r"with \[ in its name cannot be"):
            workdir.prepare(folder, config)
        assert not folder.exists()
    workdir.prepare(tmp_path / "a*b?", config)
