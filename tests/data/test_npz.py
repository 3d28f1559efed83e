import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from wgan_gp.data.images import open_all_splits, open_images
from wgan_gp.data.sources import SPLITS

IMAGES = np.random.RandomState(0).randint(0, 256, (50, 4, 5, 3), np.uint8)
LABELS = np.arange(50) % 7


def save(path, **arrays):
    np.savez(path / "set.npz", **arrays)
    return f"npz:{path / 'set.npz'}"


def hostile_header(path, shape, dtype="|u1", payload=b""):
    """A file whose header declares more than there is."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": dtype, "fortran_order": False, "shape": shape}
    )
    with zipfile.ZipFile(path / "set.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", header.getvalue() + payload)
    return f"npz:{path / 'set.npz'}"


def refuse(name, *words, **options):
    with pytest.raises(ValueError, match=r".") as caught:
        open_images(name, **options)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_splits_are_80_10_10_percent_and_together_the_whole(tmp_path):
    name = save(tmp_path, images=IMAGES, labels=LABELS)
    parts = [open_images(name, split) for split in ("train", "validation", "test")]
    assert [part.count for part in parts] == [40, 5, 5]
    assert {part.classes for part in parts} == {7}
    assert {part.shape for part in parts} == {(4, 5, 3)}
    label_of = {image.tobytes(): label for image, label in zip(IMAGES, LABELS)}
    seen = {}
    for part in parts:
        for index in range(part.count):
            image, label = part.read(index)
            seen[image.tobytes()] = label
    assert seen == label_of


def test_splits_do_not_change(tmp_path):
    name = save(tmp_path, images=IMAGES)
    held = open_images(name, "validation").arrays.image
    found = [
        int(np.flatnonzero(np.equal(IMAGES, x).all(axis=(1, 2, 3)))[0]) for x in held
    ]
    assert found == [9, 19, 21, 36, 39]


def test_a_file_may_bring_its_own_splits(tmp_path):
    name = save(
        tmp_path,
        train_images=IMAGES[:30],
        test_images=IMAGES[30:],
        test_labels=LABELS[30:],
    )
    assert open_images(name, "train").classes is None
    np.testing.assert_array_equal(open_images(name, "train").arrays.image, IMAGES[:30])
    np.testing.assert_array_equal(open_images(name, "test").arrays.label, LABELS[30:])
    refuse(name, "no array validation_images", "train_images", split="validation")


def test_grey_images_get_a_channel(tmp_path):
    source = open_images(save(tmp_path, images=IMAGES[..., 0]))
    assert source.shape == (4, 5, 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_become_the_bytes_they_came_from(tmp_path, dtype):
    floats = (IMAGES / 255).astype(dtype)
    name = save(tmp_path, train_images=floats)
    np.testing.assert_array_equal(open_images(name).arrays.image, IMAGES)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (IMAGES / 127.5 - 1, ["must lie in [0, 1], got [-1, 1]"]),
        (np.where(IMAGES < 9, np.nan, 0.5), ["got [nan, nan]"]),
        (np.full((9, 2, 2), np.inf), ["inf"]),
        (IMAGES.astype(np.int64), ["uint8", "got int64"]),
        (IMAGES > 3, ["got bool"]),
        (IMAGES[:, :, 0, 0], ["got [50, 4]"]),
        (IMAGES.transpose(0, 3, 1, 2), ["C = 1 or 3, got [50, 3, 4, 5]"]),
        (IMAGES[:0], ["got [0, 4, 5, 3]"]),
        (IMAGES[:2], ["at least 3 images", "got 2"]),
        (np.array([{}, {}, {}]), ["Python objects"]),
    ],
)
def test_images_of_another_kind_are_refused(tmp_path, images, words):
    refuse(save(tmp_path, images=images), *words)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (LABELS[:9], ["integers [50]", "[9]"]),
        (LABELS / 2, ["float64"]),
        (LABELS - 1, ["at least 0", "got -1 to 5"]),
        (LABELS + 2**31, ["below 2^31"]),
    ],
)
def test_labels_of_another_kind_are_refused(tmp_path, labels, words):
    refuse(save(tmp_path, images=IMAGES, labels=labels), *words)


def test_pickles_are_never_opened(tmp_path):
    """The object's reduction would raise something else than the refusal."""

    class Trap:
        def __reduce__(self):
            return exec, ("raise SystemExit('unpickled')",)

    refuse(save(tmp_path, images=np.array([Trap()] * 5)), "Python objects")


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((10**6, 10**3, 10**3, 3), "|u1"),
        ((2**62, 2**62, 4), "|u1"),
        ((9, 99, 99), "|V999999"),
    ],
)
def test_a_declared_size_over_the_limit_is_refused_before_reading(
    tmp_path, shape, dtype
):
    refuse(
        hostile_header(tmp_path, shape, dtype), "bytes, more than the", "fewer samples"
    )


def test_a_zip_that_grows_over_the_limit_is_refused(tmp_path):
    name = hostile_header(tmp_path, (10, 2, 2), payload=bytes(10**6))
    assert (tmp_path / "set.npz").stat().st_size < 3000
    refuse(name, "more than the 100000 allowed", max_bytes=100_000)


