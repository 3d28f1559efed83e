"""Data sets of images: their classes, what is left out, what is refused."""

import io
from functools import partial

import jax
import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from tests.helpers import key, resolve
from wgan_gp import build
from wgan_gp.data.image_sets import load_images
from wgan_gp.data.images import open_images
from wgan_gp.data.sources import load_arrays, source_from_arrays
from wgan_gp.runs import loop

IMAGES = np.random.RandomState(3).randint(0, 256, (60, 8, 8, 1), np.uint8)


def own_set(folder, images=IMAGES, **labels):
    np.savez(folder / "own.npz", images=images, **labels)
    return f"npz:{folder / 'own.npz'}"


def counts(labels, classes):
    return np.bincount(np.asarray(labels), minlength=classes)


@pytest.mark.parametrize("resident_bytes", [2**31, 0])
def test_generated_labels_follow_the_shares_of_the_train_split(
    tmp_path, resident_bytes
):
    """Chi-square of 2 degrees of freedom; a class that training lacks is not drawn."""
    train = np.repeat(["dog", "cat", "fox"], [5, 4, 1])
    labels = {"train_labels": train, "validation_labels": np.array(["ape", "cat"])}
    np.savez(
        tmp_path / "own.npz",
        train_images=IMAGES[:10],
        validation_images=IMAGES[10:12],
        **labels,
    )
    dataset = load_images(
        f"npz:{tmp_path / 'own.npz'}", conditional=True, resident_bytes=resident_bytes
    )
    assert (dataset.classes, dataset.held_out_count) == (4, 2)
    assert dataset.class_names == ("ape", "cat", "dog", "fox")
    np.testing.assert_allclose(dataset.class_shares, [0, 0.4, 0.5, 0.1])
    assert dataset.notes == (
        "no picture of 1 of the 4 classes is in the train split, and none will be"
        " generated: ape",
    )
    draw = partial(
        build.gaussian_latent, dimension=2, classes=4, shares=dataset.class_shares
    )
    latents, drawn = draw(key(), 5000)
    assert latents.shape == (5000, 2)
    absent, *found = counts(drawn, 4)
    assert absent == 0
    expected = np.array([2000, 2500, 500])
    assert np.sum((np.array(found) - expected) ** 2 / expected) < 13.9  # 0.1 %


def test_the_latents_of_an_experiment_have_its_shares(tmp_path, monkeypatch):
    name = own_set(tmp_path, labels=np.where(np.arange(60) % 4, 3, 7))
    config = resolve(
        "cifar10_resnet",
        "smoke",
        **{"data.name": name, "conditional": True, "eval_samples": 1},
    )
    monkeypatch.setattr(build, "_trace", lambda *_: None)
    experiment = build.build(config)
    shares = experiment.dataset.class_shares
    real = open_images(name).arrays.label
    np.testing.assert_allclose(shares, counts(real, 2) / 48)
    _, labels = jax.jit(experiment.algorithm.sample_latent, static_argnums=1)(
        key(), 4000
    )
    expected = 4000 * shares
    assert np.sum((counts(labels, 2) - expected) ** 2 / expected) < 10.9  # 0.1 %


def test_labels_that_are_not_learned_are_not_told(tmp_path):
    dataset = load_images(own_set(tmp_path, labels=np.arange(60) % 3))
    assert (dataset.classes, dataset.class_names, dataset.class_shares) == (None,) * 3


def test_what_is_left_out_is_named_and_counted(tmp_path):
    for index in range(20):
        Image.fromarray(IMAGES[index, ..., 0]).save(tmp_path / f"{index:02}.png")
    (tmp_path / "[b]a.txt").write_bytes(b"")
    (tmp_path / "00.png").write_bytes(b"")
    Image.fromarray(IMAGES[1, :5, :, 0]).save(tmp_path / "01.png")
    whole = (tmp_path / "02.png").read_bytes()
    (tmp_path / "02.png").write_bytes(whole[:-60])
    dataset = load_images(f"folder:{tmp_path}", skip_corrupt=True)
    assert (dataset.count, dataset.held_out_count) == (14, 1)  # of 16 and 2
    assert set(dataset.left_out) == {
        f"{tmp_path / '[b]a.txt'}: with other suffixes (.txt)",
        f"{tmp_path / '00.png'}: corrupt",
        f"{tmp_path / '01.png'}: of another size (5 x 8)",
        f"{tmp_path / '02.png'}: corrupt",
    }
    line = (
        "4 files left out: 2 corrupt, 1 with other suffixes (.txt), 1 of another size"
        " (5 x 8)"
    )
    assert dataset.notes == (line,)


