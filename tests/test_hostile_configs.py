"""Configurations that no one should write: each is taken or refused in one line."""

import json
from functools import cache

from hypothesis import given
from hypothesis import strategies as st
from ml_collections import ConfigDict

from tests.helpers import ROOT, load_experiment
from tests.hostile import VALUES, cases, refusal, untouched
from wgan_gp import build, configs, workdir
from wgan_gp.writers import write_json

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
    paths = [path for path, _ in configs.leaves(tree)]
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
    write_json(path, resolved.to_dict())
    assert json.loads(path.read_text(), parse_constant=None)
    assert not workdir.differences(workdir.read_config(path), resolved)
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
