import signal
import subprocess
import sys

import pytest

from tests.helpers import ROOT, run_module
from wgan_gp.data import prepare
from wgan_gp.data.images import open_images


def test_the_command_prepares_a_set_and_says_where(tmp_path):
    done = run_module(
        "wgan_gp.data.prepare", "digits8x8", "--data_dir", tmp_path, cwd=ROOT
    )
    assert done.returncode == 0
    folder = done.stdout.splitlines()[-1]
    assert folder == str(tmp_path / "digits8x8" / "1.0.0")
    assert open_images("digits8x8", data_dir=tmp_path).count == 1397


def test_the_command_says_in_one_line_what_went_wrong(tmp_path, capsys):
    assert prepare.main(["prepare", "nowhere", "--data_dir", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: there is no data set 'nowhere'")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mnist5"], "did you mean mnist5k"),
        (["lsun/nowhere"], "TFDS cannot open lsun/nowhere"),
        (["../../etc"], "there is no data set '../../etc'"),
        (["ag_news_subset"], "no feature `image`"),
        (["npz:own.npz"], "needs no preparation: give it as --config.data.name"),
        ([], "required: name"),
        (["digits8x8", "--datadir", "x"], "--datadir: did you mean --data_dir?"),
        (["digits8x8", "more"], "unrecognized arguments: more"),
        (["digits8x8", "--data_dir=~nobody_at_all/x"], "in no user's home"),
        (["digits8x8", "--data_dir", "FILE/below"], "is a file: name a folder"),
    ],
    ids=str,
)
def test_the_command_refuses_in_one_line_before_it_writes(
    tmp_path, monkeypatch, capsys, arguments, words
):
    (tmp_path / "FILE").write_text("")
    monkeypatch.chdir(tmp_path)
    assert prepare.main(["prepare", *arguments]) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith("error: ")
    assert words in line
    assert said.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["FILE"]


def test_the_command_tells_what_its_flags_mean(capsys):
    with pytest.raises(SystemExit) as done:
        prepare.main(["prepare", "--help"])
    assert done.value.code == 0
    text = capsys.readouterr().out
    for words in ("Writes an image set", "need no network", "TFDS_DATA_DIR"):
        assert words in text


@pytest.mark.parametrize("written", ["~/sets", "$HOME/sets"])
def test_paths_are_expanded(tmp_path, monkeypatch, capsys, written):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    seen = []
    monkeypatch.setattr(prepare, "prepare", seen.append)
    assert prepare.main(["prepare", "digits8x8", f"--data_dir={written}"]) == 0
    (builder,) = seen
    assert builder.data_path == tmp_path / "sets" / "digits8x8" / "1.0.0"
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_the_command_ends_in_one_line_when_it_is_interrupted(tmp_path):
    program = f"""
import os, signal, sys, time
from wgan_gp.data import prepare
from wgan_gp.data.builders import digits
def stop(image):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
digits.encode_png = stop
sys.exit(prepare.main(["prepare", "digits8x8", "--data_dir", {str(tmp_path)!r}]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 128 + signal.SIGINT
    (line,) = done.stderr.splitlines()
    assert line.startswith("stopped by SIGINT: start again")


OPEN = """
import sys
from wgan_gp.data.images import open_images
{before}
source = open_images("digits8x8", "test", data_dir=sys.argv[1])
print(source.count, int(source.arrays.image.sum()))
"""
# Half of the pictures are written, and the process is gone.
DIE = """
import os, signal
from wgan_gp.data.builders import digits
kept, encode = [], digits.encode_png
def dying(image):
    kept.append(image)
    if len(kept) == 900:
        os.kill(os.getpid(), signal.SIGKILL)
    return encode(image)
digits.encode_png = dying
"""
# Both processes are about to write before one of them has: each waits for the other.
MEET = """
import pathlib, time
from wgan_gp.data.builders import digits
place, stratified_split = pathlib.Path(sys.argv[1]), digits.stratified_split
def meeting(*args):
    (place / sys.argv[2]).touch()
    while not all((place / name).exists() for name in "ab"):
        time.sleep(0.01)
    return stratified_split(*args)
digits.stratified_split = meeting
"""


def start(before, *arguments):
    command = [sys.executable, "-c", OPEN.format(before=before), *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, text=True, **pipes)


def test_a_set_half_written_by_a_process_that_was_killed_is_written_again(tmp_path):
    killed = start(DIE, tmp_path)
    killed.communicate(timeout=200)
    assert killed.returncode == -signal.SIGKILL
    (left,) = (tmp_path / "digits8x8").iterdir()
    assert left.name.startswith("incomplete")
    assert open_images("digits8x8", data_dir=tmp_path).count == 1397
    assert open_images("digits8x8", data_dir=tmp_path).arrays.image.max() == 255


@pytest.mark.long
def test_two_processes_may_prepare_a_set_at_once(tmp_path):
    both = [start(MEET, tmp_path, name) for name in "ab"]
    results = [process.communicate(timeout=200) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    assert results[0] == results[1]
    assert results[0][0].startswith("200 ")
    assert results[0][1] == ""
    assert [path.name for path in (tmp_path / "digits8x8").iterdir()] == ["1.0.0"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"digits8x8 cannot be written to .*file"):
        open_images("digits8x8", data_dir=tmp_path / "file")
