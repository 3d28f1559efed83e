"""The program of README.md trains, as it stands there."""

import re

import chex
import numpy as np

from tests.helpers import ROOT

(PROGRAM,) = re.findall(
    r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
)


def test_the_program_trains(capsys):
    scope = {}
    exec(PROGRAM, scope)
    assert len(capsys.readouterr().out.splitlines()) >= 2
    curves = scope["curves"]
    assert set(curves) == {"critic_loss", "wasserstein", "penalty", "generator_loss"}
    chex.assert_shape(list(curves.values()), (1000,))
    start, end = curves["wasserstein"][:50], curves["wasserstein"][-50:]
    assert start.mean() > 1
    assert abs(end.mean()) < start.mean() / 5
    np.testing.assert_allclose(scope["fakes"].mean(axis=0), [3, -1], atol=0.3)


def test_it_is_short():
    assert len([line for line in PROGRAM.splitlines() if line.strip()]) <= 30
