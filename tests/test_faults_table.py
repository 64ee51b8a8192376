"""The table of faults in README.md is complete, and what it names exists."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")


def test_all_forty_faults_are_answered():
    numbers = re.findall(r"^\| (\d+) \| .+ \| .+ \|$", TABLE, re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(1, 41))


def test_every_test_of_the_table_exists():
    source = "".join(
        path.read_text(encoding="utf-8") for path in ROOT.glob("**/test_*.py")
    )
    named = set(re.findall(r"`(test_\w+)`", TABLE))
    assert not {name for name in named if f"def {name}(" not in source}
