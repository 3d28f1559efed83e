"""The files of docs/extending.md train, and their runs are opened elsewhere.

Each run here is tiny, and made by `main` from a file that brings something.
"""

import itertools
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.helpers import (
    code_blocks,
    command_environment,
    made_once,
    own_tables,
    run_module,
    unchecked,
)
from tests.hostile import command_line
from wgan_gp import constraints, data, main, networks, sample, score
from wgan_gp.configs import experiment_file
from wgan_gp.configs.command_line import parse
from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.runs import opening, workdir
from wgan_gp.runs.start import prepare_run
from wgan_gp.system.signals import Listener

BLOCKS = code_blocks("extending.md")
# A file, and the test of what it brings, by what `get_config` calls it.
FILES = dict(
    zip(
        ("noise", "moons", "residual", "energy"),
        [(a, b) for a, b in itertools.pairwise(BLOCKS) if "def get_config" in a],
        strict=True,
    )
)
TINY = ("--config.steps=4", "--config.log_every=2", "--config.eval_every=2")
# Sets of images, of the fewest operations that there are.
IMAGES = """

def get_config(arg=""):
    smoke = configs.IMAGE_SMOKE | {
        "critic": {"hidden": (8,)}, "generator": {"hidden": (8,)}, **CHANGES
    }
    return configs.experiment(
        "images", arg, default={}, smoke=smoke,
        data="images", critic="mlp", generator="mlp_image",
    )
"""
STRIPES = """
import jax
import jax.numpy as jnp
from wgan_gp import configs, data

def stripes(key, n):
    phase_key, label_key = jax.random.split(key)
    labels = jax.random.choice(label_key, 2, (n,))
    rows = jnp.arange(8.0)[None] + 6 * jax.random.uniform(phase_key, (n, 1))
    sides = jnp.sin(rows)[:, :, None, None] * jnp.ones((1, 1, 8, 1))
    return sides * (2.0 * labels - 1).reshape(n, 1, 1, 1), labels

data.DATASETS["stripes"] = data.Dataset("stripes", (8, 8, 1), stripes, classes=2)
CHANGES = {"data": {"name": "stripes"}}
"""
DIGITS = (
    FILES["noise"][0]
    .partition("def get_config")[0]
    .replace('"approximate_r1"', '"rise"')
)
DIGITS += 'CHANGES = {"lipschitz": "rise", "data": {"name": "digits8x8"}}'
ALL = {name: text for name, (text, _) in FILES.items()} | {
    "stripes": STRIPES + IMAGES,
    "digits": DIGITS + IMAGES,
}


@pytest.fixture(autouse=True)
def _tables():
    with own_tables():
        yield


def train(folder, name, *args):
    """Trains the experiment of a file, as the command does; the exit status."""
    arguments = "--config", f"{folder / name}.py:smoke", "--workdir", folder / name
    with unchecked(), Listener():
        # Modules that are imported within `command_line` are forgotten after it.
        with command_line(*arguments, *TINY, *args) as argv:
            settings, experiment, workdir, lock = prepare_run(argv)
        with lock:
            return main._run(settings, experiment, workdir)


