"""MNIST's and CIFAR-10's own files: read without TensorFlow, checked, and written."""

import gzip

import numpy as np
import pytest

from wgan_gp.data import images, prepare
from wgan_gp.data.builders.published_files import read_published

IDX = {"train": "train", "test": "t10k"}


def write_idx(path, array, compressed=False):
    header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">i4").tobytes()
    content = header + array.tobytes()
    if compressed:
        path = path.with_name(f"{path.name}.gz")
        content = gzip.compress(content)
    path.write_bytes(content)


def digits(folder, counts=(30, 10), compressed=False):
    random, made = np.random.default_rng(0), {}
    for (split, start), n in zip(IDX.items(), counts):
        pictures = random.integers(0, 256, (n, 28, 28), np.uint8)
        labels = (np.arange(n) % 10).astype(np.uint8)
        write_idx(folder / f"{start}-images-idx3-ubyte", pictures, compressed)
        write_idx(folder / f"{start}-labels-idx1-ubyte", labels, compressed)
        made[split] = pictures[..., None], labels
    return made


def cifar(folder):
    random, parts = np.random.default_rng(0), []
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        labels = random.integers(0, 10, (4, 1), np.uint8)
        pixels = random.integers(0, 256, (4, 3, 32, 32), np.uint8)
        records = np.concatenate([labels, pixels.reshape(4, -1)], axis=1)
        (folder / f"{name}.bin").write_bytes(records.tobytes())
        parts.append((np.moveaxis(pixels, 1, -1), labels[:, 0]))
    train = tuple(map(np.concatenate, zip(*parts[:5])))
    return {"train": train, "test": parts[5]}


@pytest.mark.parametrize("compressed", [False, True])
def test_idx_files_are_read(tmp_path, compressed):
    expected = digits(tmp_path, compressed=compressed)
    found = read_published("fashion_mnist", tmp_path)
    for split, (pictures, labels) in expected.items():
        np.testing.assert_array_equal(found[split].images, pictures)
        np.testing.assert_array_equal(found[split].labels, labels)


def test_binary_files_are_read_from_the_archives_folder(tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    expected = cifar(folder)
    found = read_published("cifar10", tmp_path)
    for split, (pictures, labels) in expected.items():
        np.testing.assert_array_equal(found[split].images, pictures)
        np.testing.assert_array_equal(found[split].labels, labels)


@pytest.mark.parametrize("name", ["fashion_mnist", "cifar10"])
def test_the_command_writes_a_set_that_is_read_back(name, tmp_path, capsys):
    source = tmp_path / "source"
    source.mkdir()
    made = digits(source) if name == "fashion_mnist" else cifar(source)
    flags = ("--source", str(source), "--data_dir", str(tmp_path / "sets"))
    assert prepare.main(["prepare", name, *flags]) == 0, capsys.readouterr().err
    opened = (
        images.open_images(name, "test", data_dir=str(tmp_path / "sets"))
        if (name == "fashion_mnist")
        else images.open_images(name, "validation", data_dir=str(tmp_path / "sets"))
    )
    pictures, _ = made["test"]
    found = [opened.read(i).image.tobytes() for i in range(opened.count)]
    assert sorted(found) == sorted(each.tobytes() for each in pictures)
    assert prepare.main(["prepare", name, *flags]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{tmp_path / 'sets' / name}" in line
    assert "--source has no effect: remove that folder, or name another" in line


def damage(path, content):
    path.write_bytes(content(path.read_bytes()))


DAMAGED = {
    "missing": (
        lambda f: (f / "t10k-labels-idx1-ubyte").unlink(),
        "has no file t10k-l",
    ),
    "short": (
        lambda f: damage(f / "train-images-idx3-ubyte", lambda b: b[:-1]),
        "23,519 bytes where its header says 30 x 28 x 28",
    ),
    "no header": (
        lambda f: damage(f / "train-images-idx3-ubyte", lambda b: b"abc"),
        "not an IDX file of bytes with 3 axes",
    ),
    "counts": (
        lambda f: write_idx(f / "train-labels-idx1-ubyte", np.zeros(29, np.uint8)),
        "train has 30 pictures and 29 labels",
    ),
    "labels": (
        lambda f: write_idx(f / "train-labels-idx1-ubyte", np.full(30, 10, np.uint8)),
        "the label 10",
    ),
    "size": (
        lambda f: write_idx(
            f / "train-images-idx3-ubyte", np.zeros((30, 8, 8), np.uint8)
        ),
        "train has pictures of (8, 8, 1)",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_refused_before_anything_is_written(name, tmp_path, capsys):
    source = tmp_path / "source"
    source.mkdir()
    digits(source)
    spoil, message = DAMAGED[name]
    spoil(source)
    flags = ("--source", str(source), "--data_dir", str(tmp_path / "sets"))
    assert prepare.main(["prepare", "mnist", *flags]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "sets").exists()


def test_other_sets_have_no_files_to_read(tmp_path, capsys):
    assert prepare.main(["prepare", "cifar100", "--source", str(tmp_path)]) == 2
    assert "--source is for mnist, fashion_mnist, cifar10" in capsys.readouterr().err
    assert prepare.main(["prepare", "mnist", "--source", str(tmp_path / "no")]) == 2
    assert "is no folder" in capsys.readouterr().err
