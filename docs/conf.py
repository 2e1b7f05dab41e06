"""Sphinx configuration."""

from importlib.metadata import version as installed_version

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
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "schema", "images"]

html_theme = "furo"
html_title = f"napari-vcf {release}"
html_show_sourcelink = False

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
