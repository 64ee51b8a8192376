"""Addons of the Odoo Community Association from PyPI: for the benchmark and for tests
of glue addons. Nothing that a user installs needs them."""

from __future__ import annotations

import errno
import hashlib
import shutil
from pathlib import Path

from . import commands, paths
from .environment import Environment
from .errors import SetupError, disk_full
from .locks import exclusive
from .progress import Step

REQUIREMENTS = paths.SETUP / "oca-requirements.txt"
PREFIX = "odoo-addon-"
NEEDED = "20,000,000 bytes for addons of the OCA"


def requirements() -> list:
    """The pinned packages, `name==version`."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and line[0] != "#"]


def addon_names() -> list:
    """The addons in them, by the name that a manifest calls them."""
    packages = (line.partition("==")[0] for line in requirements())
    return [
        package.removeprefix(PREFIX).replace("-", "_")
        for package in packages
        if package.startswith(PREFIX)
    ]


def with_oca(environment: Environment) -> Environment:
    """`environment` in which Odoo finds the addons of the OCA."""
    folder = ensure(environment.python)
    return environment.with_more(folder / "addons", folder / "packages")


def ensure(python: Path) -> Path:
    """The folder with `addons` and `packages`; made when it is not there."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:10]
    folder = paths.CACHE / f"oca-{key}"
    if not folder.exists():
        with exclusive(folder.with_name(f"{folder.name}.lock")):
            if not folder.exists():
                _install(python, folder)
    return folder


def _install(python: Path, folder: Path) -> None:
    """Build beside and rename: half an installation is none."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with Step("Fetching addons of the OCA") as step:
            pip = [python, "-m", "pip", "install", "--no-input", "--no-deps"]
            target = ["--target", partial / "packages"]
            commands.run([*pip, *target, *requirements()], "oca.log", step)
        # Odoo is a namespace package: a second "odoo" on Python's path would join it.
        (partial / "packages" / "odoo" / "addons").rename(partial / "addons")
        shutil.rmtree(partial / "packages" / "odoo")
        partial.rename(folder)
    except commands.CommandFailed as failure:
        shutil.rmtree(partial, ignore_errors=True)
        raise _pip_error(failure) from failure
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        if error.errno == errno.ENOSPC:
            raise disk_full(folder.parent, NEEDED) from error
        raise


def _pip_error(failure: commands.CommandFailed) -> SetupError:
    if "No space left on device" in failure.tail:
        return disk_full(paths.CACHE, NEEDED)
    return SetupError(
        "The addons of the OCA could not be installed.",
        failure.tail,
        f"Check the network and pip's configuration; all of pip's words: {failure.log}",
    )
