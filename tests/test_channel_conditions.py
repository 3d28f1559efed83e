"""Runs on images and text whose critics see the condition: samples, grids, numbers."""

import io
from functools import partial

import jax
import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from tests.data.test_text_classes import folder_of
from tests.helpers import cases, contents, key, resolve, unchecked
from tests.test_sample import keep, refused
from wgan_gp import configs, sample
from wgan_gp.build import build, open_dataset
from wgan_gp.data.conditions import own_entries
from wgan_gp.data.image_sets import load_images
from wgan_gp.evaluate import held_out
from wgan_gp.evaluate.held_out import Evaluation, hold_out
from wgan_gp.networks import bind
from wgan_gp.runs import (
    class_tables,
    dataset_file,
    draws,
    grids,
    sampling,
    sequence_samples,
    series_figures,
)
from wgan_gp.train import init, train_steps

SMALL = {"critic.width": 2, "generator.width": 2, "generator.latent": 2}
FEW = {"eval_samples": 20, "eval_repeats": 1, "conditional": True, "batch_size": 16}
N = 300


def pictures(folder):
    """Dark and light images of 8 x 8: their labels, and how light they are."""
    random = np.random.default_rng(0)
    light = np.arange(N) % 2
    images = random.integers(0, 100, (N, 8, 8)) + 100 * light[:, None, None]
    arrays = {
        "labels": {"labels": np.where(light, "light", "dark")},
        "given": {"given": images.mean(axis=(1, 2)), "given_names": ["grey"]},
    }
    for name, more in arrays.items():
        np.savez(folder / f"{name}.npz", images=images.astype(np.uint8), **more)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Runs as if they had ended, by what they are told; their data are gone."""
    folder = tmp_path_factory.mktemp("runs")
    pictures(folder)
    folder_of(folder / "lines")
    images = {"data.scale": "unit", **SMALL, **FEW}
    named = {x: {"data.name": f"npz:{folder / x}.npz"} for x in ("labels", "given")}
    channels = {"data.conditioning": "channels"}
    made = {
        "labels": resolve("digits", "smoke", **images, **named["labels"], **channels),
        "given": resolve("digits", "smoke", **images, **named["given"]),
        "text": resolve(
            *("language", "smoke"),
            **SMALL,
            **FEW,
            **{"data.name": f"text:{folder / 'lines'}", "data.length": 8},
        ),
    }
    runs = {}
    for name, settings in made.items():
        dataset = open_dataset(settings)
        keep(folder / name, settings, dataset)
        runs[name] = settings, dataset
    for path in (*folder.glob("*.npz"), *(folder / "lines").iterdir()):
        path.unlink()
    return folder, runs


def write(*args):
    assert sample.main(["sample", *map(str, args)]) == 0


def test_images_of_a_class_come_without_its_channels(stored, tmp_path):
    run, out = stored[0] / "labels", tmp_path / "a.npz"
    args = ("--n", 6, "--label", "light", "--out", out, "--png", tmp_path / "png")
    write("--workdir", run, *args)
    with np.load(out) as archive:
        assert set(archive) == {"images", "labels", "class_names"}
        assert archive["images"].shape == (6, 8, 8, 1)
        assert archive["images"].dtype == np.uint8
        assert archive["class_names"][archive["labels"]].tolist() == ["light"] * 6
        first = archive["images"][0]
    names = sorted(path.name for path in (tmp_path / "png").iterdir())
    assert names == [f"{i:06d}-1.png" for i in range(6)]
    picture = Image.open(tmp_path / "png" / names[0])
    np.testing.assert_array_equal(np.asarray(picture), first[..., 0])


def test_images_come_with_the_numbers_that_were_told(stored, tmp_path):
    run = stored[0] / "given"
    write("--workdir", run, "--n", 6, "--out", tmp_path / "a.npz")
    write("--workdir", run, "--given", tmp_path / "a.npz", "--out", tmp_path / "b.npz")
    with np.load(tmp_path / "a.npz") as one, np.load(tmp_path / "b.npz") as two:
        assert one["given_names"].tolist() == ["grey"]
        assert one["images"].shape == (6, 8, 8, 1)
        kept = dataset_file.read(run).columns.conditions.decode(
            np.load(run / dataset_file.CONDITIONS)
        )
        assert set(one["given"][:, 0].round(3)) <= set(kept["grey"].round(3))
        np.testing.assert_allclose(two["given"], one["given"], rtol=1e-5)
        levels = two["images"].astype(int) - one["images"]
        assert np.abs(levels).max() <= 1
    drawn = load_images(f"npz:{tmp_path / 'b.npz'}", conditional=True)  # data again
    assert drawn.columns.given == ("grey",)


def test_lines_of_a_class(stored, tmp_path):
    run, out = stored[0] / "text", tmp_path / "a.txt"
    write("--workdir", run, "--n", 7, "--label", "words", "--out", out)
    lines = out.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 7
    opened = sampling.open_run(run)
    dataset = opened.experiment.dataset
    drawn = next(sampling.draw(opened, 100))
    told = drawn.samples[..., list(dataset.told)]
    assert set(np.unique(told)) == {0, 1}
    np.testing.assert_array_equal(told.sum(axis=-1), 1)
    own = own_entries(dataset, drawn.samples)  # the softmax is over these alone
    np.testing.assert_allclose(own.sum(axis=-1), 1, rtol=1e-5)
    of_class = sequence_samples.decoded(dataset, drawn.samples)[told[:, 0, 1] == 1]
    assert lines == of_class[:7].tolist()


REFUSED = {
    "no such class": ("text", ("--n", 3, "--label", "wrods"), "did you mean words?"),
    "a label of numbers": ("given", ("--n", 3, "--label", "1"), "is told grey, no cl"),
    "rows of a label": ("labels", ("--given", "a.csv"), "is told a class"),
    "another column": ("given", ("--given", "a.csv"), "has no column 'grey'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_cannot_be_met_writes_nothing(
    name, stored, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("gray\n1\n")
    before = contents(tmp_path)
    run, args, words = REFUSED[name]
    out = tmp_path / ("new.txt" if run == "text" else "new.npz")
    line = refused(capsys, "--workdir", stored[0] / run, "--out", out, *args)
    assert words in line
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", cases(["labels", "given"], soon=("labels",)))
def test_grids_and_interpolations_show_pixels(name, stored):
    settings, _ = stored[1][name]
    run = sampling.open_run(stored[0] / name)
    side = 8 * 9 - 1
    lines = grids.interpolations(run.experiment, settings, run.state)
    assert lines.shape == (side, side, 1)
    grid = grids.image_grid(run.experiment, settings, run.state)
    layout = grids.grid_layout(run.experiment.dataset)
    assert grid.shape == (side, side, 1)
    assert layout.headings == (
        {"columns": ["dark"] * 4 + ["light"] * 4} if name == "labels" else {}
    )


def test_ten_lines_say_their_class(stored):
    settings, _ = stored[1]["text"]
    run = sampling.open_run(stored[0] / "text")
    lines = series_figures.text_samples(run.experiment, settings, run.state)
    names = [line.split(": ")[0] for line in lines]
    assert names == ["numbers", "words"] * 5


def test_images_are_compared_by_their_pixels_alone(stored, monkeypatch):
    """Distances, a network's features and its classes: as of images without labels."""
    seen = []

    def observer(evaluation):
        def observe(images):
            seen.append(images)
            flat = images.reshape(len(images), -1)[:, :4].astype(np.float64)
            return flat, np.full((len(images), 10), 0.1)

        return observe

    monkeypatch.setitem(held_out._OBSERVERS, "digits", observer)
    settings, dataset = stored[1]["labels"]
    data = settings.data
    evaluation = Evaluation(20, 1, features="digits", data=data)
    held = hold_out(dataset, evaluation, key())
    assert held.reals.shape == (1, 20, 8, 8, 3)  # the critic is evaluated on these
    (again,) = held.reals
    plain = dataset._replace(
        shape=(8, 8, 1),
        sample=lambda key, n: own_entries(dataset, dataset.sample(key, n)),
        held_out=lambda key, n: own_entries(dataset, dataset.held_out(key, n)),
        columns=None,
    )
    expected = hold_out(plain, evaluation, key())
    assert held.floor == expected.floor
    others = np.array(held.reals)
    others[..., 1:] = 1 - others[..., 1:]  # other classes of the same images
    assert held.quality(others) == held.quality(held.reals)
    assert held.quality(held.reals)["sliced_w1"] == 0
    assert {each.shape[1:] for each in seen} == {(8, 8, 1)}
    assert held.classify(own_entries(dataset, again)).shape == (20, 10)


