"""The examples in the docstrings of `wgan_gp.data`."""

import doctest
import importlib

import pytest

from tests.helpers import ROOT

FILES = sorted((ROOT / "wgan_gp" / "data").rglob("*.py"))
WITH_EXAMPLES = [file for file in FILES if ">>>" in file.read_text()]


@pytest.mark.parametrize("file", WITH_EXAMPLES, ids=lambda file: file.stem)
def test_examples_give_what_they_say(file):
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
    module = importlib.import_module(name.removesuffix(".__init__"))
    failed, attempted = doctest.testmod(module)
    assert attempted
    assert not failed
