"""The cost of a sweep's tables, counted."""

from types import SimpleNamespace

import jax
import numpy as np

from wgan_gp.runs import loop
from wgan_gp.studies.sweep import evaluation, results
from wgan_gp.studies.sweep.chunks import Result
from wgan_gp.studies.sweep.points import RunId


class Counted:
    """A run's result, which counts how often it is looked at."""

    looks = 0

    def __init__(self, run, metrics):
        self._result = Result(run, metrics)

    def __getattr__(self, name):
        Counted.looks += 1
        return getattr(self._result, name)


def looks(points, seeds, monkeypatch):
    monkeypatch.setattr(Counted, "looks", 0)
    found = [
        Counted(RunId(point, seed), {} if seed == 0 else {"w1": 10.0 * point + seed})
        for point in range(points)
        for seed in range(seeds)
    ]
    summaries = results.summarise(SimpleNamespace(points=list(range(points))), found)
    assert [each.point for each in summaries] == list(range(points))
    assert all(each.diverged == 1 for each in summaries)
    last = np.arange(1, seeds) + 10.0 * (points - 1)
    np.testing.assert_array_equal(summaries[-1].metrics["w1"], last)
    return Counted.looks


def test_summaries_cost_as_much_as_there_are_runs(monkeypatch):
    few, many = (looks(points, 3, monkeypatch) for points in (5, 50))
    assert many == 10 * few


def test_a_point_without_results_has_an_empty_summary():
    sweep = SimpleNamespace(points=["a", "b"])
    first, second = results.summarise(sweep, [Result(RunId(1, 0), {"w1": 2.0})])
    assert (first.diverged, first.metrics) == (0, {})
    np.testing.assert_array_equal(second.metrics["w1"], [2.0])


def test_held_out_samples_are_shared_and_dropped_when_they_take_too_much(monkeypatch):
    drawn = []

    def hold_out(_, evaluation, key):
        drawn.append(key)
        return SimpleNamespace(reals=np.zeros(4, np.uint8))

    monkeypatch.setattr(evaluation, "hold_out", hold_out)
    monkeypatch.setattr(evaluation, "_KEPT", 7)
    held = evaluation.HeldOutCache()
    for seed in (0, 0, 1, 0, 2, 2, 0):
        settings = SimpleNamespace(seed=seed, conditional=False)
        held.get(SimpleNamespace(dataset=None, evaluation="e"), settings)
    keys = [loop.run_keys(seed)[1] for seed in (0, 1, 2, 0)]
    assert [jax.random.key_data(each).tolist() for each in drawn] == [
        jax.random.key_data(each).tolist() for each in keys
    ]
