"""What would not fit in memory is refused before it is computed."""

import resource
import tracemalloc

import numpy as np
import pytest

from tests.helpers import resolve
from tests.hostile import refusal
from wgan_gp import data
from wgan_gp.build import build
from wgan_gp.data.image_sets import load_images
from wgan_gp.evaluate import distances, held_out, memory
from wgan_gp.evaluate.feature_distances import gaussian_moments
from wgan_gp.evaluate.images import Reals, image_quality

WIDE = (2**15, 2**15, 2**15)


def test_a_state_that_does_not_fit_is_refused_by_its_widths(monkeypatch):
    monkeypatch.setattr(memory, "physical_memory", lambda: 2 * 10**9)
    config = resolve(**{"critic.hidden": WIDE})
    # Two layers of 2^15 x 2^15 and their two moments, in float32: 24 * 2^30 bytes.
    line = refusal(lambda: build(config))
    assert "take 25.8 GB" in line
    assert "has 2.0 GB" in line
    assert "critic.hidden = (32768, 32768, 32768), generator.hidden = (8, 8)" in line
    monkeypatch.setattr(memory, "physical_memory", lambda: 40 * 10**9)
    build(config)


def test_widths_of_image_networks_are_named(monkeypatch):
    monkeypatch.setattr(memory, "physical_memory", lambda: 1000)
    settings, dataset = resolve("digits"), load_images("digits8x8")
    line = refusal(lambda: build(settings, dataset))
    assert "critic.width = 2, critic.multipliers = " in line
    assert "generator.width = 2" in line


def test_images_to_evaluate_on_that_do_not_fit_are_refused(monkeypatch):
    images = data.Dataset("digits8x8", (8, 8, 1), None)
    evaluation = held_out.Evaluation(1000, 10)
    needed = 10_000 * 64 * memory._BYTES_PER_VALUE
    monkeypatch.setattr(memory, "physical_memory", lambda: needed / memory.SHARE - 1)
    line = refusal(lambda: memory.check(evaluation, images, [], ""))
    assert "eval_samples * eval_repeats = 10000: images to evaluate on" in line
    monkeypatch.setattr(memory, "physical_memory", lambda: needed / memory.SHARE + 1)
    memory.check(evaluation, images, [], "")
    # A set that holds out less is evaluated on less.
    usual = held_out.Evaluation(1000, 10, default=(1000, 10))
    memory.check(usual, images._replace(held_out_count=200), [], "")


def test_tables_that_hold_out_little_are_evaluated_on_that(monkeypatch):
    """Of 300 held-out rows there are 300, whatever is asked for by default."""
    table = data.Dataset("csv:a", (30_000,), None, held_out_count=300)
    usual = held_out.Evaluation(2000, 16, default=(2000, 16))
    monkeypatch.setattr(memory, "physical_memory", lambda: 10**9)
    memory.check(usual, table, [], "")
    line = refusal(lambda: memory.check(usual._replace(default=None), table, [], ""))
    assert "eval_samples * eval_repeats = 32000: samples to evaluate on" in line


def test_memory_is_no_more_than_a_process_may_map(monkeypatch):
    there = memory.physical_memory()
    limits = {resource.RLIMIT_AS: (there // 2, -1)}
    monkeypatch.setattr(resource, "getrlimit", limits.get)
    assert memory.physical_memory() == there // 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"eval_samples": 2**22},
            "eval_samples = 4194304: exact W1 needs 281,475.0 GB",
        ),
        ({"eval_repeats": 2**23}, "eval_samples * eval_repeats = 419430400"),
    ],
)
def test_evaluation_that_does_not_fit_is_refused_by_its_fields(
    monkeypatch, fields, words
):
    monkeypatch.setattr(memory, "physical_memory", lambda: 8 * 10**9)
    assert words in refusal(lambda: build(resolve(**fields)))


def test_the_quality_of_images_takes_no_memory_that_grows_with_their_size(
    monkeypatch,
):
    monkeypatch.setattr(distances, "_BLOCK", 400_000)
    images = np.random.default_rng(0).integers(0, 256, (2, 1500, 32, 32, 3), np.uint8)
    tracemalloc.start()
    image_quality(images[0], Reals(images[1], None), None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Lines and means of float64 and float32, and three copies of a block.
    directions = 512 * images[0][0].size * (4 + 4 + 8)
    assert peak <= 3 * 8 * distances._BLOCK + directions


def test_moments_take_less_memory_than_the_features():
    features = np.zeros((40_000, 64), np.float32)
    tracemalloc.start()
    gaussian_moments(features)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= features.nbytes  # in float64 they would take twice that
