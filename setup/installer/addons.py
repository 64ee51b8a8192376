"""Our addons as they lie in the checkout."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from . import oca, paths

OURS = ["dunning_automation", "dunning_automation_sms", "dunning_automation_ai"]


def present() -> list:
    """Our addons, those that exist; glue addons beside them install themselves."""
    return [name for name in OURS if _manifest_file(name).is_file()]


def all_in_checkout() -> list:
    """All that Odoo alone can carry. Glue to an addon of the OCA is left out: where
    that one is present it installs itself."""
    foreign = set(oca.addon_names())
    found = sorted(
        file.parent.name for file in paths.CHECKOUT.glob("*/__manifest__.py")
    )
    return [name for name in found if not foreign & set(_dependencies(name))]


def foreign_dependencies() -> list:
    """What our addons need from Odoo."""
    ours, needed = set(all_in_checkout()), {"account"}
    for name in ours:
        needed.update(_dependencies(name))
    return sorted(needed - ours)


def hashes() -> dict:
    """A hash of each addon's sources; a change in its tests or its
    description does not count."""
    return {name: hash_of(paths.CHECKOUT / name) for name in all_in_checkout()}


def hash_of(*roots: Path, text: str = "") -> str:
    """A short hash over files and folders (and some text)."""
    total = hashlib.sha256(text.encode())
    for root in roots:
        files = [root] if root.is_file() else sorted(root.rglob("*"))
        for file in files:
            inside = file.relative_to(root).parts
            if file.is_file() and not {"tests", "__pycache__", "description"} & set(
                inside
            ):
                total.update("/".join(inside).encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:10]


def _dependencies(name: str) -> list:
    text = _manifest_file(name).read_text(encoding="utf-8")
    return ast.literal_eval(text).get("depends", [])


def _manifest_file(name: str) -> Path:
    return paths.CHECKOUT / name / "__manifest__.py"