def trained(factory, names):
    """A folder with the files of these names and the run of each."""

    def make(folder):
        for name in names:
            (folder / f"{name}.py").write_text(ALL[name])
            with own_tables():
                assert train(folder, name) == 0

    return made_once(factory, f"page-{'-'.join(names)}", make)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with two of the files and their runs, not to be changed."""
    return trained(tmp_path_factory, ("noise", "moons"))


@pytest.fixture(scope="module")
def all_runs(tmp_path_factory):
    """A folder with the six files and the run of each, not to be changed."""
    return trained(tmp_path_factory, tuple(ALL))


def copied(runs, name, folder):
    """A run and its file in another folder."""
    shutil.copy(runs / f"{name}.py", folder)
    shutil.copytree(runs / name, folder / name)
    return folder / name


@pytest.mark.parametrize("name", FILES)
def test_what_a_file_brings_passes_its_test_on_the_page(name):
    text, test = FILES[name]
    exec(text + test, {"__name__": "page"})


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
def test_a_run_keeps_its_file_and_its_settings(all_runs, name):
    runs = all_runs
    assert (runs / name / "experiment.py").read_text() == ALL[name]
    assert json.loads((runs / name / "config.json").read_text())["steps"] == 4


@pytest.mark.long
def test_the_runs_have_used_what_their_files_bring(all_runs):
    runs = all_runs
    config = {
        name: json.loads((runs / name / "config.json").read_text()) for name in ALL
    }
    assert config["noise"]["penalty"]["sigma"] == 0.1
    assert config["moons"]["data"]["name"] == "moons"
    assert config["residual"]["critic"] == {
        "network": "residual",
        "width": 8,
        "depth": 3,
    }
    lines = (runs / "energy" / "metrics.jsonl").read_text().splitlines()
    measured = [json.loads(line) for line in lines if '"eval"' in line]
    assert [each["step"] for each in measured] == [2, 4]
    for each in measured:
        assert each["energy"] > 5 * each["floor_energy"] > 0


# Opens runs in a process that knows nothing of them, and prints what it finds.
OPENED = """
import json, sys
import numpy as np
from wgan_gp import sample, score
def observe(images):
    coarse = images.reshape(len(images), 2, 4, 2, 4).mean((2, 4)).reshape(-1, 4)
    return coarse, np.eye(4)[coarse.argmax(1)]
