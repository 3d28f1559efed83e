"""Every study resumes, refuses and makes tables in the same way."""

import json
from contextlib import contextmanager

import pytest

from tests.helpers import contents
from tests.studies.small_study import NAMES, study
from wgan_gp.devices.hosts import HostRank
from wgan_gp.runs import workdir
from wgan_gp.studies import running
from wgan_gp.studies.running import locks, runner
from wgan_gp.studies.running.locks import file_lock, is_locked
from wgan_gp.system.files import WriteError

TABLE = {name: ord(name) for name in NAMES}


def log(out):
    return (out / "log.txt").read_text().splitlines()


def table(out):
    return json.loads((out / "table.json").read_text())


def store(out, name, text):
    (out / "letters").mkdir(exist_ok=True)
    (out / "letters" / f"{name}.json").write_text(text)


def test_complete_records_are_kept_and_the_others_are_made(tmp_path, capsys):
    store(tmp_path, "a", '{"value": 97}')
    store(tmp_path, "b", '{"value": 0}')  # not complete
    store(tmp_path, "c", '{"val')
    running.check(study(tmp_path))
    running.run(study(tmp_path))
    assert [line for line in log(tmp_path) if "begins" in line] == [
        f"{name} begins" for name in "bcde"
    ]
    assert table(tmp_path) == TABLE
    assert (tmp_path / "letters" / "a.json").read_text() == '{"value": 97}'
    assert (tmp_path / "letters" / "c.damaged").read_text() == '{"val'
    assert "c.json is damaged: it is moved to c.damaged" in capsys.readouterr().out
    assert not list(tmp_path.rglob("*.lock"))
    running.run(study(tmp_path))
    assert len(log(tmp_path)) == 8


def test_a_record_that_is_not_complete_is_handed_to_its_program(tmp_path):
    store(tmp_path, "a", '{"value": 0}')
    seen = []

    def program(found, save):
        seen.append(found)
        save("a", {"value": 97})
        save("b", {"value": 98})

    both = study(tmp_path)._replace(programs=[running.Program(("a", "b"), program)])
    running.run(both)
    assert seen == [{"a": {"value": 0}, "b": None}]
    assert table(tmp_path) == {"a": 97, "b": 98}


def test_records_of_other_commands_are_in_the_tables(tmp_path):
    running.run(study(tmp_path, names=("a",)))
    running.run(study(tmp_path, names=("b",)))
    assert table(tmp_path) == {"a": 97, "b": 98}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("stray", "{}", r"stray\.json is no letter: move it away"),
        ("d", '{"value": 1}', "d was made with other settings"),
    ],
)
def test_what_is_not_the_studys_is_refused_and_kept(tmp_path, name, text, words):
    store(tmp_path, name, text)
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=words):
        running.check(study(tmp_path), HostRank("first:1", 2, 0))
    assert contents(tmp_path) == before


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match="file is a file: name a folder"):
        running.check(study(tmp_path / "file"))


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(WriteError, match="Permission denied: name another folder"):
        running.check(study(tmp_path))


def test_a_check_of_a_program_comes_before_any_program(tmp_path):
    def refuse():
        raise ValueError("not today")

    found = study(tmp_path / "new")
    last = found.programs[-1]._replace(check=refuse)
    with pytest.raises(ValueError, match="not today"):
        running.check(found._replace(programs=[*found.programs[:-1], last]))
    running.check(found._replace(programs=[last]), HostRank("first:1", 2, 1))
    assert not (tmp_path / "new").exists()


def test_a_program_that_another_process_runs_is_refused_or_left_to_it(tmp_path, capsys):
    (tmp_path / "letters").mkdir()
    with file_lock(tmp_path / "letters" / "b.lock", 0) as mine:
        assert mine
        with pytest.raises(FileExistsError, match=r"process is running in .*b:"):
            running.check(study(tmp_path))
        running.check(study(tmp_path), HostRank("first:1", 2, 0))  # which has a, c, e
        running.run(study(tmp_path))  # claimed only after the check
    assert "b is left to another process" in capsys.readouterr().out
    assert sorted(each.stem for each in (tmp_path / "letters").iterdir()) == [*"acde"]
    assert not (tmp_path / "table.json").exists()
    running.run(study(tmp_path))
    assert table(tmp_path) == TABLE


