"""`--help` of the commands, and the descriptions of fields that `main` prints."""

import functools
import re

import pytest

from tests.hostile import command_line
from wgan_gp import configs, main
from wgan_gp.configs import command_help
from wgan_gp.constraints import CONSTRAINTS
from wgan_gp.studies.evidence import __main__ as evidence
from wgan_gp.studies.random_architectures import __main__ as random_architectures
from wgan_gp.studies.sweep import __main__ as sweep
from wgan_gp.studies.sweep.settings import FIELDS
from wgan_gp.studies.w1_benchmark import __main__ as w1_benchmark

# What makes a field count, where it has no effect by itself.
NEEDED = {
    "clip_bound": {"lipschitz": "clip"},
    "penalty.power": {"lipschitz": "one_sided"},
    "penalty.shape": {"lipschitz": "difference"},
    "penalty.pairing": {"lipschitz": "difference"},
    "critic.fourier_scale": {"critic.fourier": 2},
}


DESCRIBED = command_help.field_help()


@functools.cache
def every_base():
    bases = [(*each, configs.base(**each[1])) for each in command_help.base_variants()]
    return [(*each, set(dict(configs.flatten(each[-1])))) for each in bases]


def having(path):
    """Configurations with the field, one of each kind."""
    found = {}
    for kind, given, config, paths in every_base():
        if path in paths:
            player = path.partition(".")[0]
            network = given.get(player, "") if player in command_help.PLAYERS else ""
            found.setdefault((kind, network), config)
    return list(found.values())


def of_each_network(path):
    """One of them for each network that has the field: tasks share its rule."""
    player = path.partition(".")[0]
    networks = [config.get(player) for config in having(path)]
    names = [getattr(each, "network", "") for each in networks]
    return dict(zip(names, having(path))).values()


def test_every_field_there_is_is_described_and_no_other():
    fields = set()
    for _, given in command_help.base_variants():
        fields |= {path for path, _ in configs.flatten(configs.base(**given))}
    assert set(DESCRIBED) == {each for each in fields if "by_constraint" not in each}


@pytest.mark.parametrize("path", DESCRIBED)
def test_a_description_is_a_sentence(path):
    for sentence in DESCRIBED[path].sentences:
        assert re.fullmatch(r"[^\n]{10,150}\.", sentence)


def words(field):
    return field.declared.rule.words if field.declared.rule else ""


def outside(description, kind):
    """Values of the field's type that a description rules out."""
    if description.valid:
        return ["no_such_value" if isinstance(description.valid[0], str) else 10**6]
    bounds = re.findall(r"(>=|>|<) (\d+)", words(description))
    values = [float(at) - (sign == ">=") for sign, at in bounds]
    if kind is tuple:
        return [(int(value), int(value)) for value in values]
    return [kind(value) for value in values]


RULED = [path for path, each in DESCRIBED.items() if each.valid or words(each)]


@pytest.mark.parametrize("path", RULED)
def test_what_a_description_rules_out_is_refused(path):
    for config in of_each_network(path):
        section, _, name = path.rpartition(".")
        kind = (config[section] if section else config).get_type(name)
        for value in outside(DESCRIBED[path], kind):
            with pytest.raises(ValueError, match=re.escape(path)):
                changed(config, path, value)


def changed(config, path, value):
    config = config.copy_and_resolve_references()
    config.update_from_flattened_dict(NEEDED.get(path, {}) | {path: value})
    return configs.resolve(config)


@pytest.mark.parametrize("path", [p for p, d in DESCRIBED.items() if d.valid])
def test_the_values_that_a_description_lists_are_those_that_are_valid(path):
    valid, (other,) = set(), outside(DESCRIBED[path], None)
    for config in having(path):
        with pytest.raises(ValueError, match="must be one of") as refused:
            changed(config, path, other)
        valid |= set(re.search("one of (.*); got", str(refused.value))[1].split(", "))
    assert valid == set(map(str, DESCRIBED[path].valid))


