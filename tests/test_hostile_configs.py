"""Configurations that no one should write: each is taken or refused in one line."""

import json
import os
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ml_collections import ConfigDict

from tests.helpers import ROOT, contents, load_experiment, run_module
from tests.hostile import (
    VALUES,
    assert_clear,
    cases,
    parse,
    refusal,
    run_main,
    untouched,
)
from wgan_gp import build, configs
from wgan_gp.runs import workdir
from wgan_gp.system.files import write_json

EXPERIMENTS = {
    "toy8gauss": "smoke",
    "w1_benchmark": "dim=2,funnels=2,recipe=smoke",
    "swissroll": "smoke",
    "mnist5k": "smoke",
    "digits": "smoke",
    "cifar10_resnet": "conditional",
    "lsun64": "bottleneck",
}
TRACED = ("toy8gauss", "w1_benchmark")  # others take seconds to build


@cache
def fields(name):
    """Of an experiment: paths of its fields and sections."""
    tree = load_experiment(name, EXPERIMENTS[name])
    paths = [path for path, _ in configs.flatten(tree)]
    parts = {path.rpartition(".")[0] for path in paths} - {""}
    return sorted({*paths, *parts})


@st.composite
def changes(draw, most=3):
    """An experiment, and what is done to its configuration."""
    name = draw(st.sampled_from(sorted(EXPERIMENTS)))
    path = st.sampled_from(fields(name))
    kind = st.sampled_from(["set", "set", "set", "set", "remove", "add"])
    change = st.tuples(kind, path, VALUES)
    return name, draw(st.lists(change, min_size=1, max_size=most))


def changed(name, todo):
    """The configuration, and which of its fields were changed."""
    tree = load_experiment(name, EXPERIMENTS[name]).to_dict()
    touched = []
    for kind, path, value in todo:
        *sections, last = path.split(".")
        place = tree
        for section in sections:
            place = place.get(section)
            if not isinstance(place, dict):
                break
        else:
            if kind == "remove":
                place.pop(last, None)
            else:
                place[last if kind == "set" else f"{last}_too"] = value
            touched.append(path)
    return tree, touched


def words(paths):
    return {part for path in paths for part in path.split(".")}


def make(config, name):
    """As the command does, before it spends any compute."""
    resolved = configs.resolve(config)
    if name in TRACED:
        builder = build.build_critic if resolved.task == "critic" else build.build
        builder(resolved)
    return resolved


def assert_comes_back(resolved, folder):
    """What was taken can be written down and read again."""
    path = folder / "config.json"
    write_json(path, configs.as_dict(resolved))
    assert json.loads(path.read_text(), parse_constant=None)
    assert not workdir.differences(workdir.read_settings(path), resolved)
    path.unlink()


@cases("configurations")
@given(changes())
def test_a_configuration_is_taken_or_refused_by_the_name_of_a_field(
    tmp_path_factory, case
):
    name, todo = case
    tree, touched = changed(name, todo)
    result = []
    with untouched(ROOT / "experiments"):
        refusal(lambda: result.append(make(ConfigDict(tree), name)), *words(touched))
    if result:
        assert_comes_back(result[0], tmp_path_factory.mktemp("taken"))


def as_text(value):
    """A value as someone might write it on a command line."""
    return value if isinstance(value, str) else repr(value)


@st.composite
def arguments(draw):
    """An experiment, and flags of its fields with the fields' paths."""
    name = draw(st.sampled_from(sorted(EXPERIMENTS)))
    flags = []
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(fields(name)))
        path += draw(st.sampled_from(["", "", "", "", "", ".", ".x", "x", "[0]", "\n"]))
        text = draw(VALUES.map(as_text) | st.text())
        form = draw(st.sampled_from(["--config.{}={}", "--config.{}", "-config.{}={}"]))
        flags.append((path, form.format(path, text)))
    return name, flags


@cases("command lines")
@given(arguments())
def test_a_command_line_is_taken_or_refused_by_the_name_of_a_field(
    tmp_path_factory, case
):
    name, flags = case
    file = ROOT / "experiments" / f"{name}.py"
    args = ["--config", f"{file}:{EXPERIMENTS[name]}", *(flag for _, flag in flags)]
    touched = words(path.strip("\n.") for path, _ in flags)
    result = []
    with untouched(ROOT / "experiments"):
        refusal(lambda: result.append(make(parse(*args), name)), *touched)
    if result:
        assert_comes_back(result[0], tmp_path_factory.mktemp("taken"))


RAISED = (
    "SystemExit(0)", "SystemExit('bye')", "KeyError('x')", "OSError(2, 'gone')",
    "MemoryError()", "GeneratorExit()", "BaseException('a\\nb')", "StopIteration(3)",
    "UnicodeDecodeError('utf-8', b'x', 0, 1, 'odd')", "ValueError('x' * 10**6)",
    "type('Mute', (Exception,), {'__str__': lambda self: 1 / 0})()", "RecursionError()",
    "ValueError()", "TypeError('\\x1b[2J')", "AttributeError('get_config')",
)  # fmt: skip
RETURNED = (
    "None", "{}", "0", "'text'", "[]", "print", "ConfigDict()", "ConfigDict({1: 2})",
    "FrozenConfigDict()", "ConfigDict({'task': 'gan'})", "ConfigDict({'task': {}})",
    "configs.base", "configs.base().critic", "configs.base().to_dict()",
    "type('Sly', (), {'__getattr__': lambda self, name: 1 / 0})()",
)  # fmt: skip
HEAD = "from ml_collections import *\nfrom wgan_gp import configs\n"
WHOLE = (
    b"", b"\x00", b"\xff\xfe", b"def get_config(:\n", b"x = 1\n", b"get_config = 3\n",
    b"def get_config(a, b, c):\n    pass\n", b"(" * 10_000, b"#" * 2**21,
    b"def get_config():\n    return get_config()\n", b"import no_such_module\n",
    b"# coding: no-such\n", b"open('/no/such/file')\n", b"\xef\xbb\xbf1 = 2\n",
)  # fmt: skip


