"""`setup/test ... --long`: the same tests, with many more kills and examples."""

import os


def pytest_addoption(parser) -> None:
    parser.addoption(
        "--long",
        action="store_true",
        help="many more kills, messages and generated examples (hours)",
    )


def pytest_configure(config) -> None:
    # Odoo's test classes know no pytest fixtures: they look here.
    os.environ["DUNNING_LONG_TESTS"] = "1" if config.getoption("--long") else ""
