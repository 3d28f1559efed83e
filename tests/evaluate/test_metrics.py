"""Each metric is told in one place, and every place tells the same."""

import csv
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import ROOT, linear, record_names, resolve
from wgan_gp import data, score
from wgan_gp.build import build
from wgan_gp.evaluate.critic import critic_diagnostics
from wgan_gp.evaluate.images import Reals, image_quality
from wgan_gp.evaluate.metric import Metric
from wgan_gp.evaluate.metrics import (
    FLOOR,
    METRICS,
    QUALITY,
    as_floor,
    in_sweeps,
)
from wgan_gp.evaluate.published import PUBLISHED
from wgan_gp.evaluate.samples import sample_quality
from wgan_gp.evaluate.truth import Truth
from wgan_gp.losses import gradient_penalty
from wgan_gp.runs import closing, progress, solve

STORED = ROOT / "tests" / "stored"
SCORES = ("frechet", "kernel", "precision", "recall", "score")
OF_SEQUENCES = (
    *("values_w1", "windows_w1", "autocorrelation_error", "spectrum_error"),
    *(f"js_{n}" for n in range(1, 7)),
)
OF_VECTORS = (
    *("lower_bound", "two_sample", "spread", "marginal_w1"),
    *("sinkhorn", "nearest"),
)


def stored_records():
    """The scalars of every record that the project keeps, by its file."""
    for path in STORED.glob("*/metrics.jsonl"):
        for line in path.read_text().splitlines():
            yield path, set(json.loads(line)) - {"split", "step"}
    for path in STORED.glob("*/chunks/*.json"):
        for run in json.loads(path.read_text()):
            yield path, set(run["metrics"])
    path = ROOT / "docs" / "images" / "sweep_toy.csv"
    fields = {"study", "lipschitz", "penalty.weight", "clip_bound", "seed", "diverged"}
    yield path, set(next(csv.reader(path.read_text().splitlines()))) - fields
    for path in (ROOT / "docs" / "w1_benchmark").glob("*.json"):
        yield path, set(json.loads(path.read_text())) - {"recipe", "seeds", "config"}


def test_every_stored_record_has_metrics_alone():
    found = list(stored_records())
    folders = {path.parent.name for path, _ in found}
    assert {"toy8gauss", "digits", "chunks", "images", "w1_benchmark"} <= folders
    for path, names in found:
        assert names
        assert names <= record_names(), path


def vectors():
    sets = np.zeros((2, 3, 2))
    return sample_quality(data.load("8gaussians"), sets, sets + 1)


def pictures():
    images = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 1), np.uint8)
    features = images.reshape(9, 64)[:, :3].astype(float)
    observer = lambda _: (features, np.eye(10)[:9])  # noqa: E731
    return image_quality(images, Reals(images, features + 1), observer)


def diagnostics():
    def measure(reals, fakes, key):
        critic = linear(jnp.ones(3))
        return critic_diagnostics(critic, reals, fakes, key, penalty=gradient_penalty)

    samples, key = jnp.zeros((2, 3)), jax.eval_shape(lambda: jax.random.key(0))
    return jax.eval_shape(measure, samples, samples, key)


@pytest.mark.parametrize(
    "measured", [vectors, pictures, diagnostics, lambda: Truth._fields]
)
def test_what_is_measured_is_a_metric(measured):
    names = set(measured())
    assert len(names) > 3
    assert names <= record_names()
    # Its floors are records too.
    assert set(as_floor(dict.fromkeys(names, 1.0))) <= record_names()


def test_an_unknown_name_is_no_record():
    assert not {"", "w2", "floor_w1", "step"} & record_names()


def test_tables_and_sweeps_name_metrics_alone():
    for names in (QUALITY, in_sweeps(), PUBLISHED, SCORES):
        assert set(names) <= set(METRICS)
        assert len(set(names)) == len(names)


def test_a_quality_falls_as_samples_get_better_and_has_a_floor():
    for name in QUALITY:
        assert METRICS[name].better == "lower"
        assert METRICS[name].floor


def test_labels_tell_metrics_apart():
    for field in ("label", "short"):
        words = [getattr(metric, field) for metric in METRICS.values()]
        assert len(set(words)) == len(METRICS)
    assert {metric.better for metric in METRICS.values()} == {"", "lower", "higher"}


