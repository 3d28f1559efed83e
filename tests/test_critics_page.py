"""The recipes of docs/critics.md, which error messages lead to."""

import importlib.util
import re

import jax

from tests.helpers import ROOT, unchecked
from wgan_gp import losses

PAGE = (ROOT / "docs" / "critics.md").read_text()


def test_every_block_runs(monkeypatch):
    # It looks at numbers, and has tests of its own; the rest is only traced.
    monkeypatch.setattr(losses, "check_per_sample", lambda batched, x: None)
    blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    if importlib.util.find_spec("equinox") is None:
        blocks = [block for block in blocks if "equinox" not in block]

    def run():
        scope = {}
        for block in blocks:
            exec(block, scope)
        return scope["gradient"]

    # One key makes two layers on the page, which is about losses.
    with unchecked():
        assert jax.tree.leaves(jax.eval_shape(run))
