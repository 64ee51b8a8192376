"""Sphinx's configuration: `setup/docs` builds these pages."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "Dunning automation"
author = "Dunning Automation contributors"
project_copyright = author
language = "en"
extensions = ["from_code"]
exclude_patterns = ["examples"]
html_theme = "alabaster"
html_theme_options = {
    "description": "Reminders for Odoo 19, once each, and everyone sees why",
    "fixed_sidebar": True,
    "page_width": "1100px",
}
html_static_path = ["pictures"]
html_css_files = ["pages.css"]
html_copy_source = False
smartquotes = False

# Labels of Odoo's own screens that the pages name.
odoo_labels = [
    "Accounting",
    "Configuration",
    "Invoicing",
    "Scheduled Actions",
    "Settings",
    "Technical",
]
