"""Files are replaced once the new ones are on the disk."""

import os
from pathlib import Path

import pytest

from wgan_gp.system import files


def test_a_file_is_synced_whole_before_it_takes_its_place(tmp_path, monkeypatch):
    path, events = tmp_path / "a.json", []
    path.write_text("old")
    sync, replace = os.fsync, Path.replace

    def synced(descriptor):
        sync(descriptor)
        events.append(("synced", os.fstat(descriptor).st_size, path.read_text()))

    def replaced(draft, target):
        events.append(("replaced", target))
        return replace(draft, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    files.write_text(path, "new text")
    assert events == [("synced", 8, "old"), ("replaced", path)]
    assert path.read_text() == "new text"


def test_a_file_that_cannot_be_synced_leaves_the_old_one(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.json"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(files.WriteError, match=r"a\.json: No space left"):
        files.write_text(path, "new")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_no_file_of_a_users_is_replaced(tmp_path):
    mine = tmp_path / "a.part"
    mine.write_text("mine")
    files.write_text(tmp_path / "a.json", "new")
    assert mine.read_text() == "mine"
    assert len([*tmp_path.iterdir()]) == 2
