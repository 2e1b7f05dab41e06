"""Sphinx configuration."""

from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

project = "napari-vcf"
author = "The napari-vcf developers"
project_copyright = "2026, The napari-vcf developers"
release = installed_version("napari-vcf")
version = release

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "tasklist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "schema", "images"]
html_static_path = ["recordings"]

html_theme = "furo"
html_title = f"napari-vcf {release}"
html_show_sourcelink = False
# Formulas are part of the page, so that it shows them where there is no network.
html_math_renderer = "mathml"

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
autosummary_generate = False
# The pages of the API speak of what a script can use; the widgets need a display to be imported.
autodoc_mock_imports = ["qtpy", "napari", "magicgui", "vispy"]
napoleon_google_docstring = False
napoleon_use_rtype = False
# "shape (n, 2)" in a docstring is a description; Sphinx takes each word of it for a name and finds too many.
suppress_warnings = ["ref.python"]

# Addresses of papers answer slowly or only to browsers; the links between these pages are what must hold.
linkcheck_ignore = [r"https?://"]


def show_both_themes(app: Sphinx, page: nodes.document) -> None:
    """Where a page shows a picture of the light theme, show the dark one in its place to whoever reads in the dark.

    The pages name one file, as any other viewer of Markdown expects; `tools/docs/pictures.py` makes both.
    """
    for image in list(page.findall(nodes.image)):
        if not image["uri"].endswith("-light.webp"):
            continue
        dark = image.deepcopy()
        dark["uri"] = image["uri"].replace("-light.webp", "-dark.webp")
        if not (Path(app.srcdir) / dark["uri"]).is_file():
            raise FileNotFoundError(f"{dark['uri']} is missing: tools/docs/pictures.py makes both.")
        image["classes"].append("only-light")
        dark["classes"].append("only-dark")
        image.parent.insert(image.parent.index(image) + 1, dark)


def write_inline_formula(writer: Any, node: nodes.math) -> None:
    """Write a formula of a line as MathML."""
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def write_formula(writer: Any, node: nodes.math_block) -> None:
    """Write a formula of its own as MathML."""
    writer.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Add the pictures before Sphinx collects what it has to copy, and the formulas."""
    app.connect("doctree-read", show_both_themes, priority=100)
    app.add_html_math_renderer("mathml", (write_inline_formula, None), (write_formula, None))
