import json
import shutil

import numpy as np
import pytest

from tests.helpers import contents, run_module
from wgan_gp import sample, workdir


def refused(capsys, *args):
    """Runs the command in this process; the line with which it refused."""
    assert sample.main(["sample", *map(str, args)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("error: ")
    return line


def stored(path):
    with np.load(path) as archive:
        return archive["samples"]


def test_the_command_writes_samples(smoke_run, tmp_path):
    out = tmp_path / "new" / "samples.npz"
    args = ("--workdir", smoke_run.folder, "--n", 7, "--out", out)
    done = run_module("wgan_gp.sample", *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    samples = stored(out)
    assert samples.shape == (7, 2)
    assert np.isfinite(samples).all()
    expected = sample.sample(smoke_run.folder, 7)
    np.testing.assert_allclose(samples, expected, rtol=1e-5, atol=1e-6)


def test_the_seed_chooses_the_latents(smoke_run):
    first, again = (sample.sample(smoke_run.folder, 5, seed=1) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == sample.sample(smoke_run.folder, 5, seed=2))


def test_samples_come_from_the_average_that_was_trained(smoke_run):
    experiment, state = workdir.load_run(smoke_run.folder)
    assert int(state.step) == 20
    assert experiment.hyperparameters.ema_decay == 0.999


@pytest.mark.parametrize("n", [0, -3])
def test_fewer_than_one_sample_is_refused(smoke_run, tmp_path, capsys, n):
    out = tmp_path / "samples.npz"
    line = refused(capsys, "--workdir", smoke_run.folder, "--n", n, "--out", out)
    assert "n must be >= 1" in line
    assert not contents(tmp_path)


def test_a_folder_without_a_run_is_refused(tmp_path, capsys):
    out = tmp_path / "new" / "samples.npz"
    line = refused(capsys, "--workdir", tmp_path / "none", "--n", 2, "--out", out)
    assert "holds no run" in line
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_not_overwritten(smoke_run, tmp_path, capsys):
    out = tmp_path / "samples.npz"
    out.write_text("mine")
    line = refused(capsys, "--workdir", smoke_run.folder, "--n", 2, "--out", out)
    assert "exists already" in line
    assert out.read_text() == "mine"


def test_a_file_of_another_kind_is_refused(smoke_run, tmp_path, capsys):
    out = tmp_path / "samples.csv"
    line = refused(capsys, "--workdir", smoke_run.folder, "--n", 2, "--out", out)
    assert ".npz" in line
    assert not contents(tmp_path)


def unfinished(folder):
    shutil.rmtree(folder / "checkpoints")


def not_json(folder):
    (folder / "config.json").write_text("{")


def a_list(folder):
    (folder / "config.json").write_text("[1]")


def unknown_field(folder):
    edit(folder, foo=1)


def mistyped_field(folder):
    edit(folder, steps="many")


def out_of_range(folder):
    edit(folder, batch_size=0)


def emptied_checkpoint(folder):
    shutil.rmtree(folder / "checkpoints")
    (folder / "checkpoints").mkdir()


def edit(folder, **fields):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    for name, value in fields.items():
        nested = isinstance(value, dict)
        config[name] = config[name] | value if nested else value
    path.write_text(json.dumps(config))


@pytest.mark.parametrize(
    "damage",
    [
        unfinished,
        not_json,
        a_list,
        unknown_field,
        mistyped_field,
        out_of_range,
        emptied_checkpoint,
    ],
)
def test_a_damaged_run_is_refused(smoke_run, tmp_path, capsys, damage):
    folder = tmp_path / "run"
    shutil.copytree(smoke_run.folder, folder)
    damage(folder)
    out = tmp_path / "samples.npz"
    refused(capsys, "--workdir", folder, "--n", 2, "--out", out)
    assert not out.exists()


def test_a_config_of_other_networks_is_refused_in_one_line(smoke_run, tmp_path):
    # A process of its own: Orbax leaves tasks behind that fail in later tests.
    folder = tmp_path / "run"
    shutil.copytree(smoke_run.folder, folder)
    edit(folder, generator={"hidden": [9, 9]})
    args = ("--workdir", folder, "--n", 2, "--out", "samples.npz")
    done = run_module("wgan_gp.sample", *args, cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert not (tmp_path / "samples.npz").exists()
