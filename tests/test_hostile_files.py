"""Damaged and malicious files: what is not read is refused in one line."""

import io
import json
import pickle
import shutil
import warnings
import zipfile
import zlib

import chex
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.hostile import assert_clear, cases, refusal, untouched
from tests.runs.test_checkpoint import LIKE, plain, state
from wgan_gp.data.images import load_arrays, open_images
from wgan_gp.data.sources import SPLITS
from wgan_gp.runs import driver
from wgan_gp.runs.checkpoint import Checkpoints
from wgan_gp.runs.records import truncate_records

IMAGES = np.random.RandomState(0).randint(0, 256, (20, 4, 5, 3), np.uint8)
LABELS = np.arange(20) % 7
MAX_BYTES = 2**20


def read_all(name, **options):
    """Every picture of an image set, by split."""
    return {split: load_arrays(open_images(name, split, **options)) for split in SPLITS}


def read(name, path, **options):
    """What `read_all` returns, or None if it refuses by the file's or folder's name."""
    result = []
    with warnings.catch_warnings(action="ignore"):  # of Pillow's, about what it reads
        refusal(lambda: result.append(read_all(name, **options)), str(path))
    return result[0] if result else None


def assert_images(examples):
    for images, labels in examples.values():
        assert images.dtype == np.uint8
        assert images.ndim == 4
        assert images.shape[-1] in (1, 3)
        assert labels is None or labels.shape == (len(images),)


class Trap:
    """Loading its pickle makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def array_bytes(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), version=version)
    return file.getvalue()


def lying_header(shape, dtype, payload=b"", order=False):
    """An array's bytes whose header says what it likes."""
    text = repr({"descr": dtype, "fortran_order": order, "shape": shape})
    body = text.encode("latin1", "replace") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body + payload


ARRAYS = (
    IMAGES, IMAGES[..., 0], IMAGES[:2], IMAGES[:0], IMAGES / 255, IMAGES.astype("f2"),
    IMAGES.astype(">i8"), np.full((9, 2, 2), np.nan), np.full((9, 2, 2), np.inf),
    LABELS,
    LABELS - 1, LABELS + 2**40, LABELS[:3], LABELS / 2, LABELS > 3, np.uint8(3),
    np.zeros((9, 0, 4), np.uint8), np.zeros((9, 2, 2, 2), np.uint8),
    np.array(["a"] * 9),
    np.array(["2020-01-01"] * 9, "M8[D]"), np.zeros(9, [("a", "i4"), ("b", "f4")]),
    np.zeros((9, 2, 2), complex), np.zeros((1,) * 32, np.uint8), np.float64(1e300),
)  # fmt: skip
SHAPES = st.sampled_from(
    [(), (9,), (-1,), (9, -2, -2), (10**6, 10**3, 10**3), (2**62, 2**62), (9, 4, 4),
     (2**63,), (True, 4, 4), ("a",), (1.5, 2, 2), (9, 2**31, 0), [9, 4, 4], 9, None]
)  # fmt: skip
DTYPES = st.sampled_from(
    ["|u1", "<f4", "|O", "|S1000000000", "<U1000000000", "nonsense", "|V8", [], None,
     [("a", "|O")], [("a", "<i4", (10**5, 10**5))], 3, "|u1,|O", "\x00", ">f8"]
)  # fmt: skip


@st.composite
def members(draw, trap):
    """The bytes of a file within an archive."""
    return draw(
        st.one_of(
            st.sampled_from(ARRAYS).map(array_bytes),
            st.just(array_bytes(IMAGES, version=(2, 0))),
            st.just(array_bytes(IMAGES, version=(3, 0))),
            st.builds(lying_header, SHAPES, DTYPES, st.binary(max_size=64)),
            st.just(lying_header((9, 4, 4), "|O", pickle.dumps(Trap(trap)))),
            st.just(lying_header((1,), [("a", "|O")], pickle.dumps(Trap(trap)))),
            st.just(pickle.dumps(Trap(trap))),
            st.just(ZEROS),
            st.just(MORE_ZEROS),
            st.binary(max_size=200),
        )
    )


ZEROS = lying_header((64, 256, 256), "|u1", bytes(2**22))
MORE_ZEROS = lying_header((9, 4, 4), "|u1", bytes(2**22))
MEMBERS = st.sampled_from(
    ["images.npy", "images.npy", "images.npy", "labels.npy", "train_images.npy",
     "validation_images.npy", "test_images.npy", "train_labels.npy", "images", ".npy",
     "../../images.npy", "../../../x.npy", "/images.npy", "images.npy/", "IMAGES.NPY"]
)  # fmt: skip