def test_the_limit_is_on_the_bytes_of_one_array(tmp_path):
    name = save(tmp_path, images=IMAGES)
    size = IMAGES.nbytes + 128  # with its header
    assert open_images(name, max_bytes=size).count == 40
    refuse(name, f"takes {size} bytes", max_bytes=size - 1)


def test_files_that_are_no_arrays_are_refused(tmp_path):
    file = tmp_path / "set.npz"
    refuse(f"npz:{file}", "there is no file")
    file.write_bytes(b"\x80\x04N.")
    refuse(f"npz:{file}", "not a readable .npz file")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("images.npy", b"nothing")
    refuse(f"npz:{file}", "not an array")
    refuse(hostile_header(tmp_path, (9, 8, 8)), "corrupt")
    refuse(save(tmp_path, pictures=IMAGES), "no array images", "pictures")
    refuse(save(tmp_path, images=IMAGES), "resize them before", size=(8, 8))


def test_a_damaged_file_is_refused(tmp_path):
    name = save(tmp_path, images=IMAGES)
    file = tmp_path / "set.npz"
    intact = file.read_bytes()
    file.write_bytes(intact[: len(intact) // 2])
    refuse(name, "not a readable .npz file")
    flipped = bytearray(intact)
    flipped[len(intact) // 2] ^= 255
    file.write_bytes(bytes(flipped))
    refuse(name, "CRC")


def labels_of(tmp_path, labels, images=IMAGES):
    """Names of the classes, and the numbers of all labels in the file's order."""
    name = save(tmp_path, train_images=images, train_labels=labels)
    source = open_images(name)
    assert source.classes == len(source.class_names)
    numbers = source.arrays.label
    assert numbers.dtype == np.int32
    np.testing.assert_array_equal(source.read_labels(), numbers)
    return source.class_names, numbers.tolist()


TWO = np.arange(50) % 2


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (LABELS, tuple("0123456")),
        (TWO, ("0", "1")),
        (np.where(TWO, 7, 3), ("3", "7")),
        (TWO + 1, ("1", "2")),
        (np.where(TWO, 7, 3)[:, None], ("3", "7")),
        (np.where(TWO, 10.0, 9.0), ("9", "10")),
        (np.where(TWO, 10, 9).astype(np.float16), ("9", "10")),
        (TWO == 1, ("False", "True")),
        (np.where(TWO, "dog", "cat"), ("cat", "dog")),
        (np.where(TWO, "dog", "cat").astype(bytes), ("cat", "dog")),
        (np.where(TWO, "é", "a").astype("U9")[:, None], ("a", "é")),
        (TWO.astype(np.uint64) + 2**31 - 2, (str(2**31 - 2), str(2**31 - 1))),
    ],
)
def test_labels_become_numbers_without_gaps_and_keep_their_names(
    tmp_path, labels, names
):
    found, numbers = labels_of(tmp_path, labels)
    assert found == names
    assert numbers == (LABELS if len(names) == 7 else TWO).tolist()


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.eye(7)[LABELS], ["[50, 7]", "argmax(axis=1)"]),
        (np.where(TWO, np.nan, 1), ["or text", "float64"]),
        (np.where(TWO, np.inf, 1), ["float64"]),
        (np.where(TWO, 1e300, 1), ["below 2^31"]),
        (-1.0 * TWO, ["at least 0", "without a label"]),
        (LABELS.astype(complex), ["complex128"]),
        (np.array([b"\xff"] * 50), ["UTF-8"]),
        (LABELS.astype("M8[D]"), ["datetime64"]),
    ],
)
def test_what_cannot_be_labels_is_refused(tmp_path, labels, words):
    refuse(save(tmp_path, images=IMAGES, labels=labels), *words)


def test_classes_have_the_same_number_in_all_splits(tmp_path):
    arrays = {f"{x}_images": IMAGES[:2] for x in ("train", "validation", "test")}
    labels = {
        "train_labels": [2, 9],
        "validation_labels": [9, 4],
        "test_labels": [9, 9],
    }
    name = save(tmp_path, **arrays, **labels)
    for split, numbers in (("train", [0, 2]), ("validation", [2, 1]), ("test", [2, 2])):
        source = open_images(name, split)
        assert source.class_names == ("2", "4", "9")
        assert source.arrays.label.tolist() == numbers
    labels["test_labels"] = ["9", "9"]
    refuse(save(tmp_path, **arrays, **labels), "text in some splits")


def test_splits_of_two_sizes_are_refused_by_their_names(tmp_path):
    name = save(tmp_path, train_images=IMAGES, test_images=IMAGES[:, :3])
    refuse(name, "test_images are 3 x 5, and train_images 4 x 5")


def test_splits_in_grey_and_in_colour_are_read_in_colour_or_as_is_said(tmp_path):
    name = save(tmp_path, train_images=IMAGES[..., 0], validation_images=IMAGES)
    (line,) = open_all_splits(name).notes
    assert "validation_images are in colour and train_images grey" in line
    train, held_out = (open_images(name, x).arrays.image for x in SPLITS[:2])
    np.testing.assert_array_equal(train, np.repeat(IMAGES[..., :1], 3, axis=-1))
    np.testing.assert_array_equal(held_out, IMAGES)
    grey = open_images(name, "validation", channels=1).arrays.image
    pillow = [np.asarray(Image.fromarray(each).convert("L")) for each in IMAGES]
    np.testing.assert_array_equal(grey[..., 0], pillow)