def test_main_lists_every_field_with_its_default_and_the_presets(capsys):
    with command_line("--help") as argv:
        assert main.main(argv) == 0
    text = capsys.readouterr().out
    for path in DESCRIBED:
        assert f"--config.{path}\n" in text
    for flag in ("config", "workdir", "overwrite", "accept_changes", "host_timeout"):
        assert f"--{flag}" in text
    joined = " ".join(text.split())
    assert "A whole number >= 1. Default: 10000." in joined
    assert "Default: 64 (dcgan, good), 128 (resnet), 32 (bottleneck), 512" in joined
    for constraint in CONSTRAINTS:
        assert f"\n  {constraint}\n" in text
    assert "clip_bound=0.01" in text
    assert max(map(len, text.splitlines())) <= 90


def test_a_sweep_has_a_help_of_its_own(capsys):
    with command_line("--help") as argv:
        assert sweep.main(argv) == 0
    text = capsys.readouterr().out
    assert text.startswith("Trains a sweep")
    assert "--accept_changes" not in text
    assert "Trains one experiment" not in text
    config = dict(configs.flatten(sweep_config()))
    fields = {path for path in config if not path.startswith("experiment.")}
    assert set(FIELDS) == fields | {"experiment.FIELD"}
    for path in FIELDS:
        assert f"--config.{path}\n" in text


def sweep_config():
    from wgan_gp.studies.sweep import configuration

    return configuration("x", configs.base(), ("clip_bound=1",))


COMMANDS = {
    "w1_benchmark": w1_benchmark.main,
    "evidence": evidence.main,
    "random_architectures": random_architectures.main,
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_described(name, capsys):
    with pytest.raises(SystemExit) as done:
        COMMANDS[name](["", "--help"])
    assert done.value.code == 0
    text = capsys.readouterr().out
    assert f"python -m wgan_gp.studies.{name}" in text
    options = text.partition("options:")[2]
    for block in re.split(r"\n  (?=-)", options)[1:]:
        assert len(re.findall(r"\b[a-z]{3,}", block)) >= 4, block


@pytest.mark.parametrize("name", COMMANDS)
def test_mistakes_in_options_are_answered_by_one_line(name, capsys, tmp_path):
    out = tmp_path / "out"
    for args, words in (
        (["--ouut", str(out)], "there is no flag --ouut: did you mean --out?"),
        (["--out"], "--out"),
        ([], "--out"),
        (["--out", "~no_such_user_here/x"], "in no user's home"),
        (["--out", str(out), "x"], "x"),
    ):
        assert COMMANDS[name](["", *args]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        assert words in line
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        ("w1_benchmark", ["--recipes", "tund"], "got 'tund': did you mean tuned?"),
        ("w1_benchmark", ["--lipschitz", "onesided"], "did you mean one_sided?"),
        ("w1_benchmark", ["--dims", "a"], "--dims must be a whole number, got 'a'"),
        ("evidence", ["--only", "depht"], "did you mean depth?"),
        ("random_architectures", ["--variants", "1.5"], "from 0 to 199, got '1.5'"),
    ],
)
def test_misspelt_values_of_options_are_answered_by_the_near_one(
    name, args, words, capsys
):
    assert COMMANDS[name](["", "--out", "unused", *args]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("stpes=3", "--set: there is no field stpes: did you mean steps?"),
        ("critic.widht=3", "did you mean critic.width?"),
        ("steps=abc", "steps must be a whole number, got 'abc'"),
        ("steps=", "steps must be a whole number"),
        ("steps=[3,4]", "steps must be a whole number"),
        ("critic=3", "there is no field critic"),
        ("steps", "--set takes FIELD=VALUE"),
    ],
)
def test_fields_of_random_architectures_are_checked(change, words, tmp_path, capsys):
    args = ["", "--out", str(tmp_path / "out"), "--variants", "1", "--set", change]
    assert random_architectures.main(args) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text", ["1 / 0", "def get_config(:", "x = 1", "get_config = str"]
)
def test_files_that_hold_no_experiment_are_refused_in_one_line(text, tmp_path, capsys):
    (tmp_path / "x.py").write_text(text)
    file = str(tmp_path / "x.py")
    args = ["", "--out", str(tmp_path / "out"), "--experiment", file]
    assert random_architectures.main(args) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert file in line
    assert not (tmp_path / "out").exists()
