"""Sets of sequences: series of a file, simulated ones, and text that is installed."""

import re

import jax
import numpy as np
import pytest

from tests.helpers import key, resolve
from wgan_gp import data
from wgan_gp.build import assemble, build, open_dataset
from wgan_gp.data import docstrings, series
from wgan_gp.data.sequences import open_series
from wgan_gp.evaluate.metrics import METRICS
from wgan_gp.evaluate.sequences import (
    autocorrelation,
    power_spectrum,
    series_quality,
    windows,
)
from wgan_gp.runs import figures


def simulated(n, seed=0):
    return np.asarray(series.sample(key(seed), n))


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_a_simulated_series_has_the_statistics_that_are_known():
    x = simulated(20_000)
    assert x.shape == (20_000, series.LENGTH, 1)
    np.testing.assert_allclose(x.var(axis=0), 1, atol=0.05)  # from the first step on
    found = autocorrelation(x, 40)[:, 0]
    np.testing.assert_allclose(found, series.autocorrelation(40), atol=0.02)
    # A window spreads a sharp peak over its neighbours: compared away from it.
    frequencies = np.arange(1, 33) / 64
    ratio = power_spectrum(x)[12:, 0] / series.spectrum(frequencies)[12:]
    np.testing.assert_allclose(ratio, 1, atol=0.08)


def test_the_spectrum_is_that_of_the_autocorrelation():
    at = np.linspace(-0.5, 0.5, 4096, endpoint=False)
    density = series.spectrum(at)
    for lag in (0, 1, 5, 12):
        value = (density * np.cos(2 * np.pi * at * lag)).mean()
        assert value == pytest.approx(series.autocorrelation(20)[lag], abs=1e-6)


def shuffled(x):
    return np.random.default_rng(0).permuted(x, axis=1)


