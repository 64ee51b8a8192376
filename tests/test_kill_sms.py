"""Senders of text messages are killed, before and after the provider took a message.

As `test_kill.py` does it with e-mail, smaller: 30 kills over 300 messages. What the
provider took is compared with the database: at most one per key, whoever died.
"""

import random
import threading
import time

import psutil
import pytest
from fleet import Fleet, wait_until
from sms_provider import PHASES, SmsProvider
from test_kill import CLAIMS, check_logs
from text_messages import CODE

KILLS, MESSAGES = 30, 300

NOTICES = """
SELECT notice.state, COALESCE(notice.sms_uuid, ''), COALESCE(notice.reason, '')
  FROM dunning_notice notice
"""
OUTGOING = "SELECT count(*) FROM sms_sms WHERE state = 'outgoing'"
ON_THE_WAY = "SELECT count(*) FROM dunning_notice WHERE state IN ('ready', 'claimed')"


@pytest.fixture
def provider():
    started = SmsProvider()
    yield started
    started.stop()


def test_killed_senders_text_nobody_twice(
    odoo_environment, database, odoo_shell, provider, tmp_path, capsys
):
    name, seed = database(), random.SystemRandom().randrange(1_000_000)
    ready = odoo_shell(name, f"PORT, DEBTORS = {provider.port}, {MESSAGES}\n{CODE}")
    assert ready == MESSAGES
    odoo_environment.server.query(CLAIMS, name)

    started = time.monotonic()
    fleet = Fleet(odoo_environment, name, tmp_path)
    try:
        killed = kill_while_texting(fleet, provider, random.Random(seed))
        finish(fleet)
        notices = fleet.query(NOTICES)
        [[outgoing]] = fleet.query(OUTGOING)
    finally:
        fleet.stop()

    check(provider, notices, killed)
    assert not outgoing
    check_logs(fleet)
    with capsys.disabled():
        unknown = sum(state == "unknown" for state, _uuid, _reason in notices)
        print(
            f"\n{killed} senders of text messages killed, {len(provider.taken)} of "
            f"{MESSAGES} messages taken, 0 twice, {unknown} unknown, in "
            f"{time.monotonic() - started:.0f} s, seed {seed}"
        )


def kill_while_texting(fleet, provider, chance) -> int:
    fleet.wait_until_ready()
    killed = 0
    while killed < KILLS:
        fleet.wake()
        [[waiting]] = fleet.query(ON_THE_WAY)
        assert waiting, f"all was sent before the last of {KILLS} kills"
        if MESSAGES - waiting < killed * MESSAGES / KILLS / 1.5:
            time.sleep(0.1)
        elif chance.random() < 0.2:
            killed += kill_somebody(fleet, chance)
        else:
            killed += kill_at(provider, chance.choice(PHASES))
    return killed


def kill_somebody(fleet, chance) -> int:
    """At a random moment."""
    workers = fleet.cron_workers(chance.choice(fleet.servers))
    if not workers:
        return 0
    psutil.Process(chance.choice(workers)).kill()
    return 1


def kill_at(provider, phase) -> int:
    done = threading.Event()

    def strike(process):
        process.kill()
        done.set()

    provider.strike_once(phase, strike)
    if done.wait(5):
        return 1
    provider.forget_strikes()
    return 0


def finish(fleet):
    def nothing_left():
        fleet.wake()
        time.sleep(0.4)
        [[left]] = fleet.query(ON_THE_WAY)
        return not left

    wait_until(nothing_left, 240, "all text messages settled")


def check(provider, notices, killed):
    """Nothing twice, nothing lost: what was sent was taken; what is unknown died."""
    assert not {key: count for key, count in provider.taken.items() if count > 1}
    assert len(notices) == MESSAGES
    states = [state for state, _uuid, _reason in notices]
    assert set(states) <= {"sent", "unknown"}
    assert set(provider.taken) <= {uuid for _state, uuid, _reason in notices}
    lost = [uuid for state, uuid, _r in notices if state == "sent"]
    assert set(lost) <= set(provider.taken)
    assert states.count("unknown") <= killed
    assert all(reason for state, _uuid, reason in notices if state == "unknown")
