"""Text in a folder of files, each of which is a class."""

import re

import jax
import numpy as np
import pytest

from tests.helpers import key, resolve
from wgan_gp.build import open_dataset
from wgan_gp.data.conditions import own_entries
from wgan_gp.data.text import decode
from wgan_gp.evaluate.classes import by_class, metric_of
from wgan_gp.evaluate.held_out import Evaluation, hold_out

FILES = {"numbers.txt": "0123456789", "words.txt": "abcdefghij"}


def folder_of(folder, **files):
    """A folder of files of lines: 120 with digits, 60 of letters, and perhaps more."""
    folder.mkdir()
    random = np.random.default_rng(0)
    counts = dict(zip(FILES, (120, 60)))
    for name, letters in FILES.items():
        lines = random.choice(list(letters), (counts[name], 6))
        (folder / name).write_text("\n".join(map("".join, lines)), encoding="utf-8")
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return folder


def opened(folder, **fields):
    fields = {"conditional": True} | fields
    named = {"data.name": f"text:{folder}", "data.length": 8} | fields
    settings = resolve("language", "smoke", **named)
    return open_dataset(settings)


def test_each_line_has_the_class_of_its_file(tmp_path):
    dataset = opened(folder_of(tmp_path / "a"))
    assert dataset.class_names == ("numbers", "words")
    np.testing.assert_allclose(dataset.class_shares, (2 / 3, 1 / 3), atol=0.05)
    assert dataset.shape == (8, len(dataset.characters) + 2)
    drawn = np.asarray(jax.jit(dataset.sample, static_argnums=1)(key(), 200))
    for lines in (drawn, np.asarray(dataset.held_out(key(), 18))):
        told = lines[..., list(dataset.told)]
        np.testing.assert_array_equal(told, np.broadcast_to(told[:, :1], told.shape))
        own = own_entries(dataset, lines)
        np.testing.assert_allclose(own.sum(axis=-1), 1, rtol=1e-5)
        is_number = [line[0].isdigit() for line in decode(own, dataset.characters)]
        np.testing.assert_array_equal(told[:, 0, 0], is_number)
    assert 0.5 < drawn[:, 0, dataset.told[0]].mean() < 0.8


def test_without_conditional_a_folder_is_all_of_its_lines(tmp_path):
    folder = folder_of(tmp_path / "a", note_md="x")
    dataset = opened(folder, conditional=False)
    assert dataset.classes is None
    assert dataset.shape == (8, len(dataset.characters))
    assert dataset.count == 180 - 18 - 18
    assert dataset.notes == ("1 file left out: 1 not named *.txt (.md)",)
    assert dataset.left_out == (f"{folder / 'note.md'}: not named *.txt (.md)",)


REFUSED = {
    "no files": (lambda folder: None, "has no files named *.txt"),
    "one class": (
        lambda folder: (folder / "a.txt").write_text("x\n" * 200),
        "has one .txt file, which is one class",
    ),
    "an empty class": (
        lambda folder: [
            (folder / name).write_text(text)
            for name, text in (("a.txt", "x\n" * 200), ("b.txt", " \n\n"))
        ],
        "b.txt has no lines: fill it, or remove it",
    ),
    "other text": (
        lambda folder: (folder / "a.txt").write_bytes(b"\xff\xfe"),
        "a.txt is not UTF-8 text",
    ),
    "few lines": (
        lambda folder: [(folder / f"{x}.txt").write_text("x\n" * 9) for x in "ab"],
        "has 18 lines that are not empty, at least 100",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_set_of_classes_is_refused_in_one_line(name, tmp_path):
    write, message = REFUSED[name]
    write(tmp_path)
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        opened(tmp_path)
    assert "\n" not in str(raised.value)
    assert str(tmp_path) in str(raised.value)


def test_lines_are_compared_by_their_characters(tmp_path):
    """The class, which is the same at each position, is in no n-gram."""
    folder, floors = folder_of(tmp_path / "a"), []
    for conditional in (True, False):
        dataset = opened(folder, conditional=conditional)
        held = hold_out(dataset, Evaluation(9, 1), key())
        floors.append(held.floor)
        assert held.quality(held.reals)["js_4"] == 0
    assert floors[0] == floors[1]


def test_each_class_of_text_is_compared_with_its_own(tmp_path):
    dataset = opened(folder_of(tmp_path / "a"))
    assert metric_of(dataset) == "js_4"
    assert metric_of(dataset._replace(shape=(3, dataset.shape[1]))) == "js_3"
    reals, others = (np.asarray(dataset.sample(key(i), 200)) for i in (0, 1))
    first, second = dataset.told
    swapped = others.copy()  # the other class's name on each line
    swapped[..., [first, second]] = others[..., [second, first]]
    right, wrong = (by_class(dataset, x, reals, others) for x in (others, swapped))
    for name in ("numbers", "words"):
        assert right[name].distance == right[name].floor < 0.9
        assert wrong[name].distance == pytest.approx(1)  # no n-gram is shared
        assert right[name].share == np.mean(others[:, 0, first] == (name == "numbers"))
