"""Folders that are there once they are complete."""

import os
import time
from pathlib import Path

import pytest

from wgan_gp.data.drafts import LOCK, draft_folder, remove_abandoned


def left(parent, age):
    """A draft that no process holds, of this age in seconds."""
    draft = parent / f".table-{age}"
    draft.mkdir()
    (draft / LOCK).touch()
    os.utime(draft / LOCK, (time.time() - age,) * 2)
    return draft


def test_only_old_drafts_that_no_process_holds_are_removed(tmp_path):
    young, old = left(tmp_path, 5), left(tmp_path, 500)
    users = tmp_path / ".notes"  # samples are written beside what users have
    users.mkdir()
    (users / "writing").touch()
    os.utime(users / "writing", (1, 1))
    with draft_folder(tmp_path / "table") as held:
        os.utime(held / LOCK, (1, 1))
        remove_abandoned(tmp_path)
        assert held.is_dir()
    assert young.is_dir()
    assert (users / "writing").exists()
    assert not old.exists()


def test_the_folder_of_a_process_that_was_first_stays(tmp_path):
    folder = tmp_path / "table"
    with draft_folder(folder) as draft:
        (draft / "rows").write_text("mine")
        folder.mkdir()
        (folder / "rows").write_text("theirs")
    assert (folder / "rows").read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_file_in_the_folders_place_is_an_error_and_no_draft_is_left(tmp_path):
    with pytest.raises(NotADirectoryError), draft_folder(tmp_path / "table"):
        (tmp_path / "table").write_text("mine")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_a_folder_is_for_all_whom_the_umask_allows(tmp_path):
    before = os.umask(0o022)
    try:
        with draft_folder(tmp_path / "table") as draft:
            (draft / "rows").touch()
    finally:
        os.umask(before)
    assert (tmp_path / "table").stat().st_mode & 0o777 == 0o755


def test_folders_that_may_not_be_looked_into_are_no_drafts(tmp_path, monkeypatch):
    private, old = tmp_path / ".private", left(tmp_path, 500)
    private.mkdir()
    found = Path.is_file

    def is_file(path):
        if path.parent == private:
            raise PermissionError(13, "Permission denied")
        return found(path)

    monkeypatch.setattr(Path, "is_file", is_file)
    remove_abandoned(tmp_path)
    assert not old.exists()
