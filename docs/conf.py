"""Configuration of the documentation's site.

From a fresh clone::

    pip install '.[docs]'
    python -m sphinx -W --keep-going -n docs build/docs

Then open build/docs/index.html, without a server and without a network: the search works, and formulas are drawn by a
copy of MathJax. Doxygen (``apt-get install doxygen``) describes the C++ headers; without it their page shows their
source.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "_sphinx"))

from docstrings import SECTIONS
from header_pages import XML, have_doxygen
from offline_math import MATHJAX_PATH

import adamas

project = "adamas"
author = "the authors of adamas"
project_copyright = author
version = release = adamas.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    # Ours, in docs/_sphinx.
    "site_pages",
    "section_pages",
    "repository_links",
    "docstrings",
]
if have_doxygen():
    extensions.append("breathe")
    breathe_projects = {"adamas": XML.as_posix()}
    breathe_default_members = ("members", "undoc-members")

# Included by other pages, or none of the site's.
exclude_patterns = ["generated/*.rst", "generated/frameworks", "generated/doxygen", "_sphinx"]

# Breathe links types in declarations that it does not show. No page of ours uses the role ``ref``.
suppress_warnings = ["ref.ref"]

# --- Markdown
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 4
myst_dmath_double_inline = True
mathjax_path = MATHJAX_PATH

# --- docstrings
default_role = "py:obj"
smartquotes = False  # quotes around values are part of them
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = list(SECTIONS)
maximum_signature_line_length = 88
python_use_unqualified_type_names = True
# Types in annotations that no page of this site describes.
nitpick_ignore_regex = [
    ("py:.*", r"(numpy|np|collections|typing|typing_extensions|os|pathlib|types|inspect|contextlib|enum|abc)\..*"),
    ("py:.*", r"(jax|torch|keras|optax|scipy|sklearn|thinc|flwr)\..*"),
    ("py:class", r"(Any|SupportsFloat|Callable|Literal|TypeVar|Unpack|Self|Path|PathLike|ndarray|dtype|optional)"),
    ("py:class", r"(adamas\._.*|adamas\.rules\.[a-z_]+\..*)"),
    ("py:exc", r".*"),
    ("cpp:.*", r".*"),
]
# References to other projects need their inventories, and so a network: only if asked for.
if os.environ.get("ADAMAS_DOCS_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "torch": ("https://docs.pytorch.org/docs/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
    }

# --- appearance
html_theme = "furo"
html_title = f"adamas {release}"
html_static_path = ["_static", "generated/static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
