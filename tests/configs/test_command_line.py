"""Mistakes on a command line, each of which is answered by one line that helps."""

import jax.numpy as jnp
import pytest

from tests.helpers import ROOT, run_module
from tests.hostile import assert_clear, command_line, run_main
from wgan_gp.configs.command_line import parse
from wgan_gp.devices import hosts
from wgan_gp.runs import command
from wgan_gp.studies.sweep import __main__ as sweep
from wgan_gp.system.values import did_you_mean, nearest

TOY = f"{ROOT / 'experiments' / 'toy8gauss.py'}:smoke"
DIGITS = f"{ROOT / 'experiments' / 'digits.py'}:smoke"
SWEEP = f"{ROOT / 'experiments' / 'sweep_toy.py'}:smoke"

MISTAKES = {
    # of names
    "--config.critc.width=3": "did you mean critic.width?",
    "--config.critc.activation=relu": "did you mean critic.activation?",
    "--config.penalty.wieght=1": "did you mean penalty.weight?",
    "--config.lipshitz=clip": "did you mean lipschitz?",
    "--config.weight=1": "did you mean penalty.weight?",
    "--config.learning_rate=1": "critic_optimiser.learning_rate or generator_optimiser",
    "--config.critic_optimizer.name=adam": "did you mean critic_optimiser.name?",
    "--config.critic.hidden=3": "critic has activation",
    "--config.steps.x=3": "there is no field steps.x",
    "--config.Steps=3": "did you mean steps?",
    "--wokdir=x": "there is no flag --wokdir: did you mean --workdir?",
    "--wokdir x": "there is no flag --wokdir: did you mean --workdir?",
    "--steps=3": "there is no flag --steps: did you mean --config.steps?",
    "--lipschitz=clip": "did you mean --config.lipschitz?",
    # of values
    "--config.lipschitz=onesided": "did you mean one_sided?",
    "--config.lipschitz='clip'": "did you mean clip?",
    "--config.critic_optimiser.name=Adam": "did you mean adam?",
    "--config.steps=[1,2]": "--config.steps must be a whole number, got '[1,2]'",
    "--config.steps=1e3": "must be a whole number, got '1e3': write 1000",
    "--config.penalty.weight=10,5": "must be a number, got '10,5'",
    "--config.penalty.weight=(1,2)": "must be a number, got '(1,2)'",
    "--config.debug_nans=maybe": "--config.debug_nans must be True or False",
    "--hosts=two": "--hosts must be a whole number, got 'two'",
    "--config.critic=3": "--config.critic is a section, got '3'",
    "--config.critic={'width':3}": "--config.critic is a section",
    "--config.critic": "--config.critic is a section",
    # of form
    "--config.steps = 3": "spaces stand around =",
    "--config.steps= 3": "spaces stand around =",
    "--config.steps =3": "spaces stand around =",
    "--config.steps=": "--config.steps has no value",
    "--workdir=": "--workdir has no value",
    "--config.steps": "--config.steps has no value",
    "--config.steps --config.seed=1": "--config.steps has no value: --config.seed=1",
    "--workdir --overwrite": "--workdir has no value: --overwrite follows it",
    "--overwrite true": "unexpected argument 'true': write --overwrite=true",
    "--config.debug_nans False": "write --config.debug_nans=False",
    "steps=3": "unexpected argument 'steps=3': did you mean --config.steps?",
    "\N{EM DASH}config.steps=3": "did you mean --config.steps?",
    "--config.critic.multipliers=1, 2": "unexpected argument '2'",
}


def refused(*args):
    status, out, err = run_main(*args)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert_clear(err.removesuffix("\n"))
    assert "\\n" not in err
    return err


@pytest.mark.parametrize(("mistake", "words"), MISTAKES.items(), ids=list(MISTAKES))
def test_a_mistake_on_the_command_line_is_answered_by_what_to_write(mistake, words):
    assert words in refused("--config", DIGITS, *mistake.split(" "))


def test_a_tuple_has_commas():
    err = refused("--config", DIGITS, "--config.critic.multipliers=8 8")
    assert "--config.critic.multipliers must be a tuple such as (64, 64)" in err


def test_a_misspelt_data_set_is_answered_by_its_name():
    err = refused("--config", TOY, "--config.data.name=8gaussian")
    assert "did you mean 8gaussians?" in err


@pytest.mark.parametrize("flag", ["--config.debug_nans", "--overwrite"])
@pytest.mark.parametrize("value", ["True", "true", "TRUE", "1"])
def test_booleans_are_true_in_any_case(flag, value):
    with command_line("--config", TOY, f"{flag}={value}") as argv:
        parse(argv)
        held = command.OVERWRITE.value or command.CONFIG.value.debug_nans
    assert held


def test_flags_of_the_config_need_the_file_before_them():
    for args in (["--config.steps=3"], ["--config.steps=3", "--config", TOY]):
        assert "put --config FILE before it" in refused(*args)


def test_flags_can_be_in_a_file(tmp_path):
    file = tmp_path / "flags"
    file.write_text(f"# mine\n--config={TOY}\n--config.steps=12\n")
    status, _, error = run_main("--flagfile", file, "--workdir", tmp_path / "run")
    assert (status, error) == (0, "")
    assert b"def get_config" in (tmp_path / "run" / "experiment.py").read_bytes()
    assert '"steps": 12' in (tmp_path / "run" / "config.json").read_text()


