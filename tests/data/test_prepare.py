"""TFDS sets of our own making, prepared and read back by name."""

import io
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from tests.helpers import ROOT, run_module
from wgan_gp.data import prepare
from wgan_gp.data.images import load_arrays, open_images
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
    from types import SimpleNamespace as Namespace

    from wgan_gp.data.tfds_sets import _instruction

    splits = {key: Namespace(num_examples=count) for key, count in counts.items()}
    builder = Namespace(name=name, info=Namespace(splits=splits))
    for split, instruction in zip(SPLITS, expected, strict=True):
        if instruction:
            assert _instruction(builder, name, split) == instruction
            continue
        with pytest.raises(ValueError, match=f"{name} has no {split} split"):
            _instruction(builder, name, split)


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


def test_pictures_of_several_sizes_need_one(data_dir):
    with pytest.raises(ValueError, match="several sizes: give size"):
        open_images("invented/sizes", data_dir=data_dir)
    source = open_images("invented/sizes", data_dir=data_dir, size=(3, 2))
    assert source.classes is None
    assert load_arrays(source).image.shape == (36, 3, 2, 3)


def test_arrays_are_encoded_without_tensorflow(data_dir):
    assert numbers("invented/arrays", "test", data_dir) == set(range(N, N + 5))
    assert "tensorflow" not in sys.modules


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
    with pytest.raises(ValueError, match="prepared as tfrecord, expected array_record"):
        open_images("invented/parts", data_dir=data_dir)
    info.write_text(intact)


def test_the_command_prepares_a_set_and_says_where(tmp_path):
    done = run_module(
        "wgan_gp.data.prepare", "digits8x8", "--data_dir", tmp_path, cwd=ROOT
    )
    assert done.returncode == 0
    folder = done.stdout.splitlines()[-1]
    assert folder == str(tmp_path / "digits8x8" / "1.0.0")
    assert open_images("digits8x8", data_dir=tmp_path).count == 1397


def test_the_command_says_in_one_line_what_went_wrong(tmp_path, capsys):
    assert prepare.main(["nowhere", "--data_dir", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: Dataset nowhere not found")


OPEN = """
import sys
from wgan_gp.data.images import open_images
{before}
source = open_images("digits8x8", "test", data_dir=sys.argv[1])
print(source.count, int(source.arrays.image.sum()))
"""
# Half of the pictures are written, and the process is gone.
DIE = """
import os, signal
from wgan_gp.data.builders import digits
kept, encode = [], digits.encode
def dying(image):
    kept.append(image)
    if len(kept) == 900:
        os.kill(os.getpid(), signal.SIGKILL)
    return encode(image)
digits.encode = dying
"""
# Both processes are about to write before one of them has: each waits for the other.
MEET = """
import pathlib, time
from wgan_gp.data.builders import digits
place, stratify = pathlib.Path(sys.argv[1]), digits.stratify
def meeting(*args):
    (place / sys.argv[2]).touch()
    while not all((place / name).exists() for name in "ab"):
        time.sleep(0.01)
    return stratify(*args)
digits.stratify = meeting
"""


def start(before, *arguments):
    command = [sys.executable, "-c", OPEN.format(before=before), *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, text=True, **pipes)


def test_a_set_half_written_by_a_process_that_was_killed_is_written_again(tmp_path):
    killed = start(DIE, tmp_path)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    (left,) = (tmp_path / "digits8x8").iterdir()
    assert left.name.startswith("incomplete")
    assert open_images("digits8x8", data_dir=tmp_path).count == 1397
    assert open_images("digits8x8", data_dir=tmp_path).arrays.image.max() == 255


def test_two_processes_may_prepare_a_set_at_once(tmp_path):
    both = [start(MEET, tmp_path, name) for name in "ab"]
    results = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    assert results[0] == results[1]
    assert results[0][0].startswith("200 ")
    assert results[0][1] == ""
    assert [path.name for path in (tmp_path / "digits8x8").iterdir()] == ["1.0.0"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"digits8x8 cannot be written to .*file"):
        open_images("digits8x8", data_dir=tmp_path / "file")
