"""`--part=0,1/3`: only these of three parts of the tests, a pytest plugin for sessions
that run side by side. Runs inside the environment."""

from zlib import crc32


def pytest_addoption(parser) -> None:
    parser.addoption("--part", help="e.g. 0,1/3: two of three parts of the tests")


def pytest_collection_modifyitems(config, items) -> None:
    part = config.getoption("--part")
    if part:
        chosen, _slash, parts = part.partition("/")
        numbers = {int(number) for number in chosen.split(",")}
        # A class stays together: it is expensive to set up.
        items[:] = [item for item in items if _number(item, int(parts)) in numbers]


def _number(item, parts: int) -> int:
    return crc32(item.nodeid.rpartition("::")[0].encode()) % parts
