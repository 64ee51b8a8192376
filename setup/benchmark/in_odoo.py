"""The steps that need Odoo: `python -m benchmark.in_odoo STEP --database NAME`.

Prints what a step measured as JSON after `RESULT_MARK`. Odoo's log goes to the error
output.
"""

import argparse
import json
import re
from pathlib import Path

from installer.in_odoo import environment

from . import (
    account,
    audit,
    dashboard,
    ledger,
    planning,
    replay,
    scoring,
    sending,
    texting,
    workers,
    worklist,
)

RESULT_MARK = "\x1eRESULT "

STEPS = {
    "ledger": ledger.build,
    "ledger_age": ledger.age,
    "plan_ours": planning.ours,
    "plan_oca": planning.oca,
    "plan_floor": planning.floor,
    "send_ours": sending.ours,
    "send_prepare": sending.keep_ready,
    "send_share": sending.share,
    "send_oca": sending.oca,
    "send_workers": workers.send,
    "audit": audit.measure,
    "replay": replay.measure,
    "scoring": scoring.measure,
    "texting": texting.measure,
    "worklist": worklist.measure,
    "account": account.measure,
    "dashboard": dashboard.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("step", choices=sorted(STEPS))
    parser.add_argument("--database", required=True)
    parser.add_argument("--with", dest="options", type=json.loads, default={})
    arguments = parser.parse_args()
    with environment(arguments.database) as env:
        result = STEPS[arguments.step](env, **arguments.options)
        env.cr.commit()
    if result is not None:
        result |= {"peak_mb": _peak_mb()}
    print(RESULT_MARK + json.dumps(result), flush=True)


def _peak_mb() -> float:
    """The most memory that this process ever had resident, in 1,000,000 bytes."""
    status = Path("/proc/self/status").read_text()
    [kib] = re.findall(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return round(int(kib) * 1024 / 1_000_000, 1)


if __name__ == "__main__":
    main()