@st.composite
def files(draw):
    """The bytes of a file that no experiment is in, or that is a damaged one."""
    damaged = st.builds(
        damage,
        st.sampled_from(["toy8gauss", "swissroll"]),
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(["cut", "flip", "drop", "double"]),
    )
    raised = st.sampled_from(RAISED)
    return draw(
        st.one_of(
            st.sampled_from(WHOLE),
            st.binary(max_size=200),
            st.text(max_size=200).map(lambda text: text.encode(errors="replace")),
            raised.map(lambda error: f"raise {error}\n".encode()),
            raised.map(
                lambda error: f"def get_config(_=0):\n    raise {error}\n".encode()
            ),
            st.sampled_from(RETURNED).map(
                lambda value: f"{HEAD}def get_config(_=0): return {value}\n".encode()
            ),
            damaged,
        )
    )


def damage(name, place, how):
    """An experiment's file with one of its bytes or lines gone wrong."""
    data = (ROOT / "experiments" / f"{name}.py").read_bytes()
    at = int(place * len(data))
    if how == "cut":
        return data[:at]
    if how == "flip":
        return data[:at] + bytes([data[at] ^ (1 << at % 7)]) + data[at + 1 :]
    lines = data.splitlines(keepends=True)
    at = int(place * len(lines))
    return b"".join(
        lines[:at] + lines[at : at + 1] * (how == "double") + lines[at + 1 :]
    )


NAMES = (
    "x.py",
    "x",
    "-x.py",
    "a b.py",
    "é漢.py",
    "\n.py",
    "\x1b[2J.py",
    "a:b.py",
    "%s",
)


@cases("configuration files")
@given(data=files(), name=st.sampled_from(NAMES), variant=st.sampled_from(["", ":x"]))
def test_a_file_that_is_no_experiment_is_refused_in_one_line(
    tmp_path_factory, data, name, variant
):
    folder = tmp_path_factory.mktemp("cwd")
    (folder / name).write_bytes(data)
    before = contents(folder), contents(ROOT / "experiments")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        status, out, err = run_main("--config", name + variant)
    assert out == ""
    if status == 0:  # damage need not make it wrong
        assert data.startswith(b'"""')
        assert err == ""
        return
    assert status == 2
    assert_refused(err)
    assert (contents(folder), contents(ROOT / "experiments")) == before


def assert_refused(err):
    assert err.startswith("error: ")
    assert err.endswith("\n")
    assert_clear(err[:-1])


def loop(path):
    path.symlink_to(path.name)


PLACES = {
    "a folder": lambda path: path.mkdir(),
    "a circle of links": loop,
    "a pipe": os.mkfifo,
    "nothing": lambda path: None,
}


@pytest.mark.parametrize("make_it", PLACES.values(), ids=PLACES)
def test_what_is_no_file_is_refused_as_one(tmp_path, make_it):
    make_it(tmp_path / "x.py")
    status, out, err = run_main("--config", tmp_path / "x.py")
    assert (status, out) == (2, "")
    assert_refused(err)
    assert "there is no such file" in err


def test_a_huge_file_is_not_run(tmp_path):
    text = (ROOT / "experiments" / "toy8gauss.py").read_text()
    (tmp_path / "x.py").write_text(text + "#" * 2**21)
    status, out, err = run_main("--config", tmp_path / "x.py")
    assert (status, out) == (2, "")
    assert_refused(err)
    assert "bytes" in err


@pytest.mark.parametrize("name", ["", "x" * 5000, "a\x00b", "/dev/zero", ":", ".", "/"])
def test_a_name_that_can_be_no_files_is_refused(name):
    status, out, err = run_main("--config", name)
    assert (status, out) == (2, "")
    assert_refused(err)


@pytest.mark.parametrize(
    "text", ["def get_config():\n    pass\n", "import sys\nsys.exit(0)\n"]
)
def test_the_same_from_a_shell(tmp_path, text):
    (tmp_path / "x.py").write_text(text)
    done = run_module("wgan_gp.main", "--config", "x.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert_refused(done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["x.py"]


@st.composite
def documents(draw):
    """Bytes that might be found in the place of a run's `config.json`."""
    tree, _ = changed(*draw(changes()))
    text = json.dumps(tree, default=repr).encode()
    kind = draw(st.sampled_from(["as it is", "cut", "flipped", "other"]))
    at = draw(st.integers(0, len(text) - 1))
    if kind == "cut":
        return text[:at]
    if kind == "flipped":
        return text[:at] + bytes([text[at] ^ 1 << at % 8]) + text[at + 1 :]
    if kind == "other":
        lone = [b"", b"null", b"[]", b"3", b'"x"', b"{}", b"NaN", b"[" * 10**5]
        odd = [b'{"task": 3}', b'{"critic": 3}', b'{"a.b": 1}', b"9" * 5000, b"\xff"]
        return draw(st.sampled_from(lone + odd) | st.binary(max_size=50))
    return text


@cases("stored configurations")
@given(documents())
def test_a_stored_configuration_is_read_or_refused_by_its_path(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("run")
    path = folder / "config.json"
    path.write_bytes(data)
    result = []
    with untouched(folder):
        refusal(lambda: result.append(workdir.read_settings(path)), str(path))
    if result:
        assert_comes_back(result[0], tmp_path_factory.mktemp("taken"))
