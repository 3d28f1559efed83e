"""TFDS sets of our own making, prepared and read back by name."""

import io
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace as Namespace

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from wgan_gp.data import prepare, tfds_sets
from wgan_gp.data.image_sets import load_images
from wgan_gp.data.images import load_arrays, open_images
from wgan_gp.data.reading import some_rows
from wgan_gp.data.sources import SPLITS

N = 40


def encode(index, side=4):
    file = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), index, np.uint8)).save(file, "PNG")
    return file.getvalue()


class Invented(tfds.core.GeneratorBasedBuilder):
    """Pictures of one colour, their number; made as the configuration says."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [  # noqa: RUF012
        tfds.core.BuilderConfig(name=name)
        for name in ("plain", "parts", "corrupt", "arrays", "sizes", "floats")
    ]

    def _info(self):
        kind = self.builder_config.name
        shape = (None, None, 3) if kind == "sizes" else (4, 4, 3)
        if kind == "floats":
            image = tfds.features.Image(shape=(4, 4, 1), dtype=np.float32)
        else:
            image = tfds.features.Image(shape=shape)
        features = {"image": image}
        if kind != "sizes":
            features["label"] = tfds.features.ClassLabel(num_classes=N)
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features)
        )

    def _split_generators(self, dl_manager):
        parts = {"train": range(N), "test": range(N, N + 5)}
        if self.builder_config.name == "parts":
            parts["validation"] = range(N + 5, N + 9)
        return {split: self._generate_examples(part) for split, part in parts.items()}

    def _generate_examples(self, part):
        kind = self.builder_config.name
        for index in part:
            image = encode(index, side=4 + index % 3 if kind == "sizes" else 4)
            if kind == "corrupt" and index == 7:
                image = image[:-40]
            if kind == "arrays":
                image = np.full((4, 4, 3), index, np.uint8)
            example = {"image": image if kind == "arrays" else io.BytesIO(image)}
            yield index, example | ({} if kind == "sizes" else {"label": index % N})


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    path = tmp_path_factory.mktemp("tfds")
    for kind in ("plain", "parts", "corrupt", "arrays", "sizes"):
        prepare.prepare(prepare.make_builder(f"invented/{kind}", path), quiet=True)
    return path


def numbers(name, split, data_dir, **options):
    source = open_images(name, split, data_dir=data_dir, **options)
    images = load_arrays(source).image
    assert np.all(images == images[:, :1, :1, :1])
    return set(images[:, 0, 0, 0].tolist())


def test_the_last_tenth_of_train_is_held_out_where_there_is_no_validation(data_dir):
    parts = [numbers("invented/plain", split, data_dir) for split in SPLITS]
    assert [len(part) for part in parts] == [36, 4, 5]
    assert parts[0] | parts[1] == set(range(N))
    assert parts[2] == set(range(N, N + 5))


def test_a_sets_own_validation_split_is_kept(data_dir):
    assert numbers("invented/parts", "train", data_dir) == set(range(N))
    assert numbers("invented/parts", "validation", data_dir) == set(range(N + 5, N + 9))


def test_labels_belong_to_their_pictures(data_dir):
    source = open_images("invented/plain", data_dir=data_dir)
    assert (source.shape, source.classes, source.arrays) == ((4, 4, 3), N, None)
    images, labels = load_arrays(source)
    np.testing.assert_array_equal(images[:, 0, 0, 0], labels)


@pytest.mark.parametrize(
    ("name", "counts", "expected"),
    [
        (
            "mnist",
            {"train": 60_000, "test": 10_000},
            ["train[:50000]", "train[50000:]", "test"],
        ),
        ("cifar10", {"train": 50_000, "test": 10_000}, ["train", "test", None]),
        ("lsun", {"train": 95, "validation": 3}, ["train", "validation", None]),
        ("faces", {"train": 95}, ["train[:86]", "train[86:]", None]),
    ],
)
def test_splits_of_published_sets(name, counts, expected):
    splits = {key: Namespace(num_examples=count) for key, count in counts.items()}
    builder = Namespace(name=name, info=Namespace(splits=splits))
    for split, instruction in zip(SPLITS, expected, strict=True):
        if instruction:
            assert tfds_sets._split_expression(builder, name, split) == instruction
            continue
        with pytest.raises(ValueError, match=f"{name} has no {split} split"):
            tfds_sets._split_expression(builder, name, split)


@pytest.mark.parametrize("fails", [False, True])
def test_many_records_at_a_time_are_the_same_pictures(data_dir, monkeypatch, fails):
    kind = tfds.core.data_sources.base.BaseDataSource
    original, asked = kind.__getitems__, []

    def many(self, indices):
        asked.append(len(indices))
        if fails:
            raise OSError("one of many")
        return original(self, indices)

    monkeypatch.setattr(kind, "__getitems__", many)
    monkeypatch.setattr(tfds_sets, "_CHUNK", 7)
    source = open_images("invented/plain", "train", data_dir=data_dir)
    images, labels = load_arrays(source, 17)
    assert asked == [7, 7, 3]
    chosen = some_rows(source.count, 17, 0).tolist()
    alone = [source.read(index) for index in chosen]
    np.testing.assert_array_equal(images, [each.image for each in alone])
    np.testing.assert_array_equal(labels, [each.label for each in alone])
    np.testing.assert_array_equal(source.read_labels()[chosen], labels)


def test_corrupt_records_are_named_and_refused_or_skipped(data_dir):
    split = (
        "train" if 7 in numbers("invented/plain", "train", data_dir) else "validation"
    )
    source = open_images("invented/corrupt", split, data_dir=data_dir)
    with pytest.raises(
        ValueError, match=r"record \d+ of invented/corrupt's .*skip_corr"
    ):
        load_arrays(source)
    found = [
        numbers("invented/corrupt", x, data_dir, skip_corrupt=True)
        for x in ("train", "validation")
    ]
    assert set.union(*found) == set(range(N)) - {7}
    opened = open_images(
        "invented/corrupt", split, data_dir=data_dir, skip_corrupt=True
    )
    load_arrays(opened)
    assert len(opened.skipped) == 1


def test_pictures_of_several_sizes_need_one(data_dir):
    with pytest.raises(ValueError, match="several sizes: set data"):
        open_images("invented/sizes", data_dir=data_dir)
    source = open_images("invented/sizes", data_dir=data_dir, size=(3, 2))
    assert source.classes is None
    assert load_arrays(source).image.shape == (36, 3, 2, 3)


def test_arrays_are_encoded_without_tensorflow(data_dir):
    before = set(sys.modules)
    assert numbers("invented/arrays", "test", data_dir) == set(range(N, N + 5))
    assert "tensorflow" not in set(sys.modules) - before


def test_classes_are_those_that_the_set_declares(data_dir):
    source = open_images("invented/plain", data_dir=data_dir)
    assert source.class_names == tuple(map(str, range(N)))
    labels = source.read_labels()
    np.testing.assert_array_equal(labels, load_arrays(source).label)
    assert (
        open_images("invented/sizes", data_dir=data_dir, size=(3, 2)).class_names
        is None
    )


def test_records_can_be_read_in_grey(data_dir):
    source = open_images("invented/plain", data_dir=data_dir, channels=1)
    assert source.shape == (4, 4, 1)
    images, labels = load_arrays(source)
    np.testing.assert_array_equal(images[:, 0, 0, 0], labels)


def test_shares_of_classes_are_those_of_the_records(data_dir):
    """Though none of them is decoded, the set being streamed."""
    dataset = load_images(
        "invented/parts", data_dir=data_dir, conditional=True, resident_bytes=0
    )
    np.testing.assert_allclose(dataset.class_shares, np.full(N, 1 / N))


def test_what_is_skipped_is_left_out(data_dir):
    dataset = load_images("invented/corrupt", data_dir=data_dir, skip_corrupt=True)
    assert dataset.notes == ("1 file left out: 1 corrupt",)
    assert dataset.count + dataset.held_out_count == N - 1


def test_pictures_of_floats_are_refused(data_dir):
    with pytest.raises(ValueError, match="no feature `image` of uint8"):
        open_images("invented/floats", data_dir=data_dir)


def test_a_set_that_is_not_there_is_never_made(tmp_path):
    with pytest.raises(
        ValueError, match=f"prepare invented/plain --data_dir {tmp_path}"
    ):
        open_images("invented/plain", data_dir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_another_file_format_is_refused(data_dir):
    info = data_dir / "invented" / "parts" / "1.0.0" / "dataset_info.json"
    intact = info.read_text()
    info.write_text(intact.replace("array_record", "tfrecord"))
    with pytest.raises(
        ValueError, match=f"prepared as tfrecord.*--data_dir {data_dir}"
    ):
        open_images("invented/parts", data_dir=data_dir)
    info.write_text(intact)


def cut(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file):
    damaged = bytearray(file.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 8] = bytes(byte ^ 255 for byte in damaged[middle:][:8])
    file.write_bytes(damaged)


@pytest.mark.parametrize("damage", [cut, flip, Path.unlink])
def test_damaged_record_files_are_refused(data_dir, tmp_path, damage):
    shutil.copytree(data_dir / "invented", tmp_path / "invented")
    (file,) = (tmp_path / "invented" / "plain").rglob("*train.array_record*")
    damage(file)
    with pytest.raises(ValueError, match=r"record \d+ of invented/plain's train split"):
        load_arrays(open_images("invented/plain", data_dir=tmp_path))


def test_damaged_metadata_are_refused(data_dir, tmp_path):
    shutil.copytree(data_dir / "invented", tmp_path / "invented")
    (tmp_path / "invented" / "plain" / "1.0.0" / "dataset_info.json").write_text("{")
    with pytest.raises(ValueError, match="TFDS cannot open invented/plain"):
        open_images("invented/plain", data_dir=tmp_path)
