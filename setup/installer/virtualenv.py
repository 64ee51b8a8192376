"""The Python environment: one per Python version and state of requirements.txt."""

from __future__ import annotations

import errno
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from . import apt, commands, paths
from .errors import SetupError, disk_full
from .locks import exclusive
from .progress import Step

REQUIREMENTS = paths.SETUP / "requirements.txt"
PYTHONS = ["3.13", "3.12", "3.11", "3.10"]
NEEDED = "900,000,000 bytes for the Python environment"


def python() -> Path:
    """The environment's Python; the environment is made when there is none."""
    interpreter, version = _interpreter()
    key = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:10]
    folder = paths.CACHE / f"venv-{version}-{key}"
    complete = folder / ".complete"
    if not complete.exists():
        with exclusive(folder.with_name(f"{folder.name}.lock")):
            if not complete.exists():
                _build(interpreter, folder)
                complete.touch()
    return folder / "bin" / "python"


def _interpreter() -> tuple:
    for candidate in (sys.executable, *(f"python{version}" for version in PYTHONS)):
        version = _version(candidate)
        if version in PYTHONS:
            return candidate, version
    raise SetupError(
        "No suitable Python was found.",
        f"Odoo 19.0 needs Python {PYTHONS[-1]} to {PYTHONS[0]}; this is "
        f"{sys.version.split()[0]} and no other is on the PATH.",
        "Install one of them (Debian 12: apt-get install python3) and run this again.",
    )


def _version(interpreter: str) -> str:
    show = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return _output(interpreter, show)
    except (OSError, subprocess.CalledProcessError):
        return ""


def _output(interpreter: str, code: str) -> str:
    answer = subprocess.run(
        [interpreter, "-c", code], check=True, capture_output=True, text=True
    )
    return answer.stdout.strip()


def _build(interpreter: str, folder: Path) -> None:
    _ensure_venv_module(interpreter)
    shutil.rmtree(folder, ignore_errors=True)
    with Step("Making the Python environment") as step:
        try:
            commands.run([interpreter, "-m", "venv", folder], "python.log", step)
            for arguments in (["-r", REQUIREMENTS], *_calls_of_their_own()):
                pip = [folder / "bin/python", "-m", "pip", "install", "--no-input"]
                commands.run([*pip, *arguments], "python.log", step)
        except commands.CommandFailed as failure:
            shutil.rmtree(folder, ignore_errors=True)
            raise _pip_error(failure) from failure
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            if error.errno == errno.ENOSPC:
                raise disk_full(folder.parent, NEEDED) from error
            raise


def _calls_of_their_own() -> list:
    """The lines of requirements.txt that start with `#:`, as arguments of pip."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    own = (line[2:].strip() for line in lines if line.startswith("#:"))
    return [line.split(maxsplit=1) for line in own]


def _ensure_venv_module(interpreter: str) -> None:
    try:
        _output(interpreter, "import venv, ensurepip")
    except subprocess.CalledProcessError:
        if apt.install("python3-venv", "Python environments"):
            return
        raise SetupError(
            "Python's venv module is missing.",
            "Debian ships it as a package of its own.",
            "Run as root: apt-get install python3-venv",
        ) from None


def _pip_error(failure: commands.CommandFailed) -> SetupError:
    if "No space left on device" in failure.tail:
        return disk_full(paths.CACHE, NEEDED)
    return SetupError(
        "The Python packages could not be installed.",
        failure.tail,
        f"Check the network and pip's configuration; all of pip's words: {failure.log}",
    )
