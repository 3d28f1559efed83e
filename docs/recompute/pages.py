"""Which numbers a page has, and where they come from."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from docs.recompute import (
    autodiff,
    benchmark,
    claims,
    clothes,
    constraints,
    curves,
    evidence,
    study,
)
from wgan_gp.studies.w1_benchmark import table as w1_tables

ROOT = Path(__file__).parent.parent.parent
NO_RECORD = r"<!-- no record -->(.*?)<!-- end -->"  # measured, but not stored
_AMOUNT = r"\d[\d,]*"
# What was chosen, not measured, by the words around it; and what is not text.
_SETTINGS = (
    r"```.*?```",
    r"`[^`]*`",
    r"\]\([^)]*\)",
    r"<!--.*?-->",
    r"1 \+ d / \(?2λ\)?",
    r"[λc] (=|>=) [\d.]+((,| and|,? or| to) [\d.]+)*",
    r"\b[DN] (=|>=|<=|is) \d+((,| and|,? or|,? to) \d+)*",
    r"\b(claim|section|Figure) \d+",
    r"\| \d+\. ",
    r"\b(L2|W1|CIFAR-10)\b",
    r"\b(Adam|RMSProp|rate) \de-\d(,? \([\d., ]+\))?",
    r"Adam's \([\d., ]+\)",
    r"\d+ x \d+",
    rf"\b(batch|width|layers? of|largest of|updates of batch|wide) {_AMOUNT}",
    rf"{_AMOUNT}( \+ {_AMOUNT}| or {_AMOUNT}| to {_AMOUNT} %| and {_AMOUNT})? (of the"
    r" (same|points)|real|generated|held-out|hidden|layers|linear|samples|updates"
    r"|generator|others|MNIST|random|Gaussians|digits?|dimensions|funnels"
    r"|outputs|forward|core)",
    r"\b(slope|deviation|distance|noise of|moved by|falling to|held at|scale)"
    r" ?[\d.]+",
    r"\[−?\d+, \d+\]",
    r"(?<!\w)(near|not|is|=|slope|norm:|function,) [012](?![.,]\d|\w)",
    r"max\(2 D, \d+\)",
    r"\b[A-Z]\w+ (et al\. )?(and \w+ )?\d{4}\b",
)
_NUMBER = r"(?<![\w.])[-+]?\.?\d[\d.,]*(e-?\d+)?( %)?"


class Page(NamedTuple):
    """A page, and what is recomputed of it."""

    path: Path
    tables: dict[str, Callable[[], str]]  # by the name in their marks
    sentences: Callable[[], Iterable[str]]
    part: tuple[str, str] = ("", "")  # headings that the part looked at lies between


PAGES = (
    Page(
        ROOT / "docs" / "results.md",
        evidence.TABLES | {"study": study.table},
        lambda: [*claims.sentences(), *study.sentences()],
    ),
    Page(
        ROOT / "docs" / "autodiff.md",
        autodiff.TABLES,
        autodiff.sentences,
        ("## 2. By layer", ""),
    ),
    Page(
        ROOT / "docs" / "constraints.md",
        constraints.TABLES,
        constraints.sentences,
        ("## All constraints on three sets", ""),
    ),
    Page(
        ROOT / "docs" / "w1_benchmark.md",
        {
            "cosine": benchmark.cosine_table,
            "cones": benchmark.cones_table,
            "kinds": benchmark.kinds_table,
            "kinds_summary": benchmark.kinds_summary_table,
            "families": benchmark.families_table,
            "centres": benchmark.centres_table,
            "directional": benchmark.directional_table,
        },
        benchmark.sentences,
    ),
    Page(
        ROOT / "docs" / "images.md",
        {
            "clothes": clothes.table,
            "fashion_mnist": lambda: curves.table(
                "fashion_mnist", (250, 500, 1000, 1500, 2000, 3000, 4000)
            ),
            "blue_marble": lambda: curves.table(
                "blue_marble", (500, 1000, 1500, 2000, 3000, 4000)
            ),
        },
        clothes.sentences,
        ("## Figure 2 in small", "## Memory and precision"),
    ),
    Page(
        ROOT / "README.md",
        {},
        benchmark.readme_sentences,
        ("### Three numbers", "### Where to go"),
    ),
)


def written(page: Page, text: str | None = None) -> str:
    """A page's text with its tables made from the records.

    Args:
      page: of `PAGES`.
      text: in place of the page's own.

    Raises:
      ValueError: the text lacks the marks of a table.
    """
    text = page.path.read_text(encoding="utf-8") if text is None else text
    for name, make in page.tables.items():
        begin, end = (f"<!-- table {name}: {word} -->" for word in ("begin", "end"))
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"{page.path.name} lacks the lines {begin} and {end}")
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{make()}\n{end}{rest.split(end)[1]}"
    if w1_tables.BEGIN in text:
        records = w1_tables.read_records(benchmark.FOLDER)
        text = w1_tables.with_tables(text, records)
    return text


def problems(page: Page, text: str | None = None) -> list[str]:
    """What on a page is not what the records say, a line each.

    Args:
      page: of `PAGES`.
      text: in place of the page's own.
    """
    text = page.path.read_text(encoding="utf-8") if text is None else text
    found = []
    if text != written(page, text):
        found.append("a table is not that of the records: add --write")
    prose = _prose(page, text)
    plain = re.sub(r"<!-- no record -->|<!-- end -->", "", prose)
    sentences = [" ".join(each.split()) for each in page.sentences()]
    found += [f"the records say: {each}" for each in sentences if each not in plain]
    return found + [
        f"neither recomputed nor listed: {each}" for each in _left(prose, sentences)
    ]


def without_record(page: Page) -> list[str]:
    """The parts of a page whose numbers were measured in runs that were not kept."""
    text = page.path.read_text(encoding="utf-8")
    return [" ".join(each.split()) for each in re.findall(NO_RECORD, text, re.DOTALL)]


def _left(prose: str, sentences: list[str]) -> list[str]:
    """Numbers that are neither recomputed, nor listed, nor settings."""
    prose = re.sub(NO_RECORD, " ", prose)
    for each in sorted(sentences, key=len, reverse=True):
        prose = prose.replace(each, " ~ ")
    for pattern in _SETTINGS:
        prose = re.sub(pattern, " ", prose)
    return [
        f"{each[0]} in ...{prose[max(0, each.start() - 50) : each.end() + 30]}..."
        for each in re.finditer(_NUMBER, prose)
    ]


def _prose(page: Page, text: str) -> str:
    """A page's text on one line, without headings and without recomputed tables."""
    begin, end = page.part
    text = text[text.index(begin) :]
    text = text[: text.index(end)] if end else text
    tables = r"(?s)<!-- tables?( \w+)?: begin -->.*?<!-- tables?( \w+)?: end -->"
    text = re.sub(r"(?m)^#.*$", "", re.sub(tables, "", text))
    return " ".join(text.replace("**", "").split())
