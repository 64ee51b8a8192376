"""`setup/docs`: the pages of `docs/`, made by Sphinx. Any warning is an error."""

from __future__ import annotations

import subprocess
from pathlib import Path

from . import apart, paths, virtualenv

PAGES = paths.CHECKOUT / "docs"
OUTPUT = paths.LOCAL / "docs"


def build(
    source: Path = PAGES, output: Path = OUTPUT, **options
) -> subprocess.CompletedProcess:
    """Run Sphinx to its end; `options` are those of `subprocess.run`."""
    python = virtualenv.python()
    variables = apart.variables(python, "sphinx", PAGES / "requirements.txt")
    command = [python, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html"]
    return subprocess.run([*command, source, output], env=variables, **options)


def main(arguments: list) -> int:
    output = Path(*arguments) if arguments else OUTPUT
    code = build(output=output).returncode
    if not code:
        print(f"The pages begin at {output / 'index.html'}")
    return code
