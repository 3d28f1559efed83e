"""Parts of a page of HTML that needs no other file: text, tables, pictures.

Every text that comes from outside goes through `text`. Parts are `Markup`, so that a
type checker finds a plain string where a part is expected.
"""

import base64
import html
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, NewType
from urllib.parse import quote

from PIL import Image, UnidentifiedImageError

Markup = NewType("Markup", str)

MOST_BYTES = 4_000_000  # of a picture that is put into the page
_WIDE = 1.6  # width / height of a picture that gets a line of its own
_TYPES = {".png": "image/png", ".gif": "image/gif"}


def text(value: Any) -> Markup:
    """A value as text that is no markup, whatever it holds.

    Control characters and bytes that are no UTF-8, such as in a path, are replaced.
    """
    kept = (
        each if each in "\n\t" or _is_text(each) else "\N{REPLACEMENT CHARACTER}"
        for each in str(value)
    )
    return Markup(html.escape("".join(kept)))


def _is_text(character: str) -> bool:
    code = ord(character)
    return code >= 32 and not 127 <= code < 160 and not 0xD800 <= code < 0xE000


def join(parts: Iterable[Markup]) -> Markup:
    """Parts one after the other."""
    return Markup("\n".join(parts))


def element(tag: str, *parts: Markup, kind: str = "") -> Markup:
    """An element of HTML around parts.

    Args:
      tag: its name.
      *parts: what is in it.
      kind: its class in the style sheet.
    """
    attribute = f' class="{kind}"' if kind else ""
    return Markup(f"<{tag}{attribute}>{''.join(parts)}</{tag}>")


def section(heading: str, *parts: Markup) -> Markup:
    """A part of the page with its heading."""
    return element("section", element("h2", text(heading)), join(parts))


def table(headings: Sequence[str], rows: Iterable[Sequence[Markup]]) -> Markup:
    """A table; without headings where there are none."""
    cells = (element("th", text(each)) for each in headings)
    head = [element("thead", element("tr", *cells))] if headings else []
    body = (element("tr", *(element("td", cell) for cell in row)) for row in rows)
    inside = element("table", *head, element("tbody", join(body)))
    return element("div", inside, kind="scrolls")


def listed(lines: Iterable[str]) -> Markup:
    """Lines of text as a list."""
    return element("ul", *(element("li", text(line)) for line in lines))


def folded(heading: str, *parts: Markup) -> Markup:
    """What is shown once the reader opens it."""
    return element("details", element("summary", text(heading)), join(parts))


def picture(path: Path, caption: str, folder: Path) -> Markup:
    """A picture that is in the page itself, or a link to it where it is too large.

    Args:
      path: of a PNG or GIF file.
      caption: what it shows.
      folder: of the page; links begin there.

    Raises:
      OSError: the file cannot be read.
      ValueError: it is no picture.
    """
    about = element("figcaption", text(caption))
    if (size := path.stat().st_size) > MOST_BYTES:
        link = quote(path.relative_to(folder).as_posix())
        words = f"{path.name}, {size / 1e6:.1f} MB, is too large to be in this page"
        shown = Markup(f'<a href="{link}">{text(words)}</a>')
        return element("figure", shown, about)
    try:
        with Image.open(path) as opened:
            width, height = opened.size
    except UnidentifiedImageError:
        raise ValueError(f"{path} is no picture: move it away") from None
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    shown = Markup(
        f'<img src="data:{_TYPES[path.suffix]};base64,{data}" width="{width}"'
        f' height="{height}" alt="{text(caption)}">'
    )
    return element("figure", shown, about, kind="wide" * (width > _WIDE * height))


def render(title: str, body: Iterable[Markup]) -> str:
    """The page as a document.

    Args:
      title: of the document.
      body: its parts.
    """
    template = resources.files("wgan_gp.runs").joinpath("report.html")
    page = Template(template.read_text(encoding="utf-8"))
    return page.substitute(title=text(title), body=join(body))
