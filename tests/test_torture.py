"""The verdicts of `python -m benchmarks.torture`: what must fail does."""

import json
from collections import Counter

import numpy as np
import pytest

from benchmarks.torture import cases, kills, soak, table
from benchmarks.torture.common import Failure, Row
from benchmarks.torture.soak import Sample
from wgan_gp.runs.checkpoint import Checkpoints

STEPS = 1000


def samples(memory):
    """One sample each 10 steps, the memory as a function of the step."""
    return [Sample(step, memory(step), 40) for step in range(0, STEPS + 1, 10)]


@pytest.mark.parametrize(
    ("memory", "flat"),
    [
        (lambda step: 300.0, True),
        (lambda step: 300.0 if step >= 250 else step, True),  # while it warms up
        (lambda step: 300.0 if step < STEPS else 900.0, True),  # the figures
        (lambda step: 300 + 0.0005 * step, False),  # 5 MB each 10,000 steps
        (lambda step: 0.0005 * step + (300 if step < 600 else 100), False),
        (lambda step: 316.0 if step == 600 else 300.0, False),
        (lambda step: 300.0 if step == 400 else 280.0, False),
    ],
)
def test_memory_must_be_flat_after_a_quarter(memory, flat):
    assert soak.judge_memory(samples(memory), STEPS)[1] == flat


def test_memory_that_was_not_looked_at_is_not_flat():
    text, passed = soak.judge_memory(samples(lambda _: 300.0)[::10], STEPS)
    assert not passed
    assert "only 7 samples" in text


def test_programs_that_are_compiled_late_or_again_are_a_failure():
    found = samples(lambda _: 300.0)
    assert soak.judge_compilations(found, 1)[1]
    assert not soak.judge_compilations([], 1)[1]
    assert not soak.judge_compilations(found, 2)[1]
    found[60:] = [each._replace(compiled=41) for each in found[60:]]
    assert not soak.judge_compilations(found, 1)[1]


def soaked(folder):
    """A workdir as a run of 1,000 steps leaves it."""
    train = [{"split": "train", "step": n, "a": 0.5} for n in range(100, 1001, 100)]
    evaluated = [{"split": "eval", "step": n, "a": 0.5} for n in range(100, 1001, 100)]
    lines = [json.dumps(each) + "\n" for each in train + evaluated]
    (folder / "metrics.jsonl").write_text("".join(lines))
    (folder / "tensorboard").mkdir()
    (folder / "tensorboard" / "events").write_bytes(bytes(20 * 60))
    for step in (990, 1000):
        (folder / "checkpoints" / str(step)).mkdir(parents=True)


def lose_a_record(folder):
    lines = (folder / "metrics.jsonl").read_text().splitlines(keepends=True)
    (folder / "metrics.jsonl").write_text("".join(lines[:3] + lines[4:]))


def repeat_a_record(folder):
    lines = (folder / "metrics.jsonl").read_text()
    (folder / "metrics.jsonl").write_text(lines + lines.splitlines()[0] + "\n")


