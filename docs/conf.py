"""The documentation site, made by Sphinx: `make docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import wgan_gp
from docs.site import mathml, reference

project = "wgan_gp"
author = "The wgan_gp authors"
project_copyright = author
version = release = wgan_gp.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
exclude_patterns = ["recompute", "site", "launch", "w1_benchmark/*", "images/*"]
default_role = "code"  # of `words` in docstrings
suppress_warnings = ["myst.header"]  # pages made of the changelog start at any level

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
nb_execution_mode = "force"  # what a chapter imports may have changed
# Notebooks take minutes and hold their outputs: `make notebooks` executes them.
nb_execution_excludepatterns = ["generated/*.ipynb"]
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_show_tb = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_math_renderer = "mathml"
html_title = "wgan_gp"
html_static_path = ["site/static"]
html_css_files = ["wgan_gp.css"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5fa5"},
    "dark_css_variables": {"color-brand-primary": "#f0a04b"},
}
html_show_sphinx = False
copybutton_exclude = ".linenos, .gp"


def setup(app):
    """Writes the pages that are made from the code, before Sphinx looks for pages."""
    reference.write(Path(__file__).parent)
    app.add_html_math_renderer(
        "mathml", (mathml.draw_inline, None), (mathml.draw_block, None)
    )
    app.connect("source-read", reference.within_the_site)
    app.connect("autodoc-skip-member", reference.skip_fields)
    app.connect("autodoc-process-docstring", reference.escape)
