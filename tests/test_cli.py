"""The command `wgan-gp`, and experiments by name."""

import importlib
import sys

import pytest

from tests.helpers import ROOT, run_module
from wgan_gp import cli, sample
from wgan_gp.configs import command_line
from wgan_gp.studies.random_architectures import __main__ as random_architectures
from wgan_gp.system import shipped


@pytest.fixture
def called(monkeypatch):
    """The argument vectors that each command's `main` is called with."""
    vectors = {}
    monkeypatch.setattr(sys, "argv", ["wgan-gp"])
    for name, command in cli.COMMANDS.items():
        module = importlib.import_module(command.module)

        def main(argv, name=name):
            vectors[name] = argv
            return 7

        monkeypatch.setattr(module, "main", main)
    return vectors


def test_every_command_gets_its_arguments_and_gives_its_status(called):
    for name in cli.COMMANDS:
        assert cli.main(["wgan-gp", name, "--flag", "1"]) == 7
        assert called[name] == [f"wgan-gp {name}", "--flag", "1"]


@pytest.mark.parametrize("name", ["train", "sweep"])
def test_the_first_argument_may_be_an_experiment(called, name):
    cli.main(["wgan-gp", name, "toy8gauss:smoke", "--overwrite"])
    assert called[name][1:] == ["--config", "toy8gauss:smoke", "--overwrite"]
    cli.main(["wgan-gp", "sample", "runs/x"])
    assert called["sample"][1:] == ["runs/x"]


def test_help_lists_commands_and_experiments(capsys):
    for arguments in ([], ["--help"], ["-h"], ["help"]):
        assert cli.main(["wgan-gp", *arguments]) == 0
        said = capsys.readouterr().out
        for name in (*cli.COMMANDS, *shipped.experiments()):
            assert f"\n  {name} " in said
    assert cli.main(["wgan-gp", "--version"]) == 0
    assert capsys.readouterr().out == "wgan-gp 0.1.0\n"


def test_an_unknown_command_is_refused_in_one_line(capsys):
    assert cli.main(["wgan-gp", "trian"]) == 2
    said = capsys.readouterr().err
    assert said == "error: there is no command 'trian': did you mean train?\n"
    assert cli.main(["wgan-gp", "x"]) == 2
    assert "there are train, sample" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("program", "name"),
    [("wgan-gp sample", "wgan-gp sample"), ("sample.py", "python -m wgan_gp.sample")],
)
def test_a_commands_help_has_the_name_it_was_called_by(
    program, name, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", [program])
    with pytest.raises(SystemExit):
        sample.main([program, "--help"])
    assert capsys.readouterr().out.startswith(f"usage: {name} [-h]")


def test_a_path_of_the_command_is_no_part_of_its_name(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/wgan-gp", "sample", "--help"])
    with pytest.raises(SystemExit) as caught:
        cli.run()
    assert not caught.value.code
    assert capsys.readouterr().out.startswith("usage: wgan-gp sample [-h]")


def test_a_name_stands_for_the_file_that_is_shipped(tmp_path, monkeypatch):
    files = {each.stem: each for each in (ROOT / "experiments").glob("*.py")}
    files.pop("__init__", None)
    assert shipped.experiments() == files
    monkeypatch.chdir(tmp_path)
    expanded = command_line._expanded(["--config", "toy8gauss:smoke"])
    assert expanded == ["--config", f"{ROOT / 'experiments' / 'toy8gauss.py'}:smoke"]
    (tmp_path / "toy8gauss").write_text("# a file of this name comes first")
    assert command_line._expanded(["--config=toy8gauss"]) == ["--config=toy8gauss"]
    assert command_line._expanded(["--config", ":smoke"]) == ["--config", ":smoke"]
    for other in ("toy8gaus", "experiments/toy8gauss", "digits.py", "elsewhere/digits"):
        assert str(shipped.find_experiment(other)) == other
    found = random_architectures._parser().parse_args(["--out", "x"]).experiment
    assert found == ROOT / "experiments" / "random_architectures.py"


def test_installed_experiments_are_inside_of_the_package(tmp_path, monkeypatch):
    package = tmp_path / "wgan_gp"
    (package / "experiments").mkdir(parents=True)
    (package / "experiments" / "mine.py").write_text('"""Mine.\n\nMore."""\n')
    monkeypatch.setattr(shipped.wgan_gp, "__file__", str(package / "__init__.py"))
    assert shipped.experiments() == {"mine": package / "experiments" / "mine.py"}
    assert shipped.first_line(shipped.experiments()["mine"]) == "Mine."


@pytest.mark.long
def test_a_name_trains_outside_of_the_repository(tmp_path):
    done = run_module("wgan_gp.cli", "train", "toy8gauss:smoke", cwd=tmp_path)
    assert not done.returncode, done.stderr
    (figures,) = tmp_path.glob("runs/*/figures")
    assert any(figures.iterdir())