BAD = {
    "half as large": (lambda x: 0.5 * x, {"values_w1", "windows_w1", "spectrum_error"}),
    "steps shuffled": (
        shuffled,
        {"windows_w1", "autocorrelation_error", "spectrum_error"},
    ),
    "all the same": (
        lambda x: np.repeat(x[:1], len(x), axis=0),
        {"values_w1", "windows_w1", "autocorrelation_error", "spectrum_error"},
    ),
    "shifted": (lambda x: x + 1.0, {"values_w1", "windows_w1"}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_generator_is_far_above_the_floor(name):
    change, seen = BAD[name]
    real, other = simulated(500), simulated(500, seed=1)
    floor, found = series_quality(other, real), series_quality(change(other), real)
    assert {each for each in found if found[each] > 2.5 * floor[each]} == seen


def test_the_error_of_the_autocorrelation_is_that_of_lags_from_1():
    """Of two steps there is one: 1 where they are equal, -1 where they are opposite."""
    signs = np.repeat([[1.0], [-1.0]], 50, axis=0)
    equal, opposite = (
        np.concatenate([signs, factor * signs], axis=1)[..., None] for factor in (1, -1)
    )
    found = series_quality(equal, opposite)
    assert found["autocorrelation_error"] == pytest.approx(2)


def test_windows_run_through_all_places():
    x = np.arange(20 * 12.0).reshape(20, 12, 1)
    found = windows(x, 8)
    assert found.shape == (20 * 5, 8)
    assert {tuple(each) for each in found} == {
        tuple(row[i : i + 8, 0]) for row in x for i in range(5)
    }
    assert windows(x[:, :5]).shape == (20, 5)  # of series that are shorter


def test_a_file_of_series_is_standardised_and_split(tmp_path):
    x = np.stack([3 + 0.1 * simulated(50)[..., 0], 1e6 * simulated(50, 1)[..., 0]], -1)
    path = saved(tmp_path / "a.npz", samples=x, channels=["u", "v"])
    dataset = open_series(path)
    assert (dataset.shape, dataset.kind) == ((64, 2), "sequences")
    assert (dataset.count, dataset.held_out_count) == (40, 5)
    drawn = np.asarray(jax.jit(dataset.sample, static_argnums=1)(key(), 400))
    np.testing.assert_allclose(drawn.mean(axis=(0, 1)), 0, atol=0.1)
    np.testing.assert_allclose(drawn.std(axis=(0, 1)), 1, atol=0.1)
    held = np.asarray(dataset.held_out(key(), 5))
    back = dataset.columns.decode(held.reshape(-1, 2))
    whole = {round(float(each), 4) for each in x[..., 0].ravel()}
    assert {round(float(each), 4) for each in back["u"]} <= whole
    assert not {tuple(s.ravel()) for s in drawn} & {tuple(s.ravel()) for s in held}


def test_one_array_of_two_axes_has_one_channel(tmp_path):
    path = saved(tmp_path / "a.npz", waves=simulated(40)[..., 0])
    dataset = open_series(path)
    assert dataset.shape == (64, 1)
    assert [each.name for each in dataset.columns.columns] == ["x1"]


WITH_NAN = simulated(40).copy()
WITH_NAN[3, 5] = np.nan
REFUSED = {
    "few": ({"samples": np.ones((29, 5, 1))}, "at least 30 series"),
    "one step": ({"samples": np.ones((40, 1, 1))}, "2 to 16,384 steps"),
    "no channels": ({"samples": np.ones((40, 5, 0))}, r"got float64 \[40, 5, 0\]"),
    "one axis": ({"samples": np.ones(40)}, r"series of numbers \[N, T, C\]"),
    "four axes": ({"samples": np.ones((40, 2, 2, 2))}, r"series of numbers"),
    "text": ({"samples": np.full((40, 5), "a")}, "series of numbers"),
    "complex": ({"samples": np.ones((40, 5), complex)}, "series of numbers"),
    "missing": ({"samples": WITH_NAN}, "1 of 40 series have values that are missing"),
    "infinite": ({"samples": WITH_NAN * 0 + np.inf}, "40 of 40 series"),
    "constant": ({"samples": np.ones((40, 5, 1))}, "channel 'x1' is constant"),
    "constant but for rounding": (
        {
            "samples": np.stack([np.arange(200.0), np.full(200, 0.1)], 1).reshape(
                40, 5, 2
            )
        },
        "channel 'x2' is constant",
    ),
    "two arrays": ({"a": np.ones(3), "b": np.ones(3)}, "no array samples"),
    "names": (
        {"samples": simulated(40), "channels": ["a", "b"]},
        "channels must be 1 names",
    ),
    "a name twice": (
        {"samples": np.repeat(simulated(40), 2, axis=2), "channels": ["a", "a"]},
        "channels has a name twice",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_set_of_series_is_refused_in_one_line(name, tmp_path):
    arrays, message = REFUSED[name]
    with pytest.raises(ValueError, match=message) as raised:
        open_series(saved(tmp_path / "a.npz", **arrays))
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="there is no file"):
        open_series(tmp_path / "absent.npz")


def test_installed_text_has_a_known_checksum(monkeypatch):
    monkeypatch.setattr(docstrings, "_lines", lambda folder: iter(["a line", "two"]))
    version = docstrings.importlib.metadata.version(docstrings.PACKAGE)
    monkeypatch.setattr(docstrings, "CHECKSUMS", {version: "0" * 64})
    with pytest.raises(ValueError, match="its files were changed"):
        docstrings.read_docstrings()
    monkeypatch.setattr(docstrings, "CHECKSUMS", {"0.1": "0" * 64})
    lines, notes = docstrings.read_docstrings()
    assert lines == ["a line", "two"]
    assert "results in docs are of 0.1" in notes[0]


def test_installed_text_may_lie_below_a_folder_of_tests(tmp_path):
    folder = tmp_path / "tests" / "scipy"
    for name in ("a.py", "tests/b.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text('"""Prose that is long enough, of a module."""')
    assert [*docstrings._lines(folder)] == ["Prose that is long enough, of a module."]


@pytest.mark.long
def test_installed_text_is_prose():
    lines, _ = docstrings.read_docstrings()
    assert len(lines) == len(set(lines)) > 10_000
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z ,.;'()-]+", line) for line in lines)


def text_file(path, count=200):
    path.write_text("".join(f"line {i % 90} of a text\n" for i in range(count)))
    return f"text:{path}"


WRONG = {
    "softmax of series": (
        "series",
        lambda folder: {"generator.output": "softmax"},
        "generator.output = 'softmax' makes no series",
    ),
    "numbers of text": (
        "language",
        lambda folder: {
            "data.name": text_file(folder / "a.txt"),
            "generator.output": "linear",
        },
        "generator.output = 'linear' makes no text",
    ),
    "the length of series": (
        "series",
        lambda folder: {"data.name": "ar2", "data.length": 64},
        "data.length = 64 is for text, and has no effect on ar2: leave it out",
    ),
    "few lines": (
        "language",
        lambda folder: {"data.name": text_file(folder / "a.txt", 99)},
        "99 lines that are not empty",
    ),
    "labels": ("series", lambda folder: {"conditional": True}, "conditional"),
    "a table": (
        "series",
        lambda folder: {"data.name": "csv:a.csv"},
        "this experiment learns sequences",
    ),
    "no file": ("language", lambda folder: {"data.name": "text:"}, "names no file"),
    "vectors": (
        "series",
        lambda folder: {"data.name": "8gaussians"},
        "data.name must be one of",
    ),
    "held out": (
        "language",
        lambda folder: {"data.name": text_file(folder / "a.txt"), "eval_samples": 21},
        "holds out 20 samples",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_makes_no_sense_is_refused_in_one_line(name, tmp_path):
    experiment, fields, message = WRONG[name]
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        build(resolve(experiment, "smoke", **fields(tmp_path)))
    assert "\n" not in str(raised.value)


def test_text_has_its_characters(tmp_path):
    name = text_file(tmp_path / "a.txt")
    dataset = open_dataset(resolve("language", "smoke", **{"data.name": name}))
    assert dataset.shape == (32, len(dataset.characters))
    held = np.asarray(dataset.held_out(key(), 20))
    assert held.shape == (20, *dataset.shape)
    np.testing.assert_allclose(held.sum(axis=-1), 1, rtol=1e-5)
    # The experiment's characters are smoothed, those of the reference are not.
    np.testing.assert_allclose(held.max(axis=-1), 0.85, atol=0.15 / 3)
    paper = resolve("language", "paper", **{"data.name": name})
    held = np.asarray(open_dataset(paper).held_out(key(), 20))
    np.testing.assert_array_equal(np.unique(held), [0, 1])


def test_the_papers_networks_have_their_parameters(tmp_path):
    """Counted by hand from the reference's layers, for a vocabulary of V characters."""
    name = text_file(tmp_path / "a.txt")
    config = resolve("language", "paper", **{"data.name": name, "steps": 1})
    experiment = assemble(config, open_dataset(config))
    vocabulary, width, length = experiment.dataset.shape[1], 512, 32
    blocks = 5 * 2 * (5 * width * width + width)
    counted = {
        "critic": (vocabulary + 1) * width + blocks + length * width + 1,
        "generator": (128 + 1) * length * width + blocks + (width + 1) * vocabulary,
    }
    algorithm = experiment.algorithm
    networks = {"critic": algorithm.critic.network, "generator": algorithm.generator}
    for player, expected in counted.items():
        params = jax.eval_shape(networks[player].init, key())
        assert sum(x.size for x in jax.tree.leaves(params)) == expected


def test_series_are_loaded_by_name():
    assert data.load("ar2").kind == "sequences"


def test_lines_too_short_for_4_grams_have_a_curve():
    slopes = {f"gradient_norm_{name}": 1.0 for name in ("min", "mean", "max")}
    training = [{"step": 1, "wasserstein": 1.0, "penalty": 0.0}]
    evaluation = [{"step": 1, "wasserstein": 1.0, "js_1": 0.3, "js_2": 0.6} | slopes]
    drawn = figures.training_curves(training, evaluation, floor={"floor_js_1": 0.1})
    labels = [axes.get_ylabel() for axes in drawn.axes]
    assert any(METRICS["js_1"].label in each for each in labels)
