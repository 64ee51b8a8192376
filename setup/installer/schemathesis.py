"""Schemathesis, which tries our public addresses with input that nobody expects. Only
for tests."""

from __future__ import annotations

from . import apart, paths
from .environment import Environment

REQUIREMENTS = paths.SETUP / "schemathesis-requirements.txt"


def command(environment: Environment) -> tuple:
    """The beginning of a command line, and the environment to run it in."""
    python = environment.python
    start = [python, "-m", "schemathesis.cli"]
    return start, apart.variables(python, "schemathesis", REQUIREMENTS)
