"""The documentation site: what its pages are made of. `make docs` builds it."""

import ast
import re

import pytest

from docs.site import reference
from tests.helpers import ROOT
from wgan_gp import losses
from wgan_gp.configs import command_help
from wgan_gp.evaluate.metrics import METRICS

DOCS = ROOT / "docs"
CHAPTERS = sorted((DOCS / "learn").glob("*.md"))
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
    assert listed == (own - {"index"}) | {f"generated/{name}" for name in generated}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
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


def test_absolute_values_are_no_markup():
    lines = ["|D(x) - `a|b`| over ||x||", ">>> a | b"]
    reference.escape(None, "", "", None, None, lines)
    assert lines == [r"\|D(x) - `a|b`\| over \|\|x\|\|", ">>> a | b"]
