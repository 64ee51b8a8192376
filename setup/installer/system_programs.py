"""Programs that come with the operating system: PDF and browser."""

from __future__ import annotations

import shutil

from . import apt
from .progress import say

BROWSERS = ["google-chrome", "chromium", "chromium-browser", "google-chrome-stable"]


def ensure_wkhtmltopdf() -> bool:
    return _ensure("wkhtmltopdf", ["wkhtmltopdf"], "for PDF files")


def ensure_browser() -> bool:
    return _ensure("chromium", BROWSERS, "for the browser tests")


def _ensure(package: str, programs: list, reason: str) -> bool:
    if any(map(shutil.which, programs)) or apt.install(package, reason):
        return True
    say(
        f"{package} is missing {reason}; setup goes on without it. "
        f"To get it, run as root: apt-get install {package}"
    )
    return False
