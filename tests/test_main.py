import json
import math
from subprocess import CompletedProcess

import pytest
from matplotlib.image import imread

from tests.helpers import ROOT, contents, record_names, run_module
from tests.hostile import run_main

TOY = ROOT / "experiments" / "toy8gauss.py"
SMOKE = f"{TOY}:smoke"


def start(*args, cwd):
    return run_module("wgan_gp.main", *args, cwd=cwd)


def assert_refused(done, *words):
    """Exit code 2 and one line on stderr that says why."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    for word in words:
        assert word in line
    assert done.stdout == ""


def test_a_run_exits_with_zero_and_says_where_its_files_are(smoke_run):
    assert smoke_run.returncode == 0, smoke_run.stderr
    assert smoke_run.stderr == ""
    assert "exact W1" in smoke_run.stdout
    assert smoke_run.stdout.rstrip().endswith(smoke_run.folder.name)


def test_a_run_writes_its_config(smoke_run):
    config = json.loads((smoke_run.folder / "config.json").read_text())
    assert config["name"] == "toy8gauss-smoke"
    assert config["lipschitz"] == "two_sided"
    assert config["penalty"]["weight"] == 10
    assert config["steps"] == 20


def test_a_run_writes_metrics_as_json_lines(smoke_run):
    lines = (smoke_run.folder / "metrics.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    at = [(record.pop("split"), record.pop("step")) for record in records]
    trained = [("train", step) for step in (5, 10, 15, 20)]
    assert sorted(at) == [("eval", 10), ("eval", 20), *sorted(trained)]
    assert all(math.isfinite(value) for record in records for value in record.values())
    for (split, _), record in zip(at, records):
        assert {"wasserstein", "penalty"} < set(record) <= record_names()
        assert ("w1" in record) == (split == "eval")


def test_a_run_writes_tensorboard_events_and_a_checkpoint(smoke_run):
    (events,) = (smoke_run.folder / "tensorboard").iterdir()
    assert events.name.startswith("events.out.tfevents")
    assert events.stat().st_size > 0
    assert contents(smoke_run.folder / "checkpoints")


@pytest.mark.parametrize("name", ["curves.png", "critic.png"])
def test_a_run_draws_its_figures(smoke_run, name):
    path = smoke_run.folder / "figures" / name
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    pixels = imread(path)
    assert min(pixels.shape[:2]) > 100
    assert pixels.std() > 0.01


BROKEN = {"syntax.py": "def get_config(:\n", "empty.py": "x = 1\n"}
REFUSED = {
    "unknown constraint": (
        ["--config", SMOKE, "--config.lipschitz=lasso"],
        ["lipschitz", "two_sided", "'lasso'"],
    ),
    "unknown variant": (["--config", f"{TOY}:huge"], [":huge", ":smoke"]),
    "missing config file": (["--config", "none.py"], ["none.py"]),
    "no config": ([], ["--config toy8gauss"]),
    "syntax error in the config file": (
        ["--config", "syntax.py"],
        ["syntax.py", "line 1"],
    ),
    "config file without get_config": (["--config", "empty.py"], ["get_config"]),
    "unknown field": (["--config", SMOKE, "--config.foo=1"], ["foo"]),
    "wrong type": (["--config", SMOKE, "--config.steps=abc"], ["steps", "abc"]),
    "weight that is not a number": (
        ["--config", SMOKE, "--config.penalty.weight=nan"],
        ["penalty.weight", "finite"],
    ),
    "search for NaN on several hosts": (
        [
            *("--config", SMOKE, "--config.debug_nans=True"),
            *("--coordinator", "first:1", "--hosts", "2", "--host", "0"),
        ],
        ["debug_nans needs a run on one host"],
    ),
    "box of words": (
        [
            "--config",
            SMOKE,
            "--config.penalty.points=box",
            "--config.penalty.box=('a','b')",
        ],
        ["penalty.box", "(low, high)"],
    ),
}


@pytest.mark.parametrize(("args", "words"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused_in_one_line_and_writes_nothing(
    args, words, tmp_path, monkeypatch
):
    for name, text in BROKEN.items():
        (tmp_path / name).write_text(text)
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert_refused(CompletedProcess(args, *run_main(*args)), *words)
    assert contents(tmp_path) == before
    assert not (tmp_path / "runs").exists()


def test_a_workdir_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "run").write_text("mine")
    args = ("--config", SMOKE, "--workdir", tmp_path / "run")
    assert_refused(CompletedProcess(args, *run_main(*args)), "run is a file")
    assert (tmp_path / "run").read_text() == "mine"
