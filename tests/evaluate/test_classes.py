"""The quality of each class."""

import io
import math

import jax
import numpy as np
from rich.console import Console

from tests.helpers import key, resolve
from wgan_gp.build import build
from wgan_gp.evaluate.classes import recognition
from wgan_gp.evaluate.held_out import HeldOutSets
from wgan_gp.runs import class_tables
from wgan_gp.runs.class_tables import class_table
from wgan_gp.train import init


def test_recognition_is_by_class():
    probabilities = np.array(
        [[0.7, 0.2, 0.1], [0.4, 0.6, 0.0], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]]
    )
    found = recognition(probabilities, np.array([0, 0, 1, 0]), 3)
    assert found[0].share == 0.75
    assert found[0].accuracy == 1 / 3
    np.testing.assert_allclose(found[0].confidence, (0.7 + 0.4 + 0.3) / 3)
    assert found[1] == (0.25, 1.0, 0.8)
    assert found[2].share == 0
    assert math.isnan(found[2].accuracy)


def test_a_table_says_how_many_images_are_recognised_as_the_class_that_was_told():
    experiment = build(resolve("digits", "smoke", conditional=True))
    state = jax.jit(lambda: init(*experiment[1:3], key()))()

    def classify(images):
        assert images.min() >= -1
        assert images.max() <= 1
        return np.eye(10)[np.full(len(images), 3)]

    held = HeldOutSets(np.zeros((1, 2, 8, 8, 1)), {}, dict, classify=classify)
    state = state._replace(average=state.generator.params)
    table = class_table(experiment, state, held, key(1))
    Console(file=(shown := io.StringIO()), width=90).print(table.for_console())
    lines = [line.split() for line in shown.getvalue().splitlines() if "%" in line]
    assert [line[1] for line in lines] == [str(i) for i in range(10)]
    for number, line in enumerate(lines):
        right = "100.0%" if number == 3 else "0.0%"
        assert line[-6:-4] == line[-3:-1] == [right, f"({right})"]
    assert class_table(experiment, state, held._replace(classify=None), key(1)) is None
    assert class_tables._percent(math.nan) == "none"  # a class without real images