found = {n: sample.sample(f"runs/{n}", 3) for n in sys.argv[1:]}
scores = score.score(__import__("pathlib").Path("runs/digits"), 20, "train", observe)
print(json.dumps([{n: x.tolist() for n, x in found.items()}, sorted(scores)]))
"""


@pytest.mark.long
def test_a_new_process_samples_and_scores_the_runs(all_runs, tmp_path):
    runs = all_runs
    (tmp_path / "runs").symlink_to(runs)
    done = subprocess.run(
        [sys.executable, "-c", OPENED, *ALL],
        cwd=tmp_path,
        env=command_environment(),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found, scores = json.loads(done.stdout)
    shapes = {name: np.shape(samples) for name, samples in found.items()}
    assert shapes == {
        name: (3, 8, 8, 1) if name in ("stripes", "digits") else (3, 2) for name in ALL
    }
    assert {"frechet", "floor_frechet", "score"} <= set(scores)
    # The same samples as here.
    with unchecked():
        here = sample.sample(runs / "moons", 3)
    np.testing.assert_allclose(found["moons"], here, rtol=1e-5)


def test_without_the_copy_a_run_is_refused_in_one_line(runs, tmp_path, capsys):
    folder = copied(runs, "noise", tmp_path)
    (folder / "experiment.py").unlink()
    args = "--workdir", str(folder), "--n", "2", "--out", str(tmp_path / "x.npz")
    assert sample.main(["", *args]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "penalty.sigma" in line


@pytest.mark.parametrize("open_", [sample.open_run, opening.load_run])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named"),
        ("x = (", "SyntaxError"),
        ("raise SystemExit", "SystemExit"),
        ("from wgan_gp import data\ndata.DATASETS['x'] = 1\n1 / 0", "ZeroDivision"),
    ],
)
def test_a_broken_copy_is_one_line_and_leaves_nothing(
    runs, tmp_path, open_, text, words
):
    folder = copied(runs, "moons", tmp_path)
    (folder / "experiment.py").write_text(text)
    with pytest.raises(ValueError, match=words) as refused:
        open_(folder)
    line = str(refused.value)
    assert line.startswith(str(folder / "experiment.py"))
    assert "repair this copy" in line
    assert "\n" not in line
    assert not {"x", "moons"} & set(data.DATASETS)


@pytest.mark.long
def test_a_changed_file_is_told_and_replaces_the_copy_once_accepted(all_runs, tmp_path):
    runs = all_runs
    folder, file = copied(runs, "residual", tmp_path), tmp_path / "residual.py"
    file.write_text(f"{ALL['residual']}\n# changed\n")
    given = (
        f"--config={file}:smoke",
        f"--workdir={folder}",
        "--config.steps=6",
        *TINY[1:],
    )
    with command_line(*given) as argv:
        assert main.main(argv) == 2  # for the number of steps: nothing is replaced
    assert (folder / "experiment.py").read_text() == ALL["residual"]
    (other := tmp_path / "elsewhere").mkdir()
    done = run_module("wgan_gp.main", *given, "--accept_changes", cwd=other)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "the experiment's file differs from the run's copy" in said
    assert "going on from step 4" in said
    assert (folder / "experiment.py").read_text() == file.read_text()


def test_overwriting_replaces_the_copy_and_python_leaves_it(runs, tmp_path):
    folder = copied(runs, "moons", tmp_path)
    settings = opening.open_settings(folder)
    before = (folder / "experiment.py").read_bytes()
    workdir.prepare(folder, settings)
    assert (folder / "experiment.py").read_bytes() == before
    assert workdir.prepare(folder, settings, experiment=before) is None
    assert "differs" in workdir.prepare(folder, settings, experiment=b"# x")
    workdir.prepare(folder, settings, overwrite=True)
    assert not (folder / "experiment.py").exists()


REPLACED = {
    "data.DATASETS": "data.DATASETS['swissroll'] = data.Dataset('swissroll', (2,), 0)",
    "data.DATASETS removed": "del data.DATASETS['swissroll']",
    "constraints.CONSTRAINTS": "constraints.CONSTRAINTS['clip'] = 0",
    "networks.CRITICS": "networks.CRITICS.clear()",
    "networks.GENERATORS": "networks.GENERATORS['mlp'] = int",
    "metrics.METRICS": "metrics.METRICS['w1'] = metrics.METRICS['frechet']",
}
VALUES = {
    "metrics.METRICS['x'] = print": "a Metric",
    "metrics.METRICS['x'] = metrics.Metric('x', 'x', 'smaller')": "better 'lower'",
    "metrics.METRICS['x'] = metrics.Metric('x', 'x', measure=lambda a, b: 1)": "takes",
    "data.DATASETS['x'] = data.Dataset('x', (2,), lambda key: 1)": "with sample",
    "import flax.linen as nn\nclass C(nn.Module):\n    units: int\n"
    "networks.CRITICS['x'] = C": "each field of which has a default",
    "data.DATASETS['x'] = data.Dataset('y', (2,), print)": "a Dataset of this name",
    "data.DATASETS['x'] = data.Dataset('x', (2, 2, 2, 2), print)": "of vectors",
    "networks.CRITICS['x'] = networks.MLP()": "the class of a Flax module",
    "constraints.CONSTRAINTS['x'] = constraints.CLIP": "a Choice",
    "constraints.POINTS['x'] = losses.at_reals": "a function of the section 'penalty'",
    "networks.ACTIVATIONS['x'] = 'relu'": "a function",
}
IMPORTS = "from wgan_gp import configs, constraints, data, losses, networks\n"
IMPORTS += "from wgan_gp.evaluate import metrics\n"


def tables():
    every = data.DATASETS, constraints.CONSTRAINTS, networks.CRITICS
    return [dict(each) for each in (*every, networks.GENERATORS, METRICS)]


@pytest.mark.parametrize("what", REPLACED)
def test_a_name_that_is_there_already_is_refused(what, tmp_path):
    before, path = tables(), tmp_path / "experiment.py"
    path.write_text(IMPORTS + REPLACED[what])
    with pytest.raises(ValueError, match="is there already: choose another") as refused:
        experiment_file.load(path)
    assert what.split()[0] in str(refused.value)
    assert tables() == before


@pytest.mark.parametrize("text", VALUES)
def test_a_value_of_another_type_is_refused(text, tmp_path):
    before, path = tables(), tmp_path / "experiment.py"
    path.write_text(IMPORTS + text)
    with pytest.raises(ValueError, match=VALUES[text]):
        experiment_file.load(path)
    assert tables() == before


def test_equal_files_bring_a_name_once_and_others_do_not_take_it(runs, tmp_path):
    first, second = runs / "moons" / "experiment.py", tmp_path / "experiment.py"
    experiment_file.load(first)
    moons = data.DATASETS["moons"]
    shutil.copy(first, second)
    experiment_file.load(second)
    assert data.DATASETS["moons"] is moons
    second.write_text(f"{ALL['moons']}\n# another file\n")
    with pytest.raises(ValueError, match="use a process of its own"):
        experiment_file.load(second)
    assert data.DATASETS["moons"] is moons


def test_a_file_that_is_executed_again_leaves_what_it_brought_first(runs):
    found = []
    for _ in range(2):
        with command_line("--config", runs / "moons.py") as argv:
            parse(argv)
        found.append(data.DATASETS["moons"])
    assert found[0] is found[1]


def test_the_file_of_a_command_line_is_compared_too(runs, tmp_path, capsys):
    file = tmp_path / "x.py"
    config = ALL["moons"].replace('"moons"', '"swissroll"')
    file.write_text(config)
    before = tables()
    with command_line("--config", file, "--workdir", tmp_path / "run") as argv:
        assert main.main(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{file} replaces data.DATASETS['swissroll']" in line
    assert tables() == before
    assert not (tmp_path / "run").exists()


def test_what_get_config_brings_is_refused_before_a_run_is_made(tmp_path, capsys):
    file = tmp_path / "x.py"
    text, assignment = ALL["moons"], 'data.DATASETS["moons"] = data.Dataset'
    (line,) = [each for each in text.splitlines() if each.startswith(assignment)]
    text = text.replace(line, "").replace("    default", f"    {line}\n    default")
    file.write_text(text)
    with command_line("--config", file, "--workdir", tmp_path / "run") as argv:
        assert main.main(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "data.DATASETS['moons'] only when get_config is called" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.long
def test_a_run_on_a_sampler_is_not_scored(all_runs):
    with pytest.raises(ValueError, match="a sampler without splits to score beside"):
        score.score(all_runs / "stripes", 20, "train", print)


SWEEP = """
from wgan_gp.studies import sweep

