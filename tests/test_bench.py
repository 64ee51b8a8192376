"""`setup/bench` counts right: both sides get the same work, and all of it is done. How
fast it is done is no matter here."""

import json
import subprocess

import pytest
from installer import paths

LINES, MESSAGES, EVENTS = 200, 20, 1_000


@pytest.fixture(scope="module")
def bench(tmp_path_factory, odoo_environment):
    """What a small run printed, and its figures."""
    file = tmp_path_factory.mktemp("bench") / "figures.json"
    sizes = {
        "lines": LINES,
        "messages": MESSAGES,
        "events": EVENTS,
        "curve": 1_000,
        "worklist": LINES,
        "dashboard": LINES,
        "account": LINES,
        "replay": LINES,
        "scoring": 1_000,
        "texts": MESSAGES,
        "workers": "2",
    }
    options = [f"--{name}={value}" for name, value in sizes.items()]
    answer = subprocess.run(
        [paths.SETUP / "bench", *options, "--repeat=1", f"--json={file}"],
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout, json.loads(file.read_text())


def overdue(lines):
    """How many lines of the generated ledger are due since yesterday or longer."""
    return sum((number * 37) % 61 - 10 > 0 for number in range(1, lines + 1))


def test_both_sides_plan_the_same_lines(bench):
    planning = bench[1]["planning"]
    assert planning["lines"] == planning["oca_lines"] == LINES
    assert planning["overdue_steps"] == planning["oca_steps"] == overdue(LINES)


def test_both_sides_text_the_same_number(bench):
    texting = bench[1]["texting"]
    assert texting["messages"] == texting["distinct"] == texting["recorded"] == MESSAGES
    assert texting["odoo_messages"] == MESSAGES


def test_the_floor_writes_as_many_rows_as_we_do(bench):
    planning = bench[1]["planning"]
    assert planning["floor_rows"] == planning["rows"]
    assert planning["rows"]["dunning_decision"] == LINES
    assert planning["rows"]["dunning_notice"] == LINES / 10


def test_every_side_delivers_the_same_number_of_messages(bench):
    sending = bench[1]["sending"]
    assert sending["messages"] == sending["distinct"] == sending["recorded"] == MESSAGES
    assert sending["oca_messages"] == sending["oca_recorded"] == MESSAGES
    assert sending["floor_messages"] == MESSAGES
    assert sending["together_messages"] == sending["together_distinct"] == MESSAGES
    assert sending["queries_per_message"] > 1


def test_servers_deliver_the_same_messages_once(bench):
    points = bench[1]["workers"]
    assert [(point["by"], point["workers"]) for point in points] == [
        ("crons", 2),
        ("jobs", 2),
    ]
    for point in points:
        for count in ("messages", "distinct", "recipients", "recorded"):
            assert point[count] == MESSAGES
        assert sum(point["by_host"]) == MESSAGES
        assert len(point["by_host"]) == point["workers"]
        assert point["seconds"] > 0


def test_every_point_of_the_curve_has_its_lines(bench):
    assert [point["lines"] for point in bench[1]["curve"]] == [1_000]


def test_the_replay_goes_through_three_months(bench):
    replay = bench[1]["replay"]
    assert replay["lines"] == LINES
    assert replay["days"] > 60
    assert replay["messages"] > LINES / 10
    assert replay["seconds"] > 0


def test_predictions_are_made_of_all_that_is_open(bench):
    scoring = bench[1]["scoring"]
    assert scoring["lines"] == 1_000
    assert 0 < scoring["paid"] < 1_000
    # What was paid today was open this morning.
    assert 1_000 - scoring["paid"] <= scoring["open"] < 1_000
    assert "features as of each invoice" in bench[0]


def test_the_worklist_shows_every_debtor_as_a_case(bench):
    worklist = bench[1]["worklist"]
    assert worklist["lines"] == [LINES]
    assert worklist["cases"] == [LINES / 10]
    assert worklist["list_s"][0] > 0
    assert worklist["form_s"][0] > 0


def test_the_dashboard_opens_and_follows_each_filter(bench):
    [dashboard] = bench[1]["dashboard"]
    # Invoices, and their payments.
    assert LINES < dashboard["lines"] < 2 * LINES
    assert dashboard["statements"] > 0
    assert len(dashboard["requests"]) == 9
    assert all(seconds > 0 for seconds in dashboard["requests"].values())


def test_both_pages_show_the_same_customer(bench):
    account = bench[1]["account"]
    assert account["lines"] == account["invoices"] == LINES
    assert account["ours_shown"] >= 100
    assert account["odoo_shown"] >= 80
    assert account["ours_s"] > 0 and account["odoo_s"] > 0


def test_every_side_has_a_time_and_the_machine_a_name(bench):
    figures = bench[1]
    for part, sides in {
        "planning": ("ours_s", "oca_s", "floor_s", "peak_mb"),
        "sending": ("ours_s", "together_s", "oca_s", "floor_s"),
    }.items():
        assert all(figures[part][side] > 0 for side in sides)
    assert figures["curve"][0]["ours_s"] > 0
    assert figures["machine"]["odoo"].startswith("19.0")
    assert figures["commit"]


def test_the_table_says_who_how_much_and_how_fast(bench):
    table = bench[0]
    for words in (
        "| ours | 200 |",
        "| OCA | 200 |",
        "| ours, 2 senders at once | 20 |",
        "floor",
        "PostgreSQL 1",
        "| worklist,",
        "| opening |",
        "| ours: account |",
        "| replay,",
        "| sender crons | 2 | 20 |",
        "| jobs of queue_job | 2 | 20 |",
    ):
        assert words in table


def test_nothing_is_left_behind(bench, odoo_environment):
    rows = odoo_environment.server.query(
        "SELECT datname FROM pg_database WHERE datname ~ '^bench_[0-9]+_'"
    )
    assert rows == []
