"""The examples in docstrings give what they show."""

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = ("losses", "constraints", "evaluate")


@pytest.mark.parametrize("package", PACKAGES)
def test_examples_give_what_they_show(package):
    found = importlib.import_module(f"wgan_gp.{package}")
    modules = pkgutil.iter_modules(found.__path__, f"{found.__name__}.")
    names = [found.__name__, *(each.name for each in modules)]
    results = [doctest.testmod(importlib.import_module(name)) for name in names]
    assert sum(each.failed for each in results) == 0
    assert sum(each.attempted for each in results) > 0