@pytest.mark.parametrize("name", cases(["labels", "text"], soon=("labels",)))
def test_the_table_has_a_row_for_each_class(name, stored):
    _, dataset = stored[1][name]
    run = sampling.open_run(stored[0] / name)
    experiment = run.experiment._replace(dataset=dataset)
    size = min(60, dataset.held_out_count)
    reals = np.asarray(dataset.held_out(key(), size))[None]
    held = held_out.HeldOutSets(reals, {}, lambda fakes: {})
    table = class_tables.class_table(experiment, run.state, held, key())
    console = Console(file=io.StringIO(), width=100)
    console.print(table)
    printed = console.file.getvalue()
    for each in dataset.class_names:
        assert each in printed
    metric = {"labels": "sliced W1", "text": "JS of 4-grams"}[name]
    assert f"{metric} (real to real)" in printed
    if name == "labels":
        streamed = experiment._replace(dataset=dataset._replace(stream=print))
        table = class_tables.class_table(streamed, run.state, held, key())
        console.print(table)
        assert "(too few)" in console.file.getvalue()


@pytest.mark.parametrize("name", cases(["labels", "given", "text"], soon=("given",)))
def test_a_critic_sees_the_condition(name, stored):
    """D(x, y): the same x with another y has another value."""
    run = sampling.open_run(stored[0] / name)
    algorithm, dataset = run.experiment.algorithm, run.experiment.dataset
    critic = algorithm.critic.network
    value = bind(critic, run.state.critic.params, run.state.critic.state)
    x = jax.random.normal(key(), dataset.shape)
    other = x.at[..., list(dataset.told)].add(1.0)
    assert value(x) != value(other)
    assert algorithm.label_weight == algorithm.critic.label_weight == 0


