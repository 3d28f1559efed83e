"""`python -m wgan_gp.studies.sweep`, as a user would start it."""

import signal
import subprocess
import sys

import pytest

from tests.helpers import ROOT, command_environment, contents, run_module, wait_for
from tests.test_main import assert_refused
from wgan_gp.studies.running.locks import file_lock
from wgan_gp.studies.sweep import __main__ as command

SMOKE = ("--config", f"{ROOT / 'experiments' / 'sweep_toy.py'}:smoke")
HOSTS = ("--coordinator", "first:1", "--hosts", "2", "--host", "1")
ONE = "--config.grid=('lipschitz=clip clip_bound=0.01,0.1',)"


def start(*args, cwd):
    return run_module("wgan_gp.studies.sweep", *args, cwd=cwd)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (
            ("--config.grid=('penalty.wieght=1',)",),
            ("penalty.wieght", "did you mean penalty.weight?"),
        ),
        pytest.param(
            ("--config.experiment.steps=0",), ("steps",), marks=pytest.mark.long
        ),
        pytest.param(
            ("--config.mesh.runs=9999",), ("mesh.runs",), marks=pytest.mark.long
        ),
        pytest.param(
            ("--accept_changes",), ("--accept_changes",), marks=pytest.mark.long
        ),
        pytest.param(HOSTS, ("several hosts need --workdir",), marks=pytest.mark.long),
        ((*HOSTS, "--workdir", "x", "--overwrite"), ("not for several hosts",)),
    ],
)
def test_bad_input_is_refused_in_one_line_and_writes_nothing(args, words, tmp_path):
    assert_refused(start(*SMOKE, *args, cwd=tmp_path), *words)
    assert not contents(tmp_path)


def test_a_host_that_prepares_for_long_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "_START", 0.0)
    with (
        file_lock(tmp_path / "start.lock", 0),
        pytest.raises(FileExistsError, match="another host has been starting in"),
        command._prepare(None, tmp_path, True, b"", {}),
    ):
        raise AssertionError("prepared")


def unchanged(files):
    """All but pictures, and `versions.json`, which gets an entry at each start."""
    return {
        path: data
        for path, data in files.items()
        if path.suffix != ".png" and path.name != "versions.json"
    }


@pytest.mark.long
def test_a_sweep_writes_its_files_and_is_not_run_again(tmp_path):
    arguments = *SMOKE, ONE, "--config.experiment.steps=5", "--workdir", "sweep"
    done = start(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "clip_bound=0.01" in done.stdout
    before = contents(tmp_path)
    names = {path.name for path in before}
    assert {"table.csv", "summary.md", "summary.png", "0000.json"} < names
    again = start(*arguments, cwd=tmp_path)
    assert again.returncode == 0
    after = contents(tmp_path)
    assert unchanged(after) == unchanged(before)
    refused = start(*arguments, "--config.seeds=3", cwd=tmp_path)
    assert_refused(refused, "seeds was 2, is 3", "--overwrite")
    assert contents(tmp_path) == after
    replaced = start(*arguments, "--config.seeds=3", "--overwrite", cwd=tmp_path)
    assert replaced.returncode == 0
    assert len((tmp_path / "sweep" / "table.csv").read_text().splitlines()) == 7


@pytest.mark.long
def test_a_signal_saves_first_and_the_same_command_goes_on(tmp_path):
    steps = "--config.experiment.steps=3000", "--config.experiment.eval_repeats=1"
    arguments = *SMOKE, ONE, *steps, "--config.save_every=200"
    whole = start(*arguments, "--workdir", "whole", cwd=tmp_path)
    assert whole.returncode == 0
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "wgan_gp.studies.sweep",
            *arguments,
            "--workdir",
            "broken",
        ],
        cwd=tmp_path,
        env=command_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    folder = tmp_path / "broken" / "checkpoints" / "0000"
    wait_for(folder / "200")
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert error.startswith("stopped by SIGTERM at step ")
    assert error.count("\n") == 1
    assert start(*arguments, "--workdir", "broken", cwd=tmp_path).returncode == 0
    tables = [tmp_path / name / "table.csv" for name in ("whole", "broken")]
    assert tables[0].read_bytes() == tables[1].read_bytes()
