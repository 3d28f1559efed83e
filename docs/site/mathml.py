"""Formulas as MathML, which browsers draw themselves: the site fetches no script."""

from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml


def draw_inline(translator: Any, node: nodes.math) -> None:
    """Writes a formula within a sentence; Sphinx calls it.

    Args:
      translator: writes the page.
      node: the formula, in LaTeX.
    """
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def draw_block(translator: Any, node: nodes.math_block) -> None:
    """Writes a formula on lines of its own; as `draw_inline`."""
    translator.body.append(f"<div>{tex2mathml(node.astext(), as_block=True)}</div>")
    raise nodes.SkipNode
