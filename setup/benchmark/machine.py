"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

from installer import paths
from installer.environment import Environment

SHOW_SETTINGS = """
    SELECT name, current_setting(name)
      FROM unnest(ARRAY['server_version', 'fsync', 'synchronous_commit',
                        'shared_buffers']) AS name
"""


def describe(environment: Environment) -> dict:
    settings = dict(environment.server.query(SHOW_SETTINGS))
    return {
        "cpu": _first_match(
            "/proc/cpuinfo", r"model name\s*: (.*)", platform.machine()
        ),
        "cores": len(os.sched_getaffinity(0)),
        "ram_gb": round(int(_first_match("/proc/meminfo", r"MemTotal:\s*(\d+)")) / 1e6),
        "load": round(os.getloadavg()[0], 2),
        "system": platform.platform(terse=True),
        "python": _output(environment.python, "--version").removeprefix("Python "),
        "odoo": _odoo_version(environment),
        "postgresql": settings.pop("server_version"),
        "postgresql_settings": settings,
    }


def _odoo_version(environment: Environment) -> str:
    show = "from odoo import release; print(release.version)"
    with environment.popen("-c", show, stdout=subprocess.PIPE, text=True) as process:
        return process.stdout.read().strip()


def commit() -> str:
    """The checkout's commit; `+` when files differ from it."""
    try:
        name = _output("git", "-C", paths.CHECKOUT, "rev-parse", "--short", "HEAD")
        changes = _output("git", "-C", paths.CHECKOUT, "status", "--porcelain")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name + ("+" if changes else "")


def _output(*argv) -> str:
    argv = [str(word) for word in argv]
    return subprocess.run(
        argv, check=True, capture_output=True, text=True
    ).stdout.strip()


def _first_match(file, pattern: str, default: str = "0") -> str:
    found = re.search(pattern, Path(file).read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else default