@pytest.mark.long
def test_an_images_grey_follows_what_is_given(tmp_path):
    """Images of one grey, which is given: a generator that is told 0.3 makes 0.3."""
    random = np.random.default_rng(0)
    grey = random.uniform(0, 1, 2000)
    images = grey[:, None, None] + 0.02 * random.normal(size=(2000, 4, 4))
    images = np.rint(255 * images.clip(0, 1)).astype(np.uint8)
    np.savez(tmp_path / "a.npz", images=images, given=grey, given_names=["grey"])
    config = configs.base(data="images", critic="mlp", generator="mlp_image")
    fields = {
        "data.name": f"npz:{tmp_path / 'a.npz'}",
        "data.conditioning": "channels",
        "conditional": True,
        "n_critic": 2,
        "batch_size": 64,
        "critic.hidden": (32,),
        "generator.hidden": (32,),
        "generator.latent": 4,
        "critic_optimiser.learning_rate": 3e-3,
        "generator_optimiser.learning_rate": 3e-3,
    }
    config.update_from_flattened_dict(fields | {"mesh.data": 1})
    experiment = build(configs.resolve(config))
    parts = experiment.algorithm, experiment.hyperparameters
    with unchecked():
        start = init(*parts, key())
        state, _ = jax.jit(partial(train_steps, *parts, count=600))(start)
    dataset = experiment.dataset
    for given in (0.2, 0.5, 0.8):
        told = dataset.columns.conditions.encode({"grey": np.array([given])})
        drawn = draws.draw(parts[0], state.average, key(1), 200, given=told)
        made = own_entries(dataset, draws.concatenate(drawn, 200))
        assert abs((made.mean() + 1) / 2 - given) < 0.1
