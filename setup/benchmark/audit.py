"""Verifying the audit trail, measured against a bare scan of the same events."""

import statistics
import time

SAMPLES = 3

# What verifying cannot do without: read every event once and hash its content.
SCAN = """
    SELECT COUNT(SHA256(CONVERT_TO(hash || JSONB_BUILD_ARRAY(
               id, occurred_at, user_id, company_id, debtor_key, case_id, notice_id,
               kind, payload
           )::text, 'UTF8')))
      FROM dunning_event
"""


def measure(env, events):
    """Write and seal `events`, then verify and scan them in turn, each with one process
    of the database."""
    _write_events(env, events)
    while env["dunning.seal"]._seal_block():
        env.cr.commit()
    env.cr.commit()
    env.cr.execute("ANALYZE dunning_event; SET max_parallel_workers_per_gather = 0")
    env.cr.commit()
    floor, ours = [], []
    for _sample in range(SAMPLES):
        floor.append(_timed(lambda: env.cr.execute(SCAN)))
        ours.append(_timed(lambda: _verify(env, events)))
    return {
        "events": events,
        "ours_s": round(statistics.median(ours), 4),
        "floor_s": round(statistics.median(floor), 4),
    }


def _verify(env, events):
    result = env["dunning.verification"]._verify()
    if not result["ok"] or result["count"] < events:
        raise RuntimeError(f"Of {events} sealed events the verification says: {result}")


def _write_events(env, events):
    partner = env["res.partner"].create({"name": "Debtor"})
    env.flush_all()
    env.cr.execute(
        """INSERT INTO dunning_event
                  (occurred_at, user_id, company_id, partner_id, debtor_key, kind,
                   payload)
           SELECT NOW() + g * INTERVAL '1 second', %s, %s, %s, %s, 'address_missing',
                  JSONB_BUILD_OBJECT('reason', 'no_email', 'attempt', g)
             FROM generate_series(1, %s) g""",
        [env.uid, env.company.id, partner.id, partner.id, events],
    )
    env.cr.commit()


def _timed(run):
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
