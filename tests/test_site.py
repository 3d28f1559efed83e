"""The documentation site: what its pages are made of. `make docs` builds it."""

import ast
import json
import re

import pytest

from docs.site import reference
from tests.helpers import ROOT, record_names
from wgan_gp import losses
from wgan_gp.configs import command_help
from wgan_gp.constraints import CONSTRAINTS, RECOMMENDED
from wgan_gp.evaluate.metrics import METRICS

DOCS = ROOT / "docs"
CHAPTERS = sorted((DOCS / "learn").glob("*.md"))
EXECUTED = [*CHAPTERS, DOCS / "reading_numbers.md"]
CELL = re.compile(r"(?s)```\{code-cell\}\n(?::.*?\n\n?)?(.*?)```")


def test_every_page_is_in_the_table_of_contents():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    trees = re.findall(r"(?s)```\{toctree\}\n(.*?)```", index)
    lines = [line for tree in trees for line in tree.splitlines()]
    listed = {line for line in lines if not line.startswith(":")}
    own = {str(p.relative_to(DOCS).with_suffix("")) for p in DOCS.glob("*.md")}
    own |= {str(p.relative_to(DOCS).with_suffix("")) for p in CHAPTERS}
    generated = {"commands", "configuration", "metrics", "citing"}
    generated |= {*reference.MODULES, *reference._REPOSITORY}
    generated |= {path.stem for path in reference.notebooks()}
    assert listed == (own - {"index"}) | {f"generated/{name}" for name in generated}


@pytest.mark.parametrize("path", EXECUTED, ids=lambda path: path.stem)
def test_a_chapter_is_executed_and_plain(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith(
        "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---"
    )
    assert "$" not in text, "formulas are plain text: the site fetches no script"
    for cell in CELL.findall(text):
        ast.parse(cell)
    assert text.count("```{code-cell}") == len(CELL.findall(text))


def test_the_reference_has_every_public_name():
    page = reference.functions(*reference.MODULES["losses"])
    for name in losses.__all__:
        assert f"### `{name}`\n" in page
    assert ".. autofunction:: wgan_gp.losses.critic_loss" in page
    assert ".. autoclass:: wgan_gp.losses.Objective\n   :members:" in page
    assert "`wasserstein`, `nonsaturating`" in page
    for _, modules in reference.MODULES.values():
        assert all(reference.functions("x", (module,)) for module in modules)


def test_every_field_and_metric_has_a_row():
    page = reference.configuration()
    for field in command_help.field_help():
        assert f"| `{field}` |" in page
    assert "| `one_sided` |" in page
    page = reference.metrics()
    for name in METRICS:
        assert f"| `{name}` |" in page
    assert METRICS["modes"].meaning in page
    for line in page.splitlines():
        if line.startswith("| `"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 6


def test_links_of_the_repository_become_links_of_the_site():
    source = ["[a](docs/tables.md), [b](../docs/images.md#data)"]
    reference.within_the_site(None, "generated/changelog", source)
    assert source == ["[a](../tables.md), [b](../images.md#data)"]
    source = ["[c](../benchmarks/README.md)"]
    reference.within_the_site(None, "images", source)
    assert source == ["[c](generated/speed.md)"]
    source = ["[e](../benchmarks/README.md#on-an-accelerator)"]
    reference.within_the_site(None, "trust", source)
    assert source == ["[e](generated/speed.md#on-an-accelerator)"]


def test_absolute_values_are_no_markup():
    lines = ["|D(x) - `a|b`| over ||x||", ">>> a | b"]
    reference.escape(None, "", "", None, None, lines)
    assert lines == [r"\|D(x) - `a|b`\| over \|\|x\|\|", ">>> a | b"]


@pytest.mark.parametrize("path", reference.notebooks(), ids=lambda path: path.stem)
def test_a_notebook_is_a_page_with_its_outputs_and_its_formulas_marked(path):
    before = json.loads(path.read_text(encoding="utf-8"))["cells"]
    after = json.loads(reference.notebook(path))["cells"]
    for one, other in zip(before, after, strict=True):
        if one["cell_type"] == "code":
            assert one == other
        else:
            text = "".join(one["source"])
            assert "$" not in other["source"]
            formulas = other["source"].count("{math}")
            assert text.count("$") == 2 * formulas + text.count("$$")


def glossary():
    """The terms of the glossary: lines of its blocks that are not indented."""
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    blocks = re.findall(r"(?s)```\{glossary\}\n(.*?)```", text)
    return [x for each in blocks for x in each.splitlines() if x and x[0] != " "]


def test_terms_are_explained_once_and_links_to_them_lead_there():
    terms = glossary()
    assert len(set(terms)) == len(terms)
    for path in [*DOCS.glob("*.md"), *CHAPTERS]:
        text = path.read_text(encoding="utf-8")
        for link in re.findall(r"\{term\}`([^`]+)`", text):
            assert (re.findall(r"<(.*)>", link) or [link])[0] in terms, path.name


def test_the_names_of_the_page_on_numbers_are_those_of_records():
    text = (DOCS / "reading_numbers.md").read_text(encoding="utf-8")
    found = re.findall(r"(?m)^- \*.*?\((`[\w`, ]+`)\)", text)
    names = [name.strip("` ") for each in found for name in each.split(",")]
    assert len(names) > 8
    known = record_names()
    for name in names:
        assert name in known or f"gradient_norm{name}" in known, name


def test_the_ratios_of_that_page_are_those_of_the_page_on_tables():
    """Half the right spread, in 5, 10 and 20 dimensions."""
    page = (DOCS / "reading_numbers.md").read_text(encoding="utf-8")
    table = (DOCS / "tables.md").read_text(encoding="utf-8")
    for dimension, words in (
        (10, "scores {} in 10"),
        (20, "{} in 20"),
        (5, "scores {}."),
    ):
        (row,) = re.findall(rf"(?m)^\| {dimension} \| \**([\d.]+)\** \|.* \|$", table)[
            :1
        ]
        assert words.format(f"{float(row):.2f}") in " ".join(page.split())


def test_constraints_that_a_chapter_recommends_exist():
    text = (DOCS / "learn" / "choosing.md").read_text(encoding="utf-8")
    rows = [line.split("|")[2] for line in text.splitlines() if line.startswith("| ")]
    names = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert RECOMMENDED in names
    assert names <= set(CONSTRAINTS)
