"""Benchmarks that nothing else runs: they still fit what they measure."""

import jax
import pytest

from benchmarks import communication
from wgan_gp.build import build


@pytest.mark.parametrize("player", ["critic", "generator"])
def test_the_updates_whose_communication_is_counted_can_be_traced(player, tmp_path):
    update = communication.updates(build(communication.toy(tmp_path)))[player]
    result, _ = jax.eval_shape(update.function, *update.arguments)
    assert communication.tree_bytes(result.params) == update.parameters