def archive(path, entries, method):
    with (
        warnings.catch_warnings(action="ignore"),  # names that are there already
        zipfile.ZipFile(path, "w", method, compresslevel=1) as file,
    ):
        for name, data in entries:
            file.writestr(name, data)


@st.composite
def archives(draw, trap):
    """How to write a file that calls itself an archive of arrays."""
    if draw(st.integers(0, 4)) == 0:
        whole = [b"", b"text\n", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)]
        whole += [pickle.dumps(Trap(trap)), array_bytes(IMAGES), zlib.compress(b"x")]
        data = draw(st.sampled_from(whole) | st.binary(max_size=300))
        return lambda path: path.write_bytes(data)
    entries = draw(st.lists(st.tuples(MEMBERS, members(trap)), max_size=4))
    if draw(st.booleans()):
        entries.insert(0, ("images.npy", array_bytes(IMAGES)))
    methods = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]
    method = draw(st.sampled_from([*methods, zipfile.ZIP_LZMA]))
    return lambda path: archive(path, entries, method)


@cases("archives")
@given(st.data())
def test_an_archive_is_read_or_refused_by_its_name(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("cwd")
    path, trap = folder / "a" / "set.npz", folder / "a" / "trapped"
    path.parent.mkdir()
    data.draw(archives(trap))(path)
    with untouched(folder):
        examples = read(f"npz:{path}", path, max_bytes=MAX_BYTES)
    assert not trap.exists()
    if examples:
        assert_images(examples)
        assert sum(images.nbytes for images, _ in examples.values()) <= MAX_BYTES


def test_the_trap_works(tmp_path):
    """Otherwise the property above would say nothing of pickles."""
    path = tmp_path / "set.npz"
    held = np.array([Trap(tmp_path / "trapped")] * 9, object).reshape(9, 1, 1)
    np.savez(path, images=held)
    assert read(f"npz:{path}", path) is None
    assert not (tmp_path / "trapped").exists()
    with np.load(path, allow_pickle=True) as file:
        opened = file["images"]
    for each in opened.flat:
        each.close()
    assert (tmp_path / "trapped").exists()


DAMAGE = st.tuples(
    st.sampled_from(["flip", "flip", "cut", "zero", "insert", "double"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 255),
)


def damaged(data, todo):
    """Bytes, of which some have gone wrong."""
    for kind, place, value in todo:
        at = int(place * len(data))
        if kind == "flip" and data:
            data = data[:at] + bytes([data[at] ^ value]) + data[at + 1 :]
        elif kind == "cut":
            data = data[:at]
        elif kind == "zero":
            data = data[:at] + bytes(len(data[at : at + value])) + data[at + value :]
        elif kind == "insert":
            data = data[:at] + bytes([value]) * value + data[at:]
        elif kind == "double":
            data = data[:at] + data[at:] * 2
    return data


@cases("damaged archives")
@given(todo=st.lists(DAMAGE, min_size=1, max_size=3), packed=st.booleans())
def test_a_damaged_archive_gives_the_same_arrays_or_is_refused(
    tmp_path_factory, todo, packed
):
    folder = tmp_path_factory.mktemp("set")
    path = folder / "set.npz"
    save = np.savez_compressed if packed else np.savez
    save(path, images=IMAGES, labels=LABELS)
    whole = read_all(f"npz:{path}")
    path.write_bytes(damaged(path.read_bytes(), todo))
    with untouched(folder):
        examples = read(f"npz:{path}", path)
    for split, (images, labels) in (examples or {}).items():
        np.testing.assert_array_equal(images, whole[split].image)
        # The name of the labels may be what is damaged.
        if labels is not None:
            np.testing.assert_array_equal(labels, whole[split].label)


PICTURE = np.random.RandomState(1).randint(0, 256, (8, 8, 3), np.uint8)
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "PPM", "GIF", "TIFF")


def picture_bytes(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width, height, *, depth=8, colour=2, chunks=()):
    """A PNG that claims this size and has none of its pixels."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    head += bytes([depth, colour, 0, 0, 0])
    parts = [
        (b"IHDR", head),
        *chunks,
        (b"IDAT", zlib.compress(bytes(99))),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4, "big") + name + body
        + zlib.crc32(name + body).to_bytes(4, "big")
        for name, body in parts
    )  # fmt: skip


RGB = Image.fromarray(PICTURE)
BOMB_TEXT = (b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(2**27)))
PICTURES = (
    b"", b"this is text\n", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(50),
    b"%!PS\nshowpage\n",
    b"\xff\xd8\xff\xe0" + bytes(30), b"P6\n99999 99999\n255\n", b"BM" + b"\xff" * 60,
    b"P5\n8 8\n65535\n" + bytes(128), b"RIFF\xff\xff\xff\xffWEBPVP8 " + b"\xff" * 40,
    png(60_000, 60_000), png(2**31 - 1, 2**31 - 1), png(0, 0), png(8, 8),
    png(8, 8, depth=16), png(8, 8, colour=9), png(13_000, 13_000),
    png(8, 8, chunks=[BOMB_TEXT]), png(8, 8, chunks=[(b"PLTE", b"")], colour=3),
    picture_bytes(RGB), picture_bytes(RGB, "JPEG"), picture_bytes(RGB, "WEBP"),
    picture_bytes(RGB, "GIF"), picture_bytes(RGB, "TIFF"), picture_bytes(RGB, "ICO"),
    picture_bytes(RGB.resize((1, 1))), picture_bytes(RGB.resize((9, 7))),
    picture_bytes(RGB.resize((1, 3000))), picture_bytes(RGB.convert("CMYK"), "JPEG"),
    *(picture_bytes(RGB.convert(mode)) for mode in ("1", "L", "LA", "P", "RGBA")),
    picture_bytes(Image.fromarray(np.zeros((8, 8), np.uint16))),
    picture_bytes(RGB.convert("P"), transparency=3),
)  # fmt: skip
PLACES = (
    "x.png", "x.JPG", "é.webp", "b/x.png", "\n.png", "-x.bmp", "%s.ppm", "x.TIF",
    "x.gif", "train/x.png", "Val/x.png", ".x.png", "__MACOSX/x.png",
)  # fmt: skip
LINKS = (
    "x.png",
    "none",
    "..",
    ".",
    "/etc/passwd",
    "/dev/zero",
    "00.png",
    "../outside.png",
)


@st.composite
def intruders(draw):
    """What to put among good pictures."""
    place = draw(st.sampled_from(PLACES))
    kind = draw(st.sampled_from(["file", "file", "file", "link", "folder"]))
    if kind == "file":
        data = draw(st.sampled_from(PICTURES) | st.binary(max_size=100))
        return place, lambda path: path.write_bytes(data)
    if kind == "link":
        target = draw(st.sampled_from(LINKS))
        return place, lambda path: path.symlink_to(target)
    return place, lambda path: path.mkdir()


def is_ignored(path):
    """Whether a place below a set is one that nobody looks into."""
    return any(part[0] == "." or part == "__MACOSX" for part in path.parts)


@cases("pictures")
@given(
    strangers=st.lists(intruders(), min_size=1, max_size=3),
    good=st.sampled_from([0, 3, 12]),
    size=st.sampled_from([None, None, (4, 4), (3, 17)]),
    skip=st.booleans(),
)
def test_a_folder_of_pictures_is_read_or_refused_by_its_name(
    tmp_path_factory, strangers, good, size, skip
):
    folder = tmp_path_factory.mktemp("cwd")
    (folder / "set").mkdir()
    RGB.save(folder / "outside.png")
    for index in range(good):
        RGB.save(folder / "set" / f"{index:02}.png")
    for place, put in strangers:
        path = folder / "set" / place
        path.parent.mkdir(exist_ok=True)
        if not (path.exists() or path.is_symlink()):
            put(path)
    with untouched(folder):
        name, options = f"folder:{folder / 'set'}", {"size": size, "skip_corrupt": skip}
        examples = read(name, folder / "set", **options)
    if examples:
        assert_images(examples)
        links = [path for path in (folder / "set").rglob("*") if path.is_symlink()]
        for path in links:
            if not is_ignored(path.relative_to(folder / "set")):
                assert path.resolve().is_relative_to(folder / "set")


@cases("damaged pictures")
@given(
    kind=st.sampled_from(FORMATS),
    todo=st.lists(DAMAGE, min_size=1, max_size=3),
    size=st.sampled_from([None, (4, 4)]),
    skip=st.booleans(),
)
def test_a_damaged_picture_is_read_skipped_or_refused_by_its_name(
    tmp_path_factory, kind, todo, size, skip
):
    folder = tmp_path_factory.mktemp("set")
    for index in range(3):
        RGB.save(folder / f"{index}.png")
    name = f"3.{kind.lower()}"
    (folder / name).write_bytes(damaged(picture_bytes(RGB, kind), todo))
    with untouched(folder):
        options = {"size": size, "skip_corrupt": skip}
        examples = read(f"folder:{folder}", folder, **options)
    if examples:
        assert_images(examples)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with checkpoints of steps 20 and 30."""
    folder = tmp_path_factory.mktemp("saved") / "checkpoints"
    checkpoints = Checkpoints(folder)
    for step in (20, 30):
        checkpoints.save(step, state(step), {"at": step})
    checkpoints.close()
    return folder


SUMS = (
    b"", b"{", b"null", b"[]", b"3", b'"x"', b"{}", b"\xff", b'{"x": 3}', b"[" * 10**5,
    b'{"a": {}}', b"true", b"1" * 5000,
)  # fmt: skip


def files_of(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


@st.composite
def accidents(draw):
    """Something that befalls a folder of checkpoints."""
    kind = draw(st.sampled_from(
        ["damage", "damage", "remove", "add", "sums", "to file", "to link", "rename"]
    ))  # fmt: skip
    step = draw(st.sampled_from(["20", "30"]))
    which, todo = draw(st.floats(0, 1, exclude_max=True)), [draw(DAMAGE)]
    rubbish = draw(st.sampled_from(SUMS))
    other = draw(st.sampled_from(["9", "-", "x", ".", "0", "1" * 30, " "]))

    def befall(folder):
        path, files = folder / step, files_of(folder)
        if path.is_symlink() or not (path.is_dir() and files):
            return
        file = files[int(which * len(files))]
        match kind:
            case "damage":
                file.write_bytes(damaged(file.read_bytes(), todo))
            case "remove":
                file.unlink()
            case "add":
                (path / f"{other}0").write_bytes(rubbish)
            case "sums":
                (path / "sums.json").write_bytes(rubbish)
            case "rename":
                path.rename(folder / f"{other}{step}")
            case _:
                shutil.rmtree(path)
                if kind == "to file":
                    path.write_bytes(rubbish)
                else:
                    path.symlink_to(["20", "30", "none", ".."][int(which * 4)])

    return befall


@cases("checkpoints")
@given(st.lists(accidents(), min_size=1, max_size=2))
def test_a_state_comes_back_bit_equal_or_not_at_all(saved, tmp_path_factory, todo):
    folder = tmp_path_factory.mktemp("run")
    shutil.copytree(saved, folder / "checkpoints")
    for befall in todo:
        befall(folder / "checkpoints")
    result, told = [], []

    def load():
        checkpoints = Checkpoints(folder / "checkpoints")
        try:
            result.append(checkpoints.load_latest(LIKE, told.append))
        finally:
            checkpoints.close()

    with untouched(folder):
        refusal(load, str(folder))
    for line in told:
        assert_clear(line)
    if not result or result[0] is None or any("unchecked" in line for line in told):
        return
    found = plain(result[0].state)
    was = (
        20
        if np.array_equal(found["params"]["b"], plain(state(20))["params"]["b"])
        else 30
    )
    chex.assert_trees_all_equal(found, plain(state(was)))
    assert result[0].position == {"at": was}


LINES = st.one_of(
    st.sampled_from([
        b'{"split": "train", "step": 5, "wasserstein": 0.5}',
        b'{"split": "eval", "step": 10, "w1": 1.0}',
        b'{"split": "train", "step": 50, "wasserstein": 0.5}',
        b'{"split": "other", "step": 5}', b'{"split": [], "step": 5}', b'{"step": 5}',
        b'{"split": "train", "step": "5"}', b'{"split": "train", "step": null}',
        b'{"split": "train", "step": {}}', b'{"split": "train", "step": -1}',
        b"[" * 10**5, b'{"split": "train", "step": NaN}',
        b'{"split": "train", "step": 1e400}',
        b'{"split": "train", "step": 5, "w": "x"}', b"null", b"3", b"[]", b"{}",
        b"9" * 5000, b"\xff\xfe", b"", b'{"split": "tr', b"\x00" * 40,
    ]),
    st.binary(max_size=40),
)  # fmt: skip


@cases("records")
@given(st.lists(LINES, max_size=5), st.sampled_from([b"\n", b"\r", b"\n\n"]))
def test_records_that_are_none_do_not_stop_a_run(tmp_path_factory, lines, end):
    folder = tmp_path_factory.mktemp("run")
    path = folder / "metrics.jsonl"
    path.write_bytes(end.join(lines))
    histories = []
    refusal(
        lambda: histories.append(driver._history(truncate_records(path, 20))), str(path)
    )
    assert [each.name for each in folder.iterdir()] == ["metrics.jsonl"]
    for history in histories:
        kept = [*history.training, *history.evaluation]
        assert all(0 <= record["step"] <= 20 for record in kept)
        stored = [json.loads(line) for line in path.read_text().splitlines()]
        assert len(stored) == len(kept)
