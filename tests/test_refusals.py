"""A command that is refused has written nothing, and says what differs."""

import json
import shutil

import pytest

from tests.helpers import ROOT, contents
from tests.hostile import run_main
from wgan_gp.runs import versions, workdir
from wgan_gp.system.signals import Listener

SMOKE = f"{ROOT / 'experiments' / 'toy8gauss.py'}:smoke"
SAVED = "--config.checkpoint.every=10"


@pytest.fixture
def folder(tmp_path):
    """A finished run, and a note of the user's beside it."""
    folder = shutil.copytree(ROOT / "tests" / "stored" / "toy8gauss", tmp_path / "run")
    (folder / "notes.txt").write_text("mine")
    return folder


def everything(folder):
    """Names of all files and folders, and what is in the files."""
    return contents(folder), sorted(path for path in folder.rglob("*"))


def command(folder, *arguments):
    return run_main("--config", SMOKE, SAVED, "--workdir", folder, *arguments)


def assert_refused(done, *words):
    status, out, error = done
    assert (status, out) == (2, "")
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    for word in words:
        assert word in error


def test_overwrite_replaces_the_run_and_nothing_else(folder):
    done = command(folder, "--overwrite", "--config.lipschitz=clip")
    assert (done[0], done[2]) == (0, "")
    config = json.loads((folder / "config.json").read_text())
    assert (config["lipschitz"], config["clip_bound"]) == ("clip", 0.01)
    assert (folder / "notes.txt").read_text() == "mine"
    kept = {"config.json", "experiment.py", "versions.json", "lock", "notes.txt"}
    assert {path.name for path in folder.iterdir()} == kept


def test_a_signal_while_a_run_is_prepared_names_what_is_saved(folder, monkeypatch):
    said = []

    def prepare(*_, **__):
        said.append(Listener.current.explain())
        raise ValueError("enough is known")

    monkeypatch.setattr(workdir, "prepare", prepare)
    assert command(folder)[0] == 2
    assert said[0].startswith("step 20 is the last saved: the same command with")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--config.lipschitz=clip", "--accept_changes"],
            ["lipschitz was 'two_sided'"],
        ),
        (["--config.lipschitz=clip"], ["cannot go on from step 20"]),
        (["--config.steps=10", "--accept_changes"], ["20 are done already"]),
        (["--config.steps=10"], ["set --config.steps to at least 20"]),
        (
            ["--config.penalty.weight=7"],
            ["other settings: penalty.weight was", "is 7.0", "--overwrite", "--accept"],
        ),
        (
            ["--config.seed=1", "--config.steps=30", "--accept_changes"],
            ["seed was 0, is 1, and the state has the first", "--overwrite"],
        ),
        (["--overwrite", "--config.batch_size=0"], ["batch_size must be"]),
        (["--overwrite", "--config.mesh.data=64"], ["mesh.data is 64"]),
    ],
)
def test_a_refused_command_leaves_a_run_as_it_was(arguments, words, folder):
    before = everything(folder)
    assert_refused(command(folder, *arguments), *words)
    assert everything(folder) == before


def test_a_command_is_refused_before_its_folder_is_made(tmp_path):
    for field in ("batch_size=0", "mesh.data=64", "data.name=npz:x.npz"):
        assert_refused(command(tmp_path / "a" / "b", f"--config.{field}"))
    assert not list(tmp_path.iterdir())
    (tmp_path / "empty").mkdir()
    assert_refused(command(tmp_path / "empty", "--config.batch_size=0"))
    assert not list((tmp_path / "empty").iterdir())


def test_damaged_checkpoints_are_found_before_the_settings_are_replaced(folder):
    for path in folder.glob("checkpoints/*/state/manifest.ocdbt"):
        path.write_bytes(b"")
    before = everything(folder)
    accepted = ("--config.penalty.weight=1", "--accept_changes")
    assert_refused(command(folder, *accepted), "all checkpoints in", "are damaged")
    assert everything(folder) == before


def test_what_is_no_table_is_refused(tmp_path):
    done = command(tmp_path / "run", f"--config.data.name=npz:{tmp_path}/table.npz")
    assert_refused(done, "table.npz': there is no file")
    done = command(tmp_path / "run", "--config.data.name=folder:pictures")
    assert_refused(done, "this experiment learns vectors", "experiments/digits.py")
    assert not (tmp_path / "run").exists()


def test_a_tilde_in_the_workdir_is_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PLACE", "runs")
    assert command("~/$PLACE/mine")[0] == 0
    assert (tmp_path / "runs" / "mine" / "config.json").is_file()
    assert_refused(command("~no.such.user/mine"), "is in no user's home")


def test_each_start_records_what_it_is_made_with(folder, monkeypatch):
    assert command(folder)[:2] == (0, "")  # a run that was stored without versions
    assert command(folder)[:2] == (0, "")
    (first, second) = json.loads((folder / versions.NAME).read_text())
    assert first == second
    assert first["step"] == 20
    assert {"wgan_gp", "python", "jax", "jaxlib", "flax", "optax"} <= {
        *first["versions"]
    }
    older = first["versions"] | {"jax": "0.9.9"}
    monkeypatch.setattr(versions, "current", lambda: older)
    (line,) = command(folder)[1].splitlines()
    assert f"jax was {first['versions']['jax']}, is 0.9.9" in line
    assert "python" not in line


def test_versions_that_cannot_be_read_are_refused(folder):
    (folder / versions.NAME).write_text("[1]")
    before = everything(folder)
    assert_refused(command(folder), f"{versions.NAME} does not hold the versions")
    assert everything(folder) == before


def test_the_commit_is_that_of_this_code():
    commit = versions.current().get("commit")
    in_a_repository = (ROOT / ".git").exists() and shutil.which("git")
    assert bool(commit) == bool(in_a_repository)
    assert commit is None or len(commit.removesuffix("-dirty")) == 40


def test_what_differs_is_listed_with_the_constraint_first():
    assert workdir.join_changes(["a", "b", "c"], 2) == "a; b; and 1 more"
    assert workdir.join_changes(["a", "b"], 2) == "a; b"
