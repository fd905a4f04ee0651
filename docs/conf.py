"""Settings of the documentation site; `make docs` builds it."""

import cslrkit

project = 'cslrkit'
author = 'the cslrkit developers'
version = release = cslrkit.__version__
extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.autosummary',
    'sphinx.ext.napoleon',
    'sphinx.ext.viewcode',
]
exclude_patterns = ['_build', '_templates']
templates_path = ['_templates']
html_theme = 'furo'
html_title = f'cslrkit {version}'

myst_enable_extensions = ['colon_fence']
myst_heading_anchors = 3

autodoc_member_order = 'bysource'
autodoc_typehints = 'none'  # signatures show them; twice is once too often
# What a package hands on is documented where it is defined.
autodoc_default_options = {'members': True, 'show-inheritance': False, 'ignore-module-all': True}
autodoc_mock_imports = ['deepspeed', 'gradio', 'lmdb', 'safetensors', 'zstandard']  # extras
autodoc_inherit_docstrings = False
napoleon_numpy_docstring = False
napoleon_custom_sections = ['Shape', 'Source']
