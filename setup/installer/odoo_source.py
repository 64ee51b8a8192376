"""Where Odoo 19.0's source comes from: named by the user, the cache, Debian, Git."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import commands, paths
from .apt import PrivateApt, own_suite
from .errors import SetupError, disk_full
from .locks import exclusive
from .progress import Step

VERSION = "19.0"
REPOSITORY = "https://github.com/odoo/odoo"
NEEDED_BYTES = 1_600_000_000

# Files of the Debian package are links to these. Font Awesome must be the 4.7 of the
# machine's own suite: the newer one of sid breaks the icons. Montserrat is only in sid.
FROM_SID = ["odoo-19", "fonts-montserrat"]
FROM_OWN_SUITE = [
    "fonts-font-awesome",
    "fonts-inconsolata",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
]

# Debian leaves this file out, but the web client asks for it (blurred backgrounds in
# video calls): an empty one keeps the browser's console clean.
LEFT_OUT = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"


@dataclass(frozen=True)
class Source:
    """An Odoo that Python can import."""

    python_root: Path
    version: str

    @property
    def addons_paths(self) -> list:
        root = self.python_root
        return [
            path for path in (root / "addons", root / "odoo/addons") if path.is_dir()
        ]


def find(named: str | None) -> Source:
    """The source to use; fetched into the cache when there is none."""
    if named:
        return _named(Path(named).expanduser())
    cached = paths.CACHE / f"odoo-{VERSION}"
    if not cached.exists():
        with exclusive(paths.CACHE / "odoo.lock"):
            if not cached.exists():
                _fetch(cached)
    return locate(cached) or _unusable(cached)


def locate(folder: Path) -> Source | None:
    """The Odoo in a checkout, an unpacked Debian package or an installed package."""
    candidates = [folder, folder / "usr/lib/python3/dist-packages", folder.parent]
    for root in candidates:
        release = root / "odoo" / "release.py"
        if release.is_file() and (root / "odoo" / "tools").is_dir():
            text = release.read_text(encoding="utf-8")
            numbers = re.search(r"version_info = \(([^,]+), ([^,]+),", text)
            version = ".".join(part.strip("'\"") for part in numbers.groups())
            return Source(root.resolve(), version)
    return None


def _named(folder: Path) -> Source:
    source = locate(folder)
    if source is None:
        raise SetupError(
            f"There is no Odoo in {folder}.",
            "The folder has no odoo/release.py.",
            f"Name the top folder of an Odoo {VERSION} source with --odoo or ODOO_PATH,"
            "\nor leave both out and it is fetched.",
        )
    if source.version != VERSION:
        raise SetupError(
            f"{folder} is Odoo {source.version}; the addons need Odoo {VERSION}.",
            to_do=f"Name an Odoo {VERSION} source, or leave --odoo and ODOO_PATH out.",
        )
    return source


def _unusable(folder: Path) -> Source:
    raise SetupError(
        f"{folder} is not a usable Odoo.",
        to_do="Delete that folder and run the same command again.",
    )


def _fetch(target: Path) -> None:
    """Fetch into a sibling, then rename: what is there is whole."""
    partial = target.with_name(target.name + ".partial")
    reasons = []
    for way in (_from_debian, _from_git):
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            _check_room(partial)
            with Step(f"Fetching Odoo {VERSION} ({way.__doc__})") as step:
                way(partial / "source", step)
            (partial / "source").rename(target)
            return
        except commands.CommandFailed as failure:
            if "No space left on device" in failure.tail:
                raise disk_full(target.parent, _room_text()) from failure
            reasons.append(f"{way.__doc__}: {failure.last_line}")
        except LookupError as failure:
            reasons.append(f"{way.__doc__}: {failure}")
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    raise SetupError(
        f"Odoo {VERSION} could not be fetched.",
        "\n".join(reasons),
        "Check the network, or get a copy yourself and name it: --odoo PATH.",
    )


def _check_room(folder: Path) -> None:
    if shutil.disk_usage(folder).free < NEEDED_BYTES:
        raise disk_full(folder.parent, _room_text())


def _room_text() -> str:
    return f"{NEEDED_BYTES:,} bytes for Odoo's source"


def _from_debian(target: Path, step: Step) -> None:
    """Debian's package"""
    suite = own_suite() if shutil.which("dpkg") else None
    if suite is None:
        raise LookupError("this machine's apt knows no Debian mirror")
    mirror, own = suite
    apt = PrivateApt(target.parent / "apt", mirror, [own, "sid"])
    wanted = [f"{name}/sid" for name in FROM_SID]
    wanted += [f"{name}/{own}" for name in FROM_OWN_SUITE]
    for package in apt.download(wanted, step):
        step.text = f"unpacking {package.name}"
        commands.run(["dpkg", "-x", package, target], "odoo_source.log")
    left_out = locate(target).python_root / LEFT_OUT
    if not left_out.exists():
        left_out.parent.mkdir(parents=True, exist_ok=True)
        left_out.write_text("")


def _from_git(target: Path, step: Step) -> None:
    """Odoo's public repository"""
    if not shutil.which("git"):
        raise LookupError("git is not installed")
    clone = ["git", "clone", "--depth", "1", "--progress", "--branch", VERSION]
    commands.run([*clone, REPOSITORY, target], "odoo_source.log", step)
