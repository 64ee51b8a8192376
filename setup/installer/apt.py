"""What Debian's package manager gives: programs for root, package files for all."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from . import commands
from .progress import Step


def can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(package: str, reason: str) -> bool:
    """Install a package when we may; True when it worked."""
    if not can_install():
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install_it = ["apt-get", "install", "-y", "--no-install-recommends", package]
    with Step(f"Installing {package} ({reason})") as step:
        try:
            commands.run(["apt-get", "update"], "apt.log", step, env=environment)
            commands.run(install_it, "apt.log", step, env=environment)
        except commands.CommandFailed:
            return False
    return True


def own_suite() -> tuple | None:
    """(mirror address, suite) of this Debian, as its own apt has it."""
    try:
        codename = _os_release()["VERSION_CODENAME"]
        listed = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    except (OSError, KeyError, subprocess.CalledProcessError):
        return None
    for line in listed.splitlines():
        address, _, suite = line.partition("|")
        if suite in (codename, "stable"):
            return address, suite
    return None


def _os_release() -> dict:
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key: value.strip('"') for key, _, value in pairs}


class PrivateApt:
    """apt with its own sources, lists and cache: nothing of it reaches the system."""

    def __init__(self, folder: Path, mirror: str, suites: list):
        self.folder = folder
        for name in ("lists/partial", "cache/archives/partial", "debs"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        sources = "".join(f"deb {mirror} {suite} main\n" for suite in suites)
        (folder / "sources.list").write_text(sources)
        (folder / "apt.conf").write_text(
            f'Dir::Etc::sourcelist "{folder}/sources.list";\n'
            'Dir::Etc::sourceparts "/dev/null";\n'
            f'Dir::State::Lists "{folder}/lists";\n'
            f'Dir::Cache "{folder}/cache";\n'
            'Acquire::Languages "none";\n'
            'APT::Sandbox::User "root";\n'
        )
        self._environment = {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}

    def download(self, packages: list, step: Step) -> list:
        """The package files of `name/suite` strings."""
        for argv in (["apt-get", "update"], ["apt-get", "download", *packages]):
            commands.run(
                argv,
                "odoo_source.log",
                step,
                cwd=self.folder / "debs",
                env=self._environment,
            )
        return sorted((self.folder / "debs").glob("*.deb"))
