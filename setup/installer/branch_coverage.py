"""Every branch of the code that must never be wrong: a pytest plugin for full runs.

Runs inside the environment. A full run prints a table of these files and fails when a
branch of them was never taken; a part of the tests proves nothing and prints nothing.
"""

import io

import coverage
import pytest

from . import paths

MEASURED = (
    # the states of a notice
    "dunning_automation/tools/notice_states.py",
    # claim, delivery, outcome
    "dunning_automation/models/dunning_sender.py",
    "dunning_automation/tools/sender_batch.py",
    "dunning_automation/tools/smtp_connections.py",
    "dunning_automation/tools/smtp_outcome.py",
    # stop signs
    "dunning_automation/models/dunning_ledger.py",
    "dunning_automation/models/dunning_notice_line.py",
    "dunning_automation/models/dunning_policy.py",
)

_files = [str(paths.CHECKOUT / name) for name in MEASURED]
_coverage = coverage.Coverage(
    branch=True, config_file=False, data_file=None, include=_files
)
# At import, which is before Odoo loads the addons.
_coverage.start()
_table = io.StringIO()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session) -> None:
    _coverage.stop()
    covered = _coverage.report(_files, file=_table, show_missing=True)
    if covered < 100 and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter) -> None:
    terminalreporter.section("branches that must all be taken")
    terminalreporter.write(_table.getvalue().replace(f"{paths.CHECKOUT}/", ""))
