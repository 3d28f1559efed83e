import errno
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from wgan_gp.data.images import load_arrays, open_all_splits, open_images
from wgan_gp.data.sources import split_indices, summarise_left_out

SPLITS = ("train", "validation", "test")
PICTURES = np.random.RandomState(1).randint(0, 256, (20, 6, 7, 3), np.uint8)


def save(file, pixels, **options):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file, **options)


@pytest.fixture
def folder(tmp_path):
    for index, pixels in enumerate(PICTURES):
        save(tmp_path / "set" / f"{index:02}.png", pixels)
    return tmp_path / "set"


@pytest.fixture
def classed(tmp_path):
    for index, pixels in enumerate(PICTURES):
        save(tmp_path / "set" / ["cat", "dog"][index % 2] / f"{index:02}.png", pixels)
    return tmp_path / "set"


def open_all(folder, **options):
    return [open_images(f"folder:{folder}", split, **options) for split in SPLITS]


def first_of(folder, split="train"):
    """The file that is read first."""
    source = open_images(f"folder:{folder}", split)
    (index,) = [
        i for i, x in enumerate(PICTURES) if np.array_equal(x, source.read(0).image)
    ]
    (file,) = folder.rglob(f"{index:02}.png")
    return file


def refuse(folder, *words, **options):
    with pytest.raises(ValueError, match=r".") as caught:
        load_arrays(open_images(f"folder:{folder}", **options))
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert str(word) in message