def get_config(arg=""):
    experiment = configs.experiment("energy", arg, default={}, smoke=configs.SMOKE)
    with experiment.unlocked():
        experiment.steps = 2
    grid = ("lipschitz=two_sided penalty.weight=1,10",)
    return sweep.configuration("energies", experiment, grid, seeds=1)
"""


@pytest.mark.long
def test_a_sweep_keeps_its_file_and_has_a_column_for_its_metric(tmp_path):
    file = tmp_path / "energies.py"
    text = FILES["energy"][0].partition("def get_config")[0] + SWEEP
    file.write_text(text)
    args = "--config", f"{file}:smoke", "--workdir", "sweep"
    done = run_module("wgan_gp.studies.sweep", *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sweep" / "experiment.py").read_text() == text
    assert "| energy distance |" in (tmp_path / "sweep" / "summary.md").read_text()


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("data.size=(8, 8)", "data.size = (8, 8) has no effect on a set of"),
        ("data.name=moons", "and this experiment learns images"),
        ("features.network=digits", "'stripes' is a sampler: set it to 'none'"),
    ],
)
def test_what_does_not_go_with_a_set_of_images_is_refused(
    runs, tmp_path, capsys, field, words
):
    experiment_file.load(runs / "moons" / "experiment.py")
    (file := tmp_path / "stripes.py").write_text(STRIPES + IMAGES)
    args = "--config", f"{file}:smoke", "--workdir", tmp_path / "run"
    with command_line(*args, f"--config.{field}") as argv:
        assert main.main(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not (tmp_path / "run").exists()