def test_a_file_of_flags_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for given in (["--flagfile", tmp_path / "bytes"], ["--flagfile=x"], ["--flagfile"]):
        status, out, error = run_main(*given)
        assert (status, out, error.count("\n")) == (2, "", 1)
        assert error.startswith("error: --flagfile needs a text file")
    # ml_collections reads them too, as the package is imported.
    done = run_module("wgan_gp.studies.sweep", "--flagfile=x", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, error_of(["--flagfile=x"]))


def error_of(given):
    return run_main(*given)[2]


def test_files_that_are_nearly_right_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    for name in ("experiments/toy8gaus.py", "toy8gauss.py", "experiments/toy8gauss"):
        assert "did you mean experiments/toy8gauss.py?" in refused("--config", name)
    assert "did you mean --config experiments/digits.py?" in refused(
        "experiments/digits.py"
    )
    assert "did you mean toy8gauss?" in refused("--config", "toy8gaus")
    assert "did you mean :smoke?" in refused("--config", "experiments/digits.py:smok")
    monkeypatch.setenv("HERE", str(tmp_path))
    (tmp_path / "mine.py").write_text("def get_config():\n    return None\n")
    assert "get_config returned None" in refused("--config", "$HERE/mine.py")
    assert "get_config returned None" in refused("--config=$HERE/mine.py")


def test_line_breaks_in_a_files_error_are_spaces(tmp_path):
    for kind in ("ValueError", "KeyError", "RuntimeError"):
        (tmp_path / "x.py").write_text(
            f"def get_config():\n    raise {kind}('a\\nb')\n"
        )
        assert f"{kind}: a b" in refused("--config", tmp_path / "x.py")


@pytest.mark.parametrize("extra", [(), ("--config.seeds=2",), ("--config.steps=2",)])
def test_main_and_sweep_know_each_others_files(extra, capsys):
    assert "is a sweep: train it with python -m wgan_gp.studies.sweep" in refused(
        "--config", SWEEP, *extra
    )
    with command_line("--config", TOY, *extra) as argv:
        assert sweep.main(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert (
        "is one experiment, not a sweep: train it with python -m wgan_gp.main" in line
    )


def test_a_sweeps_field_is_found_within_its_experiment(capsys):
    with command_line("--config", SWEEP, "--config.penalty.weight=2") as argv:
        assert sweep.main(argv) == 2
    assert "did you mean experiment.penalty.weight?" in capsys.readouterr().err


def test_the_task_is_chosen_in_the_file():
    err = refused("--config", TOY, "--config.task=critic")
    assert "configs.base('critic'" in err


def test_near_names():
    known = ["critic.width", "generator.width", "steps", "penalty.weight"]
    assert nearest("width", known) == ["critic.width", "generator.width"]
    assert nearest("generater.width", known) == ["generator.width"]
    assert nearest("critic.wdith", known) == ["critic.width"]
    assert nearest("nothing", known) == nearest(3, known) == []
    assert did_you_mean("STEPS", known) == ": did you mean steps?"


ARRAY = """
import jax.numpy as jnp
from wgan_gp import configs
SCALE = jnp.zeros(3)
get_config = configs.base
"""


def test_an_array_at_the_top_of_a_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "x.py").write_text(ARRAY)
    flags = "--config", "x.py", "--config.mesh.data=2"
    done = run_module("wgan_gp.main", *flags, cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    few = "mesh.data is 2, but there are 1 devices"  # on a machine with one core
    assert "make it with NumPy" in line or few in line
    assert [path.name for path in tmp_path.iterdir()] == ["x.py"]


def test_hosts_do_not_meet_once_an_array_was_made():
    jnp.zeros(3)
    with pytest.raises(ValueError, match="make it with NumPy"):
        hosts.join(hosts.HostRank("127.0.0.1:1", 2, 1), 1.0)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rows.csv", "write --config vectors --config.data.name=csv:"),
        ("rows.parquet", "write --config vectors --config.data.name=parquet:"),
        ("rows.npz", "--config vectors (or series, or digits for pictures) --conf"),
        ("lines.txt", "write --config language --config.data.name=text:"),
        ("notes.md", "is no .py file: expected an experiment's name, or its file"),
    ],
)
def test_a_file_of_data_is_not_executed(name, words, tmp_path):
    (tmp_path / name).write_text("raise SystemExit")
    assert words in refused("--config", tmp_path / name)


@pytest.mark.parametrize(
    ("experiment", "name", "words"),
    [
        ("vectors", "rows.csv", "did you mean csv:rows.csv?"),
        ("vectors", "text:a.txt", "for text, start from experiments/language.py"),
        ("vectors", "folder:a", "for pictures, start from experiments/digits.py"),
        ("vectors", "ar2", "must be one of 8gaussians, 25gaussians, swissroll, csv:"),
        ("language", "a.txt", "did you mean text:a.txt?"),
        ("series", "csv:a.csv", "for tables, start from experiments/vectors.py"),
    ],
)
def test_the_name_of_a_file_of_data_is_answered_by_how_it_is_written(
    experiment, name, words
):
    assert words in refused("--config", experiment, f"--config.data.name={name}")
