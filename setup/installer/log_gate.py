"""A silent Odoo log: the pytest plugin that fails a test for an unexpected record.

Runs inside the environment. `assertLogs` and `mute_logger` keep the records of their
block away from here, so a test says in its own code what it expects.
"""

import logging
import os
import re
from pathlib import Path

import pytest

# What stock Odoo 19.0 logs by itself: (logger, start of the message), with the reason.
CORE_NOISE = [
    # Manifests and READMEs of core addons are not always valid reStructuredText.
    ("odoo.addons.base.models.ir_module", "docutils"),
    ("py.warnings", r".*docutils"),
    # account and website build links with a function that Werkzeug deprecates.
    ("py.warnings", r".*werkzeug\.urls"),
    # A page that still loads when its test is over: its requests are refused then.
    (r".*\.browser$", "Error received after termination"),
]

SHOWN_LINES = 8

_RECORD = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ (?P<level>[A-Z]+) (?P<db>\S+) "
    r"(?P<logger>\S+): (?P<message>.*)"
)


def unexpected(logger: str, message: str) -> bool:
    return not any(
        re.match(name, logger) and re.match(start, message, re.DOTALL)
        for name, start in CORE_NOISE
    )


def shortened(text: str) -> str:
    """Without the middle of a long traceback."""
    lines = text.splitlines()
    if len(lines) > 2 * SHOWN_LINES:
        lines[SHOWN_LINES:-SHOWN_LINES] = ["  ..."]
    return "\n".join(lines)


def read_log(path: Path) -> list:
    """The unexpected WARNING, ERROR and CRITICAL records of a log file."""
    found, current = [], None
    for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        if match := _RECORD.match(line):
            current = [line]
            if match["level"] in ("WARNING", "ERROR", "CRITICAL"):
                found.append((match["logger"], match["message"], current))
        elif current:
            current.append(line)
    # A traceback follows its record in lines of its own: judge the whole.
    return [
        "\n".join(lines)
        for logger, message, lines in found
        if unexpected(logger, "\n".join([message, *lines[1:]]))
    ]


def assert_clean_log(path: Path) -> None:
    """Fail when an Odoo process wrote something unexpected to that log."""
    if records := read_log(path):
        raise AssertionError("Unexpected in the Odoo log:\n" + "\n".join(records))


class Gate(logging.Handler):
    """Collects what reaches the root logger and nobody expected."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.records = []

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if unexpected(record.name, text):
            self.records.append(f"{record.levelname} {record.name}: {shortened(text)}")

    def take(self) -> list:
        records, self.records = self.records, []
        return records


class InstallLog(pytest.Item):
    """The installation of our addons, as a test of its own."""

    def runtest(self) -> None:
        assert_clean_log(self.path)

    def reportinfo(self):
        return self.path, None, "installation of the addons: silent log"

    def repr_failure(self, excinfo):
        return str(excinfo.value)


_gate = Gate()


def pytest_configure(config) -> None:
    # Odoo and we want warnings as log records, not in pytest's own summary.
    logging.getLogger().addHandler(_gate)


def pytest_collection_modifyitems(session, config, items) -> None:
    """Odoo's choice of tests, the installation's log first."""
    items[:] = [item for item in items if _is_standard(item)]
    install_log = os.environ.get("SETUP_INSTALL_LOG")
    if install_log:
        path = Path(install_log)
        items.insert(0, InstallLog.from_parent(session, name="install", path=path))


def _is_standard(item) -> bool:
    """Not `@tagged("-standard")`; tests without Odoo have no tags."""
    return "standard" in getattr(item.cls, "test_tags", ["standard"])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Each phase of a test answers for what was logged in it."""
    outcome = yield
    records = _gate.take()
    report = outcome.get_result()
    if records and report.passed:
        report.outcome = "failed"
        report.longrepr = "Unexpected in the Odoo log:\n" + "\n".join(records)


def pytest_sessionfinish(session) -> None:
    """What came after the last test has no test to blame."""
    records = _gate.take()
    if records:
        print("\nUnexpected in the Odoo log after the last test:", *records, sep="\n")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
