"""The pages' numbers are those of the stored records, and their commands are right."""

import contextlib
import importlib
import re
import shlex

import pytest

from docs.recompute import __main__ as recompute
from docs.recompute.pages import PAGES, problems, without_record, written
from tests.helpers import ROOT, code_blocks
from tests.hostile import command_line
from wgan_gp import cli, configs
from wgan_gp.configs.command_line import parse
from wgan_gp.runs import command

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)


def text_of(page):
    return page.path.read_text(encoding="utf-8")


@by_page
def test_a_page_says_what_the_records_say(page):
    assert problems(page) == []


def with_other_digit(text, at):
    return f"{text[:at]}{(int(text[at]) + 1) % 10}{text[at + 1 :]}"


@pytest.mark.long
@by_page
def test_a_changed_digit_of_a_sentence_is_noticed(page):
    text = " ".join(text_of(page).replace("**", "").split())
    for sentence in (" ".join(each.split()) for each in page.sentences()):
        for digit in list(re.finditer(r"\d", sentence))[-1:]:
            changed = text.replace(sentence, with_other_digit(sentence, digit.start()))
            assert f"the records say: {sentence}" in problems(page, changed)


@by_page
def test_a_number_of_no_kind_is_noticed(page):
    text = text_of(page)
    at = text.index("\n\n", text.index(page.part[0] or "#"))
    text = f"{text[:at]}\n\nThe share was 0.4321.{text[at:]}"
    (problem,) = problems(page, text)
    assert problem.startswith("neither recomputed nor listed: 0.4321")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.tables], ids=lambda page: page.path.stem
)
def test_a_changed_table_is_noticed_and_written_again(page):
    text = text_of(page)
    assert written(page) == text
    table = written(page).split(": begin -->")[1].split(": end -->")[0]
    (row, *_) = re.findall(r"(?m)^\| .*\d.*\|$", table)
    last = max(digit.start() for digit in re.finditer(r"\d", row))
    changed = text.replace(row, with_other_digit(row, last))
    problem = "a table is not that of the records: add --write"
    assert problems(page, changed) == [problem]
    assert written(page, changed) == text


@by_page
def test_comments_do_not_hide_text_from_markdown(page):
    """A line that starts with a comment is not read as Markdown."""
    lines = [line for line in text_of(page).splitlines() if line.startswith("<!--")]
    assert all(re.fullmatch(r"<!-- [\w :]+ -->", line) for line in lines)


def test_what_has_no_record_is_listed():
    listed = {page.path.stem: without_record(page) for page in PAGES}
    assert any("14 under WGAN-GP" in part for part in listed["README"])
    assert any(".741" in part for part in listed["w1_benchmark"])
    assert "the floor, 0.08" in listed["results"]


def test_the_toys_page_gives_each_run_one_row():
    text = (ROOT / "docs" / "toys.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (.*?) \|.*%.*$", text)
    assert rows
    names = [row for row in rows if not row.startswith("`...")]
    assert len(set(names)) == len(names)


DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def command_lines():
    """Lines that start with `python -m wgan_gp`, of the documents and experiments.

    Lines of `wgan-gp` are those of the modules that it calls.
    """
    for path in [*DOCUMENTS, *sorted((ROOT / "experiments").glob("*.py"))]:
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        yield from re.findall(r"(?m)^ *(python -m wgan_gp\..*)$", text)
        yield from re.findall(r"`(python -m wgan_gp\.[^`]*)`", text)
        for name, rest in re.findall(r"(?m)(?:^|`)wgan-gp ([\w-]+) ([^`\n]*)", text):
            command = cli.COMMANDS[name]
            config = "" if rest.startswith("-") else "--config "
            given = config if command.takes_experiment else ""
            yield f"python -m {command.module.removesuffix('.__main__')} {given}{rest}"


COMMANDS = {line: shlex.split(line, comments=True) for line in command_lines()}
COMMANDS = {
    " ".join(words): words
    for line, words in COMMANDS.items()
    if "..." not in line and "FILE" not in line and words[-1] != "--config"
}


def help_of(module, capsys):
    module_ = importlib.import_module(module)
    if not hasattr(module_, "main"):
        module_ = importlib.import_module(f"{module}.__main__")
    with contextlib.suppress(SystemExit):
        module_.main(["", "--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("words", COMMANDS.values(), ids=list(COMMANDS))
def test_a_command_of_the_documents_is_right(words, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(ROOT)
    _, _, module, *arguments = words
    if "mine.py" in arguments:  # the file that docs/sweeps.md shows
        (text,) = code_blocks("sweeps.md")
        (tmp_path / "mine.py").write_text(text)
        arguments[arguments.index("mine.py")] = str(tmp_path / "mine.py")
    if "--config" not in arguments:
        text = help_of(module, capsys) + "--help"
        for word in arguments:
            assert not word.startswith("--") or word.partition("=")[0] in text
        return
    is_sweep = module == "wgan_gp.studies.sweep"
    with command_line(*arguments) as argv:
        parse(argv, sweep=is_sweep)
        config = command.CONFIG.value
    configs.resolve(config.experiment if is_sweep else config)


def test_there_are_commands_to_check():
    assert len(COMMANDS) > 15


def test_targets_of_make_are_in_the_makefile():
    targets = re.findall(r"(?m)^([\w -]+):", (ROOT / "Makefile").read_text())
    known = {name for line in targets for name in line.split()}
    for path in (
        *DOCUMENTS,
        ROOT / "benchmarks" / "README.md",
        ROOT / "CONTRIBUTING.md",
    ):
        for name in re.findall(r"(?:^|`)make ([\w-]+)", path.read_text(), re.MULTILINE):
            assert name in known, (path.name, name)


def headings(path):
    """The anchors of a page's headings, as GitHub and MyST make them."""
    text = re.sub(r"(?ms)^```.*?^```", "", path.read_text(encoding="utf-8"))
    titles = re.findall(r"(?m)^#+ (.*)$", text)
    titles = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", each) for each in titles]
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in titles}


LINKING = [*DOCUMENTS, ROOT / "CHANGELOG.md", ROOT / "benchmarks" / "README.md"]


@pytest.mark.parametrize("path", LINKING, ids=lambda path: path.parent.stem + path.stem)
def test_links_lead_to_files_and_headings(path):
    for link in re.findall(r"\]\(([^) ]+)\)", path.read_text(encoding="utf-8")):
        if link.startswith(("http", "generated/")):  # those `make docs` checks
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in headings(target), link


def test_the_command_compares_all_pages_and_answers_a_mistake_in_one_line(capsys):
    assert recompute.main(["recompute"]) == 0
    assert capsys.readouterr() == ("", "")
    assert recompute.main(["recompute", "--wirte"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no flag --wirte: did you mean --write?\n"
    )


def test_every_picture_is_shown_by_a_page():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    text = "".join(path.read_text(encoding="utf-8") for path in pages)
    for path in (ROOT / "docs" / "images").rglob("*.[pg][ni][gf]"):
        shown = path.relative_to(ROOT / "docs").as_posix()
        assert re.search(rf"!\[[^]]+\]\([./a-z]*{re.escape(shown)}\)", text), path
