"""Settings of the documentation site; `make docs` builds it."""

import cslrkit

project = 'cslrkit'
author = 'the cslrkit developers'
version = release = cslrkit.__version__
extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon', 'sphinx.ext.viewcode']
exclude_patterns = ['_build']
html_theme = 'furo'
html_title = f'cslrkit {version}'

myst_enable_extensions = ['colon_fence']
myst_heading_anchors = 3

autodoc_member_order = 'bysource'
autodoc_typehints = 'none'  # signatures show them; twice is once too often
autodoc_default_options = {'members': True, 'show-inheritance': False}
autodoc_inherit_docstrings = False
napoleon_numpy_docstring = False
napoleon_custom_sections = ['Shape', 'Source']
