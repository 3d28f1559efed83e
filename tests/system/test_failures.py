"""What is said of a failure."""

import jax
import pytest

from tests.helpers import ROOT
from wgan_gp.system import failures

EXHAUSTED = [MemoryError(), jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: 9 GB")]


@pytest.mark.parametrize("error", EXHAUSTED, ids=str)
def test_memory_that_ran_out_is_one_line(error, capsys):
    assert failures.report(error, 1) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: memory is too small: free some, or ask for less (")
    assert err.count("\n") == 1


def test_a_fault_of_the_code_keeps_its_traceback():
    with pytest.raises(NotImplementedError):
        failures.report(NotImplementedError("mine"), 1)


@pytest.mark.parametrize(
    ("error", "limit", "line"),
    [
        (ValueError("two\nlines  here"), 99, "two lines here"),
        (KeyError("a\nb"), 99, "a b"),
        (ValueError(), 99, "ValueError"),
        (ValueError("x" * 9), 4, "xxxx"),
    ],
)
def test_an_error_is_one_line(error, limit, line):
    assert failures.one_line(error, limit) == line


def test_every_command_ends_alike():
    """Each catches what `failures` expects, where it begins and where it works."""
    for name in ("main", "studies/running/runner", "system/arguments"):
        text = (ROOT / "wgan_gp" / f"{name}.py").read_text()
        assert "except failures.EXPECTED as error" in text, name
    studies = sorted((ROOT / "wgan_gp" / "studies").glob("*/__main__.py"))
    assert len(studies) == 4
    for path in studies:
        assert "return run_command(" in path.read_text(), path
