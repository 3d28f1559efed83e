"""Text: lines as whole numbers, one-hot samples, and the way back."""

import jax
import numpy as np
import pytest

from tests.helpers import key
from wgan_gp.data.text import PAD, UNKNOWN, decode, encode, one_hot_lines, read_lines


def write(path, lines, encoding="utf-8"):
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def read_text(path, length=32, most_characters=2048):
    return encode(read_lines(path)[0], length, most_characters, path.name)


LINES = [f"line {i} of Müller's text" for i in range(150)]


def test_lines_come_back(tmp_path):
    text = read_text(write(tmp_path / "a.txt", ["", *LINES, "  "]), length=12)
    assert text.codes.shape == (150, 12)
    assert text.characters[:2] == UNKNOWN + PAD
    vectors = np.eye(len(text.characters))[text.codes]
    assert decode(vectors, text.characters) == [each[:12] for each in LINES]


def test_short_lines_are_filled_up_and_rare_characters_are_one(tmp_path):
    lines = [*(["abc"] * 200), "abz`"]
    text = read_text(write(tmp_path / "a.txt", lines), length=5, most_characters=5)
    vectors = np.eye(len(text.characters))[text.codes]
    back = decode(vectors, text.characters)
    assert back[0] == "abc" + 2 * PAD
    assert (
        back[-1] == "ab" + 2 * UNKNOWN + PAD
    )  # a backtick of the text is an apostrophe
    assert "2 rare characters, 0.33 % of the text, are one" in text.notes[0]
    assert "199 of 201 lines repeat others" in text.notes[-1]


def test_what_lies_beyond_the_length_of_a_line_is_said(tmp_path):
    path = write(tmp_path / "a.txt", ["abcd"] * 150)
    (cut, _) = read_text(path, length=3).notes
    assert "25 % of the characters lie beyond position 3 of their lines" in cut
    assert len(read_text(path, length=4).notes) == 1


def test_a_sampler_draws_one_hot_lines(tmp_path):
    text = read_text(write(tmp_path / "a.txt", LINES), length=8)
    sample = one_hot_lines(text.codes, characters=len(text.characters))
    drawn = jax.jit(sample, static_argnums=1)(key(), 6)
    assert drawn.shape == (6, 8, len(text.characters))
    np.testing.assert_array_equal(drawn.sum(axis=-1), 1)
    known = {each[:8] for each in LINES}
    assert set(decode(np.asarray(drawn), text.characters)) <= known


def test_smoothing_mixes_characters_with_the_even_distribution(tmp_path):
    text = read_text(write(tmp_path / "a.txt", LINES), length=8)
    count = len(text.characters)
    sharp, smooth = (
        one_hot_lines(text.codes, characters=count, smoothing=share)(key(), 6)
        for share in (0.0, 0.25)
    )
    np.testing.assert_allclose(smooth, 0.75 * sharp + 0.25 / count, atol=1e-6)
    np.testing.assert_allclose(smooth.sum(axis=-1), 1, rtol=1e-5)


def test_what_is_no_text_is_refused(tmp_path):
    with pytest.raises(ValueError, match="there is no file"):
        read_text(tmp_path / "absent")
    with pytest.raises(ValueError, match="99 lines that are not empty"):
        read_text(write(tmp_path / "few.txt", LINES[:99]))
    with pytest.raises(ValueError, match=r"not UTF-8 text \(byte 1[0-9]\)"):
        read_text(write(tmp_path / "latin.txt", LINES, "latin-1"))
    with pytest.raises(ValueError, match="vectors have 3 characters"):
        decode(np.eye(3)[None], "ab")


def test_lines_that_are_not_read_are_said(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("line\n" * 12 + "\n")
    assert read_lines(path, 12) == (["line"] * 12, ())
    lines, notes = read_lines(path, 11)
    assert lines == ["line"] * 11
    assert notes == (f"{path}: the first 11 lines are read, of more",)
