"""Every branch of the code that must never be wrong: a pytest plugin for full runs.

Runs inside the environment. Each session of a full run writes down what it reached into
the file that `SETUP_COVERAGE` names; `python -m installer.branch_coverage FILE...`
prints a table of all of it and fails when a branch was never taken. A part of the tests
proves nothing.
"""

import os
import sys

import coverage

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

FILES = [str(paths.CHECKOUT / name) for name in MEASURED]


def _measure(data_file: str) -> coverage.Coverage:
    return coverage.Coverage(
        branch=True, config_file=False, data_file=data_file, include=FILES
    )


if "SETUP_COVERAGE" in os.environ:
    _coverage = _measure(os.environ["SETUP_COVERAGE"])
    # At import, which is before Odoo loads the addons.
    _coverage.start()


def pytest_sessionfinish() -> None:
    _coverage.stop()
    _coverage.save()


def main(data_files: list) -> int:
    print("Branches that must all be taken:")
    together = _measure(f"{data_files[0]}.all")
    together.combine(data_files)
    return 1 if together.report(FILES, show_missing=True) < 100 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