def test_a_program_that_ended_just_before_it_is_claimed_is_not_run(
    tmp_path, monkeypatch
):
    @contextmanager
    def late(path, seconds):
        if path.stem in NAMES:  # another process has run it
            store(tmp_path, path.stem, json.dumps({"value": ord(path.stem)}))
        yield True

    monkeypatch.setattr(runner, "file_lock", late)
    running.run(study(tmp_path))
    assert not (tmp_path / "log.txt").exists()
    assert table(tmp_path) == TABLE


def test_a_lock_is_held_by_one_and_leaves_no_file(tmp_path):
    path = tmp_path / "x.lock"
    assert not is_locked(path)
    assert not path.exists()
    path.write_text("")  # left by a process that was killed
    with file_lock(path, 0) as mine, file_lock(path, 0.1) as other:
        assert (mine, other) == (True, False)
        assert is_locked(path)
    assert not path.exists()
    with file_lock(path, 0) as again:
        assert again


def test_a_lock_whose_file_was_replaced_meanwhile_is_taken_again(tmp_path, monkeypatch):
    path, lock, calls = tmp_path / "x.lock", locks.locks.take, []

    def late(file):
        taken = lock(file)
        if not calls:  # its last holder ends, and another process makes a new file
            path.unlink()
            path.touch()
        calls.append(file)
        return taken

    monkeypatch.setattr(locks.locks, "take", late)
    with file_lock(path, 0) as mine:
        assert mine
        assert path.samefile(f"/proc/self/fd/{calls[-1].fileno()}")
        assert is_locked(path)
    assert not path.exists()


def test_tables_that_another_process_makes_for_long_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "_TABLES_WAIT", 0.0)
    (tmp_path / "letters").mkdir()
    with (
        file_lock(tmp_path / "letters" / "tables.lock", 0),
        pytest.raises(FileExistsError, match="process has been making tables of"),
    ):
        running.run(study(tmp_path, names=()))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_hosts_share_all_programs_and_have_none_in_common(count):
    shares = [
        running.programs_of_host(NAMES, HostRank("first:1", count, i))
        for i in range(count)
    ]
    assert sorted(name for each in shares for name in each) == sorted(NAMES)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert running.programs_of_host(NAMES, None) == NAMES


def test_the_host_that_finishes_last_makes_the_tables(tmp_path, capsys):
    running.run(study(tmp_path), HostRank("first:1", 2, 1))
    assert "3 of 5 programs are left to other hosts" in capsys.readouterr().out
    assert not (tmp_path / "table.json").exists()
    running.run(study(tmp_path), HostRank("first:1", 2, 0))
    assert table(tmp_path) == TABLE
    assert not capsys.readouterr().out


def test_hosts_that_finish_together_do_not_leave_the_tables_to_each_other(
    tmp_path, monkeypatch
):
    original = runner.file_lock

    @contextmanager
    def meanwhile(path, seconds):
        if path.stem == "tables":  # the other host has just saved its last record
            for name in "bd":
                store(tmp_path, name, json.dumps({"value": ord(name)}))
        with original(path, seconds) as mine:
            yield mine

    monkeypatch.setattr(runner, "file_lock", meanwhile)
    running.run(study(tmp_path), HostRank("first:1", 2, 0))
    assert table(tmp_path) == TABLE


def test_a_failure_is_one_line_with_status_1(tmp_path, capsys):
    def fail(found, save):
        raise FloatingPointError("it has\ndiverged")

    found = study(tmp_path)._replace(programs=[running.Program(("a",), fail)])
    assert running.run_command(lambda: (found, None)) == 1
    assert capsys.readouterr().err == "error: it has diverged\n"
    assert not list((tmp_path / "letters").iterdir())


def test_processes_that_share_a_folder_hold_off_one_that_does_not(tmp_path):
    refused = pytest.raises(FileExistsError, match="another process is running")
    with workdir.lock(tmp_path, shared=True), workdir.lock(tmp_path, shared=True):
        with refused:
            workdir.lock(tmp_path)
        with refused:
            workdir.check(tmp_path, None, overwrite=True)
    with workdir.lock(tmp_path), refused:
        workdir.lock(tmp_path, shared=True)
