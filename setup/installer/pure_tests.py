"""Only the tests that need no database, and each example in a docstring as a test of
its own: a pytest plugin for `setup/mutation`. Runs inside the environment."""

import doctest
import re
import sys
import unittest
from importlib import import_module

import pytest
from hypothesis import HealthCheck, settings

from odoo.tests import BaseCase, TransactionCase

settings.register_profile(
    "mutation",
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutation")

# Odoo's own way to run a test wants Odoo's own result.
BaseCase.run = unittest.TestCase.run
BaseCase.subTest = unittest.TestCase.subTest

# tests/test_csv_ledger.py reads files by the addon's tools, under another name.
for name in ("csv_columns", "csv_values", "receivables_file"):
    tool = import_module(f"odoo.addons.dunning_automation.tools.{name}")
    sys.modules[f"ledger.{name}"] = tool


def pytest_collection_modifyitems(config, items) -> None:
    away = [item for item in items if not _is_pure(item)]
    config.hook.pytest_deselected(items=away)
    items[:] = [item for item in items if item not in away]


def _is_pure(item) -> bool:
    """`test_examples` is left out as well: ``Examples`` has them one by one."""
    needs_database = item.cls and issubclass(item.cls, TransactionCase)
    return not needs_database and item.name != "test_examples"


def pytest_collect_file(file_path, parent):
    if file_path.match("tools/*.py"):
        return Examples.from_parent(parent, path=file_path)
    return None


class Examples(pytest.Module):
    """The docstrings of a module in which mutmut keeps all mutants of a function."""

    def collect(self):
        for test in doctest.DocTestFinder(exclude_empty=True).find(self.obj):
            if test.examples and not re.search(r"__mutmut_\d+$", test.name):
                yield Example.from_parent(self, name=test.name, test=test)


class Example(pytest.Item):
    cls = None

    def __init__(self, *, test, **options):
        super().__init__(**options)
        self.test = test

    def runtest(self):
        runner = doctest.DebugRunner(optionflags=doctest.ELLIPSIS)
        runner.run(self.test, clear_globs=False)