def test_floors_are_named_by_their_metric():
    floors = as_floor(dict.fromkeys(METRICS, 1.0))
    named = {*SCORES, *OF_VECTORS, *OF_SEQUENCES, "sliced_w1"} - {"nearest"}
    assert set(floors) == {"floor", *(FLOOR + name for name in named)}


def test_shares_are_told_in_percent_and_units_stand_behind_values():
    assert METRICS["share"].text(0.953) == "95.3 %"
    assert METRICS["share"].axis() == "share within 3σ of a mode"
    assert METRICS["reverse_kl"].text(0.21) == "0.2100 nats"
    assert METRICS["reverse_kl"].axis() == "reverse KL over modes (nats)"
    assert METRICS["w1"].text(1 / 3, ".2g") == "0.33"


def test_scores_say_which_way_is_better():
    scores = dict.fromkeys(SCORES, 1.0) | {"score_std": 0.1, "kernel_error": 0.1}
    counts = {"generated": 10, "real": 10, "floor_images": 3}
    table = score.table(scores | counts, "train")
    told = list(table.columns[0].cells)
    for name, words in zip(SCORES, told, strict=True):
        assert words == f"{METRICS[name].label} ({METRICS[name].better} is better)"


def cells(table):
    """The cells of a table's rows, by what is in the first column."""
    return {row.cells[0]: row.cells[1:] for row in table.rows}


def test_a_closing_table_has_every_metric_that_was_measured():
    result = dict.fromkeys(record_names(), 0.5)
    config = resolve(eval_repeats=3)
    experiment = build(config)
    rows = cells(closing.closing_table(experiment, config, result))
    for name in {*METRICS} - {"w1"}:
        assert [title for title in rows if title.startswith(METRICS[name].label)]
    assert rows[f"{METRICS['w1'].label} (± standard deviation of 3 sets)"]
    assert rows[METRICS["modes"].label] == ("0.5 of 8",)
    assert rows[METRICS["share"].label] == ("50.0 %",)
    assert rows["... minimum to maximum"] == ("0.5 to 0.5",)
    assert rows["... ratio of the two"] == ("1",)


def test_a_closing_table_says_of_how_many_sets_its_numbers_are():
    config = resolve()
    experiment = build(config)
    few = config.eval_samples * 2  # enough for two sets of those that are asked for
    dataset = experiment.dataset._replace(held_out_count=few)
    rows = closing.closing_table(
        experiment._replace(dataset=dataset), config, {"w1": 0.5, "w1_std": 0.1}
    )
    assert f"{METRICS['w1'].label} (± standard deviation of 2 sets)" in cells(rows)


def test_a_lone_critics_closing_table_has_its_metrics_and_the_truth():
    config = resolve("w1_benchmark", "dim=2,funnels=4,recipe=smoke")
    result = dict.fromkeys((*Truth._fields, "seconds"), 0.5) | {"w1": 0.25}
    rows = cells(solve.closing_table(config, result))
    labels = {METRICS[name].label for name in {*result} - {"w1"}}
    assert set(rows) == labels | {"... best published solver"}
    assert rows[METRICS["estimate"].label] == ("0.5", "0.25", "0.86")
    assert rows[METRICS["cosine"].label] == ("0.5", "1", "0.84")


def test_numbers_beside_the_bar_are_those_with_a_symbol():
    text = progress.progress_text({"wasserstein": 0.25, "critic_loss": 1.0}, [])
    assert text == "estimate 0.25"
    evaluation = [{"wasserstein": 9.0, "w1": 0.5, "share": 0.953, "reverse_kl": 1.0}]
    text = progress.progress_text({"wasserstein": 0.25}, evaluation)
    assert text == "estimate 0.25  W1 0.5  within 3σ 95.3 %"


def test_every_metric_is_explained_once():
    said = [metric.meaning for metric in METRICS.values()]
    assert all(text.endswith(".") for text in said)
    assert len(set(said)) == len(METRICS)
    text = METRICS["share"].explanation()
    assert text.startswith(METRICS["share"].meaning)
    assert text.endswith("Unit: per cent. Higher is better.")
    bare = Metric("a", "b", "lower")
    assert bare.explanation() == "Lower is better."


def test_a_floor_of_zero_has_no_ratio():
    """As of equal sets of few discrete values."""
    result = {"w1": 0.5, METRICS["w1"].floor: 0.0}
    rows = cells(closing.closing_table(build(resolve()), resolve(), result))
    assert rows["... real to real (sampling floor)"]
    assert "... ratio of the two" not in rows
