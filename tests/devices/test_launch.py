"""The scripts that start runs on clusters, with stand-ins for a cluster's commands."""

import os
import subprocess

import pytest

from tests.helpers import ROOT


@pytest.mark.parametrize(("status", "queued"), [(0, ""), (143, "requeue 7\n"), (2, "")])
def test_a_job_that_its_time_limit_stopped_is_queued_again(tmp_path, status, queued):
    for name, body in {
        "srun": f'echo "$@" > {tmp_path}/run; exit {status}',
        "scontrol": f'echo "$@" > {tmp_path}/queued',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    script = ROOT / "docs" / "launch" / "slurm.sh"
    ended = subprocess.run(
        ["bash", str(script), "--config.steps=3"],
        env=os.environ | {"PATH": path, "SLURM_JOB_ID": "7", "HOME": "/home/me"},
        check=False,
    )
    assert ended.returncode == status
    command = (tmp_path / "run").read_text()
    assert command.endswith(
        " --workdir /home/me/runs/cifar10_resnet --config.steps=3\n"
    )
    found = tmp_path / "queued"
    assert (found.read_text() if found.exists() else "") == queued


def test_hosts_of_ssh_are_waited_for_and_the_first_in_the_list_to_fail_counts(tmp_path):
    stand_in = (
        'echo "$1: $2" >> started; case $1 in b) sleep .3; exit 3;; c) exit 4;; esac'
    )
    (tmp_path / "ssh").write_text(f"#!/bin/sh\n{stand_in}\n")
    (tmp_path / "ssh").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    script = ROOT / "docs" / "launch" / "ssh.sh"
    ended = subprocess.run(
        ["bash", str(script), "a", "b", "c", "--", "--workdir", "my runs"],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        check=False,
    )
    assert ended.returncode == 3
    lines = sorted((tmp_path / "started").read_text().splitlines())
    for i, (host, line) in enumerate(zip("abc", lines, strict=True)):
        assert line.startswith(f"{host}: cd ")
        assert f" --coordinator a:8476 --hosts 3 --host {i} --workdir my\\ runs" in line
