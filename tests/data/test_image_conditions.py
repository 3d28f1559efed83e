"""Labels and numbers of images: channels that are constant over each image."""

import re

import jax
import numpy as np
import pytest

from tests.helpers import key, own_tables, resolve
from wgan_gp.build import assemble, build, open_dataset
from wgan_gp.data import DATASETS, Dataset
from wgan_gp.data.conditions import own_entries, told_classes
from wgan_gp.data.image_sets import load_images
from wgan_gp.data.sources import split_indices

N = 60
LABELS = np.array(["b", "a"] * (N // 2))
# Image i is of one grey; those of "a" are light.
GREY = np.arange(N) + np.where(LABELS == "a", 100, 0)
IMAGES = np.broadcast_to(GREY[:, None, None, None], (N, 4, 4, 3)).astype(np.uint8)
GIVEN = np.stack([GREY.astype(float), np.arange(N) % 7], axis=1)


def saved(folder, **arrays):
    np.savez(folder / "a.npz", **{"images": IMAGES} | arrays)
    return f"npz:{folder / 'a.npz'}"


def opened(folder, arrays, conditioning=None, **options):
    return load_images(
        saved(folder, **arrays), conditional=True, conditioning=conditioning, **options
    )


def split(dataset, drawn):
    """The greys in bytes `[n]`, and what is told `[n, k]`, the same at each pixel."""
    drawn = np.asarray(drawn)
    told = drawn[..., list(dataset.told)]
    np.testing.assert_array_equal(told, np.broadcast_to(told[:, :1, :1], told.shape))
    own = own_entries(dataset, drawn)
    assert own.shape[1:] == (4, 4, 3)
    return np.rint((own[:, 0, 0, 0] + 1) * 127.5).astype(int), told[:, 0, 0]


def drawn_of(dataset, n=100):
    """A batch of training samples, as a step gets them."""
    if dataset.stream is None:
        return jax.jit(dataset.sample, static_argnums=1)(key(), n)
    batches = dataset.stream(40, 0)
    raw = next(batches)
    batches.close()
    return dataset.sample(key(), raw)


@pytest.mark.parametrize("resident_bytes", [2**31, 0])
def test_labels_are_channels_of_their_own_images(resident_bytes, tmp_path):
    arrays = {"labels": LABELS}
    dataset = opened(tmp_path, arrays, "channels", resident_bytes=resident_bytes)
    assert (dataset.stream is None) == (resident_bytes > 0)
    assert dataset.shape == (4, 4, 5)
    assert dataset.own_shape == (4, 4, 3)
    assert (dataset.classes, dataset.class_names) == (2, ("a", "b"))
    for drawn in (drawn_of(dataset), dataset.held_out(key(), 6)):
        greys, told = split(dataset, drawn)
        np.testing.assert_array_equal(told, np.eye(2)[(greys < 100).astype(int)])
    np.testing.assert_array_equal(told_classes(dataset, [1, 0]), [[0, 1], [1, 0]])


@pytest.mark.parametrize("resident_bytes", [2**31, 0])
def test_numbers_are_standardised_channels(resident_bytes, tmp_path):
    arrays = {"given": GIVEN, "given_names": ["grey", "day"]}
    dataset = opened(tmp_path, arrays, resident_bytes=resident_bytes)
    assert dataset.shape == (4, 4, 5)
    assert dataset.classes is None
    assert dataset.columns.given == ("grey", "day")
    learned = GIVEN[split_indices(N, "train")]
    scaled = (learned - learned.mean(axis=0)) / learned.std(axis=0)
    np.testing.assert_allclose(dataset.conditions, scaled, rtol=1e-5, atol=1e-6)
    for drawn in (drawn_of(dataset), dataset.held_out(key(), 6)):
        greys, told = split(dataset, drawn)
        found = dataset.columns.conditions.decode(told)
        np.testing.assert_allclose(found["grey"], greys, atol=1e-3)
        of_grey = dict(zip(GREY.tolist(), GIVEN[:, 1]))
        days = [of_grey[grey] for grey in greys.tolist()]
        np.testing.assert_allclose(found["day"], days, atol=1e-4)


def test_a_users_own_splits_have_their_own_numbers(tmp_path):
    parts = {"train": slice(40), "validation": slice(40, 50), "test": slice(50, 60)}
    arrays = {f"{x}_images": IMAGES[at] for x, at in parts.items()}
    arrays |= {f"{x}_given": GIVEN[at] for x, at in parts.items()}
    np.savez(tmp_path / "a.npz", **arrays)
    dataset = load_images(f"npz:{tmp_path / 'a.npz'}", conditional=True)
    greys, told = split(dataset, dataset.held_out(key(), 10))
    assert sorted(greys) == sorted(GREY[40:50])
    found = dataset.columns.conditions.decode(told)["given1"]
    np.testing.assert_allclose(found, greys, atol=1e-3)


def test_without_conditional_they_are_ignored(tmp_path):
    broken = {"given": np.array(["no numbers"])}
    dataset = load_images(saved(tmp_path, **broken))
    assert dataset.shape == (4, 4, 3)
    assert dataset.columns is None


def test_labels_go_to_a_classifier_unless_they_are_asked_for(tmp_path):
    for conditioning in (None, "classifier"):
        dataset = opened(tmp_path, {"labels": LABELS}, conditioning)
        images, labels = dataset.sample(key(), 5)
        assert images.shape == (5, 4, 4, 3)
        assert labels.shape == (5,)
        assert dataset.held_out(key(), 3).shape == (3, 4, 4, 3)
        assert not dataset.told


REFUSED = {
    "neither": ({}, None, "has no labels: conditional must be False"),
    "both": ({"labels": LABELS, "given": GIVEN}, None, "both labels and given"),
    "a classifier of numbers": (
        {"given": GIVEN},
        "classifier",
        "has no labels, which data.conditioning = 'classifier' needs",
    ),
    "another length": ({"given": GIVEN[:9]}, None, "given must be [60, 2], a row an"),
    "text": ({"given": LABELS}, None, "given must be numbers [N, k]"),
    "a gap": (
        {"given": np.where(GIVEN > 158, np.nan, GIVEN)},
        None,
        "row 60: given has no finite number in column 1",
    ),
    "constant": ({"given": np.ones(N)}, None, "given 'given1' is constant"),
    "names": (
        {"given": GIVEN, "given_names": ["u"]},
        None,
        "given_names must be 2 names",
    ),
    "the name of a channel": (
        {"given": GIVEN, "given_names": ["x2", "u"]},
        None,
        "given_names has 'x2', which is the name of a channel",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_condition_is_refused_in_one_line(name, tmp_path):
    arrays, conditioning, message = REFUSED[name]
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        opened(tmp_path, arrays, conditioning)
    assert "\n" not in str(raised.value)
    assert str(tmp_path / "a.npz") in str(raised.value)


@pytest.mark.parametrize("noun", ["given", "labels"])
def test_held_out_images_need_conditions_too(noun, tmp_path):
    values = {"given": GIVEN, "labels": LABELS}[noun]
    arrays = {"train_images": IMAGES, f"train_{noun}": values}
    np.savez(tmp_path / "a.npz", **arrays, validation_images=IMAGES)
    named = {"conditional": True, "conditioning": "channels"}
    with pytest.raises(ValueError, match="holds out images without") as raised:
        load_images(f"npz:{tmp_path / 'a.npz'}", **named)
    assert str(raised.value).endswith("add them to its validation split")


def test_a_choice_without_effect_is_refused(tmp_path):
    fields = {"data.name": saved(tmp_path), "data.conditioning": "channels"}
    with pytest.raises(ValueError, match="has an effect only with conditional = True"):
        open_dataset(resolve("digits", "smoke", **fields))


def test_a_network_without_a_classifier_takes_channels(tmp_path):
    """`good` has no classifier, and no entries for a class."""
    fields = {
        "data.name": saved(tmp_path, labels=LABELS),
        "data.size": None,
        "conditional": True,
        "generator.multipliers": (1, 1),
        "critic.multipliers": (1,),
        "batch_size": 4,
    }
    with pytest.raises(ValueError, match=r"with data\.conditioning = 'channels' they"):
        resolve("lsun64", "smoke", **fields)
    settings = resolve("lsun64", "smoke", **fields, **{"data.conditioning": "channels"})
    assert assemble(settings, open_dataset(settings)).algorithm.label_weight == 0


def test_a_step_of_a_streamed_set_is_traced_with_its_own_channels(tmp_path):
    fields = {"data.conditioning": "channels", "data.resident_bytes": 0, "steps": 1}
    named = {"data.name": saved(tmp_path, labels=LABELS), "conditional": True}
    small = {"critic.multipliers": (1,), "generator.multipliers": (1,)}
    more = {"batch_size": 4, "eval_samples": 3}
    build(resolve("digits", "smoke", **fields, **named, **small, **more))


def test_a_sampler_of_images_with_labels_has_them_as_channels():
    def sample(key, n):
        return jax.random.normal(key, (n, 4, 4, 1)), jax.numpy.arange(n) % 3

    fields = {"data.name": "own", "data.conditioning": "channels", "conditional": True}
    settings = resolve("digits", "smoke", **fields)
    with own_tables():
        DATASETS["own"] = Dataset("own", (4, 4, 1), sample, classes=3)
        dataset = open_dataset(settings)
    assert dataset.shape == (4, 4, 4)
    drawn = np.asarray(dataset.sample(key(), 4))
    np.testing.assert_array_equal(drawn[:, 3, 2, 1:], np.eye(3)[[0, 1, 2, 0]])
