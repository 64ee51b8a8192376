"""Our addons as they lie in the checkout."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from . import paths

OURS = ["dunning_automation", "dunning_automation_sms", "dunning_automation_ai"]


def present() -> list:
    """Our addons, those that exist; glue addons beside them install themselves."""
    return [name for name in OURS if _manifest_file(name).is_file()]


def all_in_checkout() -> list:
    return sorted(file.parent.name for file in paths.CHECKOUT.glob("*/__manifest__.py"))


def foreign_dependencies() -> list:
    """What our addons need from Odoo."""
    ours, needed = set(all_in_checkout()), {"account"}
    for name in ours:
        text = _manifest_file(name).read_text(encoding="utf-8")
        needed.update(ast.literal_eval(text).get("depends", []))
    return sorted(needed - ours)


def hashes() -> dict:
    """A hash of each addon's sources; a change in its tests does not count."""
    return {name: hash_of(paths.CHECKOUT / name) for name in all_in_checkout()}


def hash_of(*roots: Path, text: str = "") -> str:
    """A short hash over files and folders (and some text)."""
    total = hashlib.sha256(text.encode())
    for root in roots:
        files = [root] if root.is_file() else sorted(root.rglob("*"))
        for file in files:
            inside = file.relative_to(root).parts
            if file.is_file() and not {"tests", "__pycache__"} & set(inside):
                total.update("/".join(inside).encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:10]


def _manifest_file(name: str) -> Path:
    return paths.CHECKOUT / name / "__manifest__.py"