SPOILT = {
    "lost record": lose_a_record,
    "repeated record": repeat_a_record,
    "old checkpoint": lambda folder: (folder / "checkpoints" / "980").mkdir(),
    "no checkpoint": lambda folder: (folder / "checkpoints/990").rmdir(),
    "many events": lambda folder: (folder / "tensorboard/events").write_bytes(
        bytes(2001)
    ),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_files_must_be_those_of_the_intervals(spoil, tmp_path):
    soaked(tmp_path)
    assert soak.judge_files(tmp_path, STEPS)[1]
    spoil(tmp_path)
    assert not soak.judge_files(tmp_path, STEPS)[1]


def ended(folder, value, records):
    checkpoints = Checkpoints(folder / "checkpoints")
    checkpoints.save(3, {"a": np.float32([1, value]), "b": np.int32(2)}, None)
    checkpoints.close()
    (folder / "metrics.jsonl").write_text(records)
    return folder


def test_one_bit_or_one_record_is_a_difference(tmp_path):
    whole = ended(tmp_path / "whole", 0.5, "x\n")
    bit = ended(tmp_path / "bit", np.nextafter(np.float32(0.5), np.float32(1)), "x\n")
    assert kills.compare(whole, whole, 3) == ""
    assert "state" in kills.compare(whole, bit, 3)
    other = ended(tmp_path / "same", 0.5, "y\n")
    assert "records" in kills.compare(whole, other, 3)


def test_a_run_without_its_last_checkpoint_is_a_failure(tmp_path):
    whole = ended(tmp_path / "whole", 0.5, "x\n")
    with pytest.raises(Failure, match="no checkpoint of step 4"):
        kills.compare(whole, whole, 4)


@pytest.mark.parametrize(
    ("saving", "other", "passes"),
    [(17, 33, True), (16, 34, False), (49, 0, False), (0, 0, False)],
)
def test_kills_must_be_many_and_a_third_of_them_while_saving(saving, other, passes):
    moments = Counter({kills.SAVING: saving, kills.OTHERWISE: other})
    row = Row("", "", "", True)
    assert kills.judge([row], moments, kills.LEAST).passed == passes
    assert not kills.judge([row, row._replace(passed=False)], moments, 0).passed


def test_a_save_that_was_cut_short_is_told(tmp_path):
    folder = tmp_path / "checkpoints"
    for name in ("1", "2.draft", "3.draft.orbax-checkpoint-tmp"):
        (folder / name).mkdir(parents=True)
    found = {name for name, _ in kills.unfinished(tmp_path)}
    assert found == {"2.draft", "3.draft.orbax-checkpoint-tmp"}
    assert kills.newest(tmp_path) == 1


REPORT = """
  - during generate phase (0.5 seconds):
    - Typical runtimes: ~ 0-16 ms, of which ~ 0-7 ms in data generation
    - 160 passing, {failing} failing, and 3 invalid test cases
  - during generate phase (0.1 seconds):
    - 1 passing, 0 failing, and 0 invalid test cases
  - during shrink phase (0.3 seconds):
    - 900 passing, {failing} failing, and 0 invalid test cases
{end} in 3.0s
"""


def test_cases_are_counted_as_hypothesis_reports_them():
    good = REPORT.format(failing=0, end="2 passed")
    assert cases.judge(good, 0, 161) == ("161 generated cases", *GOOD)
    assert not cases.judge(good, 0, 162)[2]
    assert not cases.judge(good, 1, 1)[2]
    assert not cases.judge(REPORT.format(failing=1, end="1 failed"), 1, 1)[2]
    assert not cases.judge("", 0, 1)[2]


GOOD = ("0 failed (pytest: 2 passed in 3.0s)", True)


def test_the_table_replaces_the_one_before_and_nothing_else(tmp_path):
    document = tmp_path / "page.md"
    document.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    rows = [Row("a", "b|c", "d", True), Row("e", "f", "g", False)]
    table.insert(document, table.render(rows, {"a": 1.25}))
    table.insert(document, table.render(rows, {"a": 1.25}))
    text = document.read_text()
    assert text.startswith(f"before\n{table.BEGIN}\n| part ")
    assert text.endswith(f"Minutes: a 1.2.\n{table.END}\nafter\n")
    assert "| a | b/c | d | pass |\n| e | f | g | FAIL |" in text
    assert "old" not in text


def test_a_document_without_a_place_for_the_table_is_left_alone(tmp_path):
    document = tmp_path / "page.md"
    document.write_text(f"{table.END}\n{table.BEGIN}\n")
    with pytest.raises(ValueError, match=r"must have .*begin.* and then .*end"):
        table.insert(document, "text")
    assert document.read_text() == f"{table.END}\n{table.BEGIN}\n"