def bomb(width, height):
    """The first bytes of a PNG that claims this size."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data)


def test_splits_are_80_10_10_percent_and_together_the_whole(folder):
    parts = open_all(folder)
    assert [part.count for part in parts] == [16, 2, 2]
    assert all(part.arrays is None and part.classes is None for part in parts)
    seen = {part.read(i).image.tobytes() for part in parts for i in range(part.count)}
    assert seen == {pixels.tobytes() for pixels in PICTURES}


def test_subfolders_are_classes(classed):
    label_of = {pixels.tobytes(): i % 2 for i, pixels in enumerate(PICTURES)}
    for part in open_all(classed):
        assert part.classes == 2
        images, labels = load_arrays(part)
        assert labels.dtype == np.int32
        assert [label_of[image.tobytes()] for image in images] == labels.tolist()


def test_classes_are_the_same_in_every_split(tmp_path):
    for index, pixels in enumerate(PICTURES):
        save(tmp_path / f"class{index:02}" / "a.png", pixels)
    assert {part.classes for part in open_all(tmp_path)} == {20}


def test_a_folder_may_bring_its_own_splits(tmp_path):
    for index, pixels in enumerate(PICTURES):
        split = "train" if index < 15 else "test"
        save(tmp_path / split / f"{index % 3}" / f"{index:02}.png", pixels)
    assert open_images(f"folder:{tmp_path}", "train").count == 15
    assert open_images(f"folder:{tmp_path}", "test").count == 5
    refuse(tmp_path, "none named validation", split="validation")


def test_grey_pictures_have_one_channel_and_a_mixture_three(tmp_path):
    for index in range(5):
        save(tmp_path / f"{index}.png", PICTURES[index, ..., 0])
    source = open_images(f"folder:{tmp_path}")
    assert source.shape == (6, 7, 1)
    assert source.read(0).image.shape == (6, 7, 1)
    for index in range(5, 40):
        save(tmp_path / f"{index:02}.png", PICTURES[index % 20])
    parts = open_all(tmp_path)
    assert all(part.read(i).image.shape == (6, 7, 3) for part in parts for i in (0, 1))


@pytest.mark.parametrize(
    "suffix", ["jpg", "JPEG", "webp", "bmp", "ppm", "tif", "TIFF", "gif"]
)
def test_other_formats_are_read(tmp_path, suffix):
    flat = np.full((8, 8, 3), (200, 90, 30), np.uint8)
    for index in range(4):
        save(tmp_path / f"{index}.{suffix}", flat)
    np.testing.assert_allclose(
        open_images(f"folder:{tmp_path}").read(0).image, flat, atol=4
    )


def test_size_crops_to_the_aspect_in_the_middle_and_scales(tmp_path):
    """Red borders left and right of a square are cut off."""
    pixels = np.full((20, 40, 3), (255, 0, 0), np.uint8)
    pixels[:, 10:30] = (0, 0, 255)
    for index in range(4):
        save(tmp_path / f"{index}.png", pixels[: 20 - 2 * index, index : 40 - index])
    source = open_images(f"folder:{tmp_path}", size=(5, 5))
    assert source.shape == (5, 5, 3)
    image = source.read(0).image
    np.testing.assert_array_equal(image, np.broadcast_to((0, 0, 255), (5, 5, 3)))


def test_another_size_is_named_and_refused_or_skipped_with_a_count(folder):
    file = first_of(folder)
    save(file, PICTURES[0][:5])
    refuse(folder, file, "5 x 7", "6 x 7", "data.size")
    source = open_images(f"folder:{folder}", skip_corrupt=True)
    assert source.count == 15
    assert source.skipped == {str(file)}
    assert open_images(f"folder:{folder}", size=(6, 7)).count == 16


def test_a_corrupt_header_is_named_and_refused_or_skipped_with_a_count(folder):
    file = first_of(folder)
    file.write_bytes(b"GIF89a nothing")
    refuse(folder, file, "cannot be read", "skip_corrupt")
    source = open_images(f"folder:{folder}", skip_corrupt=True)
    assert source.count == 15
    assert source.skipped == {str(file)}


def test_corrupt_pixels_are_named_and_refused_or_skipped_when_read(folder):
    file = first_of(folder)
    file.write_bytes(file.read_bytes()[:-60])
    refuse(folder, file, "cannot be read", "skip_corrupt")
    source = open_images(f"folder:{folder}", skip_corrupt=True)
    assert source.count == 16
    assert source.skipped == set()
    assert source.read(0) is None
    assert source.skipped == {str(file)}
    assert len(load_arrays(source).image) == 15


def test_a_picture_that_changed_after_opening_is_refused(folder):
    file = first_of(folder)
    source = open_images(f"folder:{folder}")
    save(file, PICTURES[0][:5])
    with pytest.raises(ValueError, match=r"got \(5, 7, 3\), expected \(6, 7, 3\)"):
        source.read(0)


@pytest.mark.parametrize("side", [10_000, 20_000])
def test_decompression_bombs_are_refused_or_skipped(folder, side):
    """Pillow warns of the first and refuses the second."""
    file = first_of(folder)
    file.write_bytes(bomb(side, side))
    refuse(folder, file, "pixels")
    source = open_images(f"folder:{folder}", skip_corrupt=True, size=(4, 4))
    assert (source.count, source.skipped) == (15, {str(file)})


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_bomb_that_comes_after_opening_is_refused(folder):
    file = first_of(folder)
    source = open_images(f"folder:{folder}")
    file.write_bytes(bomb(10_000, 10_000))
    with pytest.raises(ValueError, match="10000 x 10000 pixels, more than"):
        source.read(0)


def test_other_formats_that_call_themselves_png_are_refused(folder):
    """Pillow would open them by content, PostScript by starting a program."""
    file = first_of(folder)
    source = open_images(f"folder:{folder}")
    Image.fromarray(PICTURES[0]).save(file, "TIFF")
    refuse(folder, file, "cannot be read")
    with pytest.raises(ValueError, match="cannot be read"):
        source.read(0)


@pytest.mark.parametrize("kind", ["file", "folder", "dangling", "circle"])
def test_links_that_lead_outside_are_refused(folder, tmp_path, kind):
    save(tmp_path / "outside" / "a.png", PICTURES[0])
    target = {
        "file": tmp_path / "outside" / "a.png",
        "folder": tmp_path / "outside",
        "dangling": "nowhere.png",
        "circle": "link.png",
    }[kind]
    (folder / "link.png").symlink_to(target)
    refuse(folder, folder / "link.png", "leads outside")


def test_links_inside_do_not_put_a_picture_into_two_splits(folder):
    (folder / "again.png").symlink_to(folder / "00.png")
    (folder / "loop").symlink_to(folder)
    assert sum(part.count for part in open_all(folder)) == 20


def test_the_folder_may_itself_be_a_link(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert open_images(f"folder:{tmp_path / 'link'}").count == 16


def test_folders_without_pictures_are_refused(tmp_path):
    refuse(tmp_path / "none", "there is no folder")
    (tmp_path / "README.txt").write_text("no picture")
    refuse(tmp_path, "has no picture", ".png")
    save(tmp_path / "0.png", PICTURES[0])
    refuse(tmp_path, "at least 3 images")
    save(tmp_path / "class" / "1.png", PICTURES[1])
    refuse(tmp_path, "beside them (0.png)")


def test_a_folder_of_nothing_but_corrupt_files_is_refused(tmp_path):
    for index in range(9):
        (tmp_path / f"{index}.png").write_bytes(b"")
    refuse(tmp_path, "all 7 pictures of the train split", skip_corrupt=True)


def test_other_files_are_passed_over(folder):
    (folder / "Thumbs.db").write_bytes(os.urandom(9))
    (folder / "notes").mkdir()
    assert sum(part.count for part in open_all(folder)) == 20
    assert open_all(folder)[0].classes is None


LITTER = (
    ".hidden.png", "._00.png", ".DS_Store", ".ipynb_checkpoints/00-checkpoint.png",
    "__MACOSX/cat/._00.png", "__MACOSX/00.png", "desktop.ini", "Thumbs.db",
    "@eaDir/00.png", "cat/.thumbnails/00.png", "cat/._00.png",
)  # fmt: skip


def test_hidden_files_and_what_systems_leave_are_no_pictures_and_no_classes(classed):
    for name in LITTER:
        save(classed / "x.png", PICTURES[0])
        (classed / name).parent.mkdir(parents=True, exist_ok=True)
        (classed / "x.png").rename(classed / name)
    images = open_all_splits(f"folder:{classed}")
    assert images.left_out == ()
    assert images.open("train").class_names == ("cat", "dog")
    assert sum(part.count for part in open_all(classed)) == 20


def test_a_class_may_be_named_like_a_picture_and_an_empty_one_is_none(tmp_path):
    for index, pixels in enumerate(PICTURES):
        save(tmp_path / ["a.png", "b"][index % 2] / f"{index:02}.png", pixels)
    (tmp_path / "empty").mkdir()
    assert open_images(f"folder:{tmp_path}").class_names == ("a.png", "b")


def test_files_with_other_suffixes_are_counted(folder):
    for name in ("a.txt", "b.HEIC", "c.txt", "README"):
        (folder / name).write_bytes(b"")
    left_out = open_all_splits(f"folder:{folder}").left_out
    assert {each.path for each in left_out} == {
        str(folder / name) for name in ("a.txt", "b.HEIC", "c.txt", "README")
    }
    assert summarise_left_out(left_out) == (
        "4 files left out: 4 with other suffixes (.txt, none, .heic)"
    )


def test_a_folder_that_cannot_be_read_is_refused(classed, monkeypatch):
    def scan(path, original=os.scandir):
        if str(path).endswith("dog"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return original(path)

    monkeypatch.setattr(os, "scandir", scan)
    refuse(classed, classed / "dog", "cannot be read: Permission denied")


@pytest.mark.parametrize(
    "names",
    [
        ("Train", "VALIDATION", "Test"),
        ("training", "val", "testing"),
        ("TRAIN", "Valid"),
    ],
)
def test_folders_of_splits_are_known_by_several_names(tmp_path, names):
    for index, pixels in enumerate(PICTURES):
        save(tmp_path / names[index % len(names)] / f"{index:02}.png", pixels)
    for number, split in zip(range(len(names)), SPLITS):
        source = open_images(f"folder:{tmp_path}", split)
        assert source.count == len(range(number, 20, len(names)))
        assert source.classes is None


def test_two_folders_for_one_split_are_refused(tmp_path):
    for name in ("train", "val", "Validation"):
        save(tmp_path / name / "0.png", PICTURES[0])
    refuse(tmp_path, "two folders for its validation split, Validation and val")


@pytest.mark.parametrize(
    ("link", "target"),
    [("val", "train"), ("val", "train/cat"), ("train", "."), ("train", "val")],
)
def test_a_split_that_leads_into_another_by_a_link_is_refused(tmp_path, link, target):
    for place in {"train", "val"} - {link}:
        save(tmp_path / place / "cat" / "0.png", PICTURES[0])
    (tmp_path / link).symlink_to(target, target_is_directory=True)
    refuse(tmp_path, "by a link: give each split its own")


def test_a_split_may_be_a_link_to_a_folder_of_its_own(tmp_path):
    root = tmp_path / "set"
    save(root / "learned" / "0.png", PICTURES[0])
    save(tmp_path / "disk" / "1.png", PICTURES[1])
    (root / "train").symlink_to("learned")
    (root / "val").symlink_to(tmp_path / "disk")
    found = open_all_splits(f"folder:{root}")
    assert [found.open(split).count for split in found.splits] == [1, 1]
    assert not found.left_out


def test_pictures_beside_the_folders_of_splits_are_left_out(tmp_path):
    for name in ("train/0", "val/0", "other/0", "1"):
        save(tmp_path / f"{name}.png", PICTURES[0])
    left_out = open_all_splits(f"folder:{tmp_path}").left_out
    assert summarise_left_out(left_out) == "2 files left out: 2 in no split's folder"


def test_classes_have_the_same_number_in_all_splits(tmp_path):
    """Whatever class a split lacks."""
    for split, classes in (("train", "bd"), ("validation", "abd"), ("test", "d")):
        for name in classes:
            save(tmp_path / split / name / "0.png", PICTURES[0])
    for split, labels in (("train", [1, 2]), ("validation", [0, 1, 2]), ("test", [2])):
        source = open_images(f"folder:{tmp_path}", split)
        assert source.class_names == ("a", "b", "d")
        assert load_arrays(source).label.tolist() == labels
        assert source.read_labels().tolist() == labels


@pytest.mark.parametrize("split", SPLITS)
def test_a_picture_of_another_kind_counts_in_whatever_split_it_is(folder, split):
    """One in colour makes all of them so, and one of another size is refused."""
    for index, pixels in enumerate(PICTURES):
        save(folder / f"{index:02}.png", pixels[..., 0])
    odd = folder / f"{split_indices(20, split)[-1]:02}.png"
    save(odd, PICTURES[0])
    (line,) = open_all_splits(f"folder:{folder}").notes
    assert str(odd) in line
    assert "19 are grey" in line
    assert {part.shape for part in open_all(folder)} == {(6, 7, 3)}
    assert {part.shape for part in open_all(folder, channels=1)} == {(6, 7, 1)}
    assert open_all_splits(f"folder:{folder}", channels=1).notes == ()
    save(odd, PICTURES[0][:5])
    refuse(folder, odd, "5 x 7", "6 x 7")


def test_splits_of_two_sizes_are_refused(tmp_path):
    for index, pixels in enumerate(PICTURES):
        part = pixels if index < 15 else pixels[:5]
        save(tmp_path / ("train" if index < 15 else "val") / f"{index}.png", part)
    refuse(tmp_path, "5 x 7", tmp_path / "val")
    refuse(tmp_path, "no picture in", "6 x 7", skip_corrupt=True)


def test_pictures_can_be_read_in_grey_or_in_colour(folder):
    grey, colour = (open_images(f"folder:{folder}", channels=n) for n in (1, 3))
    assert (grey.shape, colour.shape) == ((6, 7, 1), (6, 7, 3))
    image = Image.fromarray(colour.read(0).image).convert("L")
    np.testing.assert_array_equal(grey.read(0).image[..., 0], image)
