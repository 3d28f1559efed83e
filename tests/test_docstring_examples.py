"""The examples in docstrings give what they show; `data` has a test of its own."""

import doctest
import importlib

import pytest

from tests.helpers import ROOT

LONG = ("wgan_gp.runs.set_distance",)
FILES = sorted((ROOT / "wgan_gp").rglob("*.py"))
NAMES = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for file in FILES
    if ">>>" in file.read_text()
]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(each, marks=pytest.mark.long if each in LONG else ())
        for each in NAMES
        if not f"{each}.".startswith("wgan_gp.data.")
    ],
)
def test_examples_give_what_they_show(name):
    failed, attempted = doctest.testmod(importlib.import_module(name))
    assert attempted
    assert not failed
