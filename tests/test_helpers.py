"""What tests share is made once, or fails once."""

from types import SimpleNamespace

import pytest

from tests.helpers import made_once


def test_a_folder_is_made_once_and_a_failure_is_told_to_all(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    factory, made = SimpleNamespace(getbasetemp=lambda: tmp_path), []
    for _ in range(2):
        assert made_once(factory, "good", made.append) == tmp_path / "good"
    assert made == [tmp_path / "good"]
    with pytest.raises(ZeroDivisionError):
        made_once(factory, "bad", lambda _: 1 / 0)
    with pytest.raises(AssertionError, match="bad could not be made: ZeroDivisionErr"):
        made_once(factory, "bad", made.append)
    assert made == [tmp_path / "good"]
