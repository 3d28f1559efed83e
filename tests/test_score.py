import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers import record_names, resolve, run_module, unchecked
from wgan_gp import score
from wgan_gp.build import build
from wgan_gp.data.images import open_images
from wgan_gp.data.sources import source_from_arrays
from wgan_gp.evaluate.images import Reals, image_quality, observe_reals
from wgan_gp.runs import loop, workdir
from wgan_gp.runs.draws import SampleBatch


def observe(images):
    """Coarse pixels as features, and classes by where an image is brightest."""
    coarse = images.reshape(len(images), 2, 4, 2, 4).mean((2, 4)).reshape(-1, 4)
    return coarse, np.eye(4)[coarse.argmax(1)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    config = resolve("digits", "smoke", steps=2)
    workdir.prepare(folder, config)
    with unchecked():
        loop.run(config, folder, build(config))
    return folder


def test_a_finished_run_is_scored_beside_real_images(run):
    result = score.score(run, 450, "train", observe)
    assert (result["generated"], result["real"]) == (450, 450)
    assert set(result) - {"generated", "real", "floor_images"} <= record_names()
    assert result["frechet"] > 100
    assert result["kernel_error"] > 1e-4 * result["kernel"] > 0
    again = score.score(run, 450, "train", observe)
    assert again == result
    few = score.score(run, 250, "validation", observe)
    assert (few["generated"], few["real"]) == (250, 200)
    # Beside them, what other real images score.
    assert (result["floor_images"], few["floor_images"]) == (200, 250)
    for each in (result, few):
        assert each["floor_frechet"] < each["frechet"] / 10
        assert each["floor_precision"] > each["precision"]


def test_the_command_prints_json_and_says_what_it_means(run, monkeypatch, capsys):
    monkeypatch.setattr(score, "digit_observer", lambda *_, **__: observe)
    assert score.main(["", "--workdir", str(run), "--digits", "--n", "20"]) == 0
    captured = capsys.readouterr()
    scores = json.loads(captured.out)
    assert {"frechet", "floor_frechet", "score_std", "real"} <= set(scores)
    words = " ".join(captured.err.split())
    assert "20 generated images beside 20 real ones of the train split" in words
    assert f"{scores['floor_frechet']:.4g}" in words
    assert "standard deviation over 10 parts" in words


def test_the_commands_options_reach_the_scores(monkeypatch, capsys):
    data = SimpleNamespace(name="digits8x8", source_options={})
    run = SimpleNamespace(settings=SimpleNamespace(data=data))
    seen = []

    def scores(*given):
        seen.append(given)
        counts = {"generated": 12, "real": 12, "floor_images": 12}
        return {"frechet": 2.5, "floor_frechet": 1.5} | counts

    monkeypatch.setattr(score, "_open", lambda *given: seen.append(given) or run)
    monkeypatch.setattr(score, "_sources", lambda *given: given)
    monkeypatch.setattr(score, "_score_run", scores)
    monkeypatch.setattr(score, "inception_observer", lambda path: f"as {path} sees")
    monkeypatch.setattr(score, "difference_from_published", lambda path: "unlike")
    options = "--workdir run --inception w.pth --n 12 --split validation --seed 3"
    assert score.main(["", *options.split()]) == 0
    assert seen == [
        (Path("run"), 12),
        (run, (run, "validation"), 12, "as w.pth sees", 3),
    ]
    assert "unlike" in capsys.readouterr().err


def test_a_seed_chooses_real_images_and_latents(monkeypatch):
    """Of 40 images 20 are taken; a generated image shows its seed."""
    images = np.arange(40, dtype=np.uint8)[:, None, None, None]
    source = source_from_arrays("own", "train", images, None, None)
    made = lambda run, n, seed: [SampleBatch(images[:n] + 100 * seed, None)]  # noqa: E731
    monkeypatch.setattr(score.sampling, "draw", made)
    seen = []

    def look(images):
        seen.append(images.ravel().tolist())
        return np.random.default_rng(0).normal(size=(len(images), 4)), np.eye(20)

    for seed in (1, 1, 2):
        score._score_run(None, [source, source], 20, look, seed)
    one, again, two = (seen[i : i + 3] for i in (0, 3, 6))
    assert one == again
    for split in (0, 2):
        assert sorted(one[split]) != sorted(two[split])
    assert one[1] == list(range(100, 120))


def test_a_floor_of_too_few_images_is_left_out():
    names = ("score", "frechet", "kernel", "precision", "recall")
    scores = dict.fromkeys(names, 1.0)
    scores |= {"score_std": 0.1, "kernel_error": 0.1}
    counts = {"generated": 20, "real": 20, "floor_images": 3}
    table = score.table(scores | counts, "train")
    assert list(table.columns[2].cells) == ["too few"] * len(names)


def test_a_split_of_too_few_images_that_can_be_read_is_refused(monkeypatch):
    few = np.zeros((9, 8, 8, 1), np.uint8)
    monkeypatch.setattr(score, "_reals", lambda *_: few)
    source = SimpleNamespace(name="digits8x8", split="train")
    words = "the train split of digits8x8 has 9 images, and scores need 10: name"
    with pytest.raises(ValueError, match=words):
        score._score_run(None, [source, source], 20, observe, 0)


def test_real_images_score_as_real_ones():
    images = open_images("digits8x8", "train").arrays.image
    half = len(images) // 2
    reals = observe_reals(images[:half], observe)
    same = image_quality(images[:half], reals, observe)
    assert same["sliced_w1"] == 0
    assert abs(same["frechet"]) < 1e-6
    assert (same["precision"], same["recall"]) == (1, 1)
    others = image_quality(images[half : 2 * half], reals, observe)
    noise = np.random.default_rng(0).integers(0, 256, reals.images.shape, np.uint8)
    worse = image_quality(noise, reals, observe)
    assert others["sliced_w1"] < worse["sliced_w1"] / 5
    assert others["frechet"] < worse["frechet"] / 20
    assert others["recall"] > worse["recall"]


def test_without_an_observer_only_pixels_are_compared():
    images = open_images("digits8x8", "validation").arrays.image
    assert set(image_quality(images, Reals(images, None), None)) == {"sliced_w1"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workdir", "none", "--digits"], "holds no run"),
        (
            ["--workdir", "run", "--digits", "--n", "3"],
            "n must be at least 10 images",
        ),
        (["--workdir", "run", "--inception", "none.pth"], "none.pth"),
        (["--workdir", "run", "--digts"], "no flag --digts: did you mean --digits?"),
        (["--workdir", "run", "--digits", "--split", "trian"], "got 'trian'"),
        (["--workdir", "run", "--digits", "--n", "9" * 12], "GB of memory"),
        (["--workdir", "run", "--digits", "--n", "9" * 400], "n must be below"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_one_line(
    run, tmp_path, capsys, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").symlink_to(run)
    monkeypatch.setattr(score, "digit_observer", lambda *_, **__: observe)
    assert score.main(["", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_splits_are_opened_and_counted_before_a_classifier_is_trained(
    run, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(score, "digit_observer", lambda *_, **__: 1 / 0)
    arguments = ("", "--workdir", str(run), "--digits", "--n", "20")
    original, found = score.open_images, []

    def few(*args, **options):
        found.append(args[1])
        return original(*args, **options)._replace(count=9)

    monkeypatch.setattr(score, "open_images", few)
    assert score.main([*arguments, "--split", "test"]) == 2
    assert "test split of digits8x8 has 9 images, and" in capsys.readouterr().err
    assert found == ["test", "train"]


@pytest.mark.long
def test_a_run_on_vectors_is_not_scored(tmp_path):
    config = resolve("toy8gauss", steps=2)
    workdir.prepare(tmp_path, config)
    done = run_module("wgan_gp.score", "--workdir", ".", "--digits", cwd=tmp_path)
    assert done.returncode == 2
    assert "not on images" in done.stderr