def test_a_run_says_first_what_is_left_out(tmp_path, monkeypatch):
    config = resolve("digits", "smoke")
    dataset = load_images("digits8x8")._replace(notes=("1 file left out: [bold]",))
    experiment = build.assemble(config, dataset)

    def stop(*_):
        raise InterruptedError

    monkeypatch.setattr(loop, "hold_out", stop)
    said = io.StringIO()
    with pytest.raises(InterruptedError):
        loop.run(config, tmp_path, experiment, console=Console(file=said))
    assert said.getvalue() == "1 file left out: [bold]\n"


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (IMAGES, None, "has no labels"),
        (IMAGES, np.arange(60) % 11, "has 11 classes"),
        (IMAGES[:, :3], np.arange(60) % 3, "has pictures of 3 x 8"),
    ],
)
def test_features_of_digits_are_refused_for_what_are_none(
    tmp_path, images, labels, words
):
    """When the experiment is built: before its folder is made."""
    name = own_set(tmp_path, images, **({} if labels is None else {"labels": labels}))
    fields = {"data.name": name, "features.network": "digits", "eval_samples": 4}
    config = resolve("digits", "smoke", **fields)
    with pytest.raises(ValueError, match=words) as caught:
        build.open_dataset(config)
    assert str(caught.value).startswith("features.network = 'digits': npz:")
    assert str(caught.value).endswith("set it to 'none'")


@pytest.mark.parametrize(("channels", "read"), [(None, 3), (1, 1)])
def test_features_of_digits_are_for_pictures_in_colour_too(tmp_path, channels, read):
    name = own_set(tmp_path, np.repeat(IMAGES, 3, axis=3), labels=np.arange(60) % 3)
    fields = {"data.name": name, "features.network": "digits", "eval_samples": 4}
    if channels:
        fields["data.channels"] = channels
    dataset = build.open_dataset(resolve("digits", "smoke", **fields))
    assert dataset.shape == (8, 8, read)


def folder_of_classes(folder, each):
    for number, name in enumerate(("ant", "bee", "cat", "dog", "eel")):
        (folder / name).mkdir()
        for i in range(each):
            grey = np.full((8, 8), 50 * number, np.uint8)
            Image.fromarray(grey).save(folder / name / f"{i}.png")
    return f"folder:{folder}"


def test_a_part_of_the_held_out_pictures_has_all_classes(tmp_path):
    """A folder's pictures are sorted by class: the first would be of one."""
    name = folder_of_classes(tmp_path, 100)
    dataset = load_images(name, held_out_bytes=30 * 64)
    assert dataset.held_out_count == 30
    assert dataset.notes[-1] == (
        "30 of 50 held-out pictures are kept, chosen at random"
    )
    pixels = np.asarray(dataset.held_out(key(), 30))[:, 0, 0, 0]
    assert len(np.unique(pixels)) == 5
    again = np.asarray(load_images(name, held_out_bytes=30 * 64).held_out(key(), 30))
    np.testing.assert_array_equal(again[:, 0, 0, 0], pixels)
    assert not load_images(name, held_out_bytes=50 * 64).notes


@pytest.mark.parametrize("resident", [True, False])
def test_some_examples_of_a_split_have_all_classes(resident):
    labels = np.repeat(np.arange(5), 100)
    images = np.broadcast_to(labels[:, None, None, None], (500, 8, 8, 1))
    source = source_from_arrays("own", "validation", images.astype(np.uint8), labels, 5)
    if not resident:
        source = source._replace(arrays=None)
    some = load_arrays(source, 40)
    np.testing.assert_array_equal(some.image[:, 0, 0, 0], some.label)
    assert len(some.label) == 40
    assert counts(some.label, 5).min() > 0
