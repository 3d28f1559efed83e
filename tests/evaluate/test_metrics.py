"""Each metric is told in one place, and every place tells the same."""

from wgan_gp import score
from wgan_gp.evaluate.metrics import METRICS, OF_IMAGES, QUALITY, WITH_FLOOR
from wgan_gp.studies.sweep import results


def test_names_that_are_told_are_metrics():
    for names in (QUALITY, OF_IMAGES, WITH_FLOOR, results.COLUMNS, score.ROWS):
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


def test_real_images_are_scored_by_what_has_a_floor():
    assert set(WITH_FLOOR) < set(OF_IMAGES)
    assert all(METRICS[name].floor == f"floor_{name}" for name in WITH_FLOOR)


def test_scores_say_which_way_is_better():
    scores = dict.fromkeys(score.ROWS, 1.0)
    counts = {"generated": 10, "real": 10, "floor_images": 10}
    table = score.table(scores | counts, "train")
    told = list(table.columns[0].cells)
    for name, words in zip(score.ROWS, told):
        assert words == f"{METRICS[name].label} ({METRICS[name].better} is better)"
