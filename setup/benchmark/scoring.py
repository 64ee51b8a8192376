"""Predictions measured: the features of a ledger's history beside one aggregation over
the same lines, then a training and the scoring of all that is open."""

import statistics
import time

from odoo.tools import SQL

from . import ledger

YEARS = 3
SAMPLES = 3


def measure(env):
    """Seconds of each part, and the lines of which they are.

    :return: dict with ``floor_s`` (one aggregation over the receivable lines),
        ``joined_floor_s`` (the same with invoices and payments, so that it knows who
        paid late), ``features_s`` (the statement, with what it hands over),
        ``train_s`` and ``predict_s``
    """
    company = env.company
    paid = ledger.age(env, YEARS)["paid"]
    env.cr.execute("ANALYZE")
    env.cr.commit()
    features = env["dunning.risk.features"]
    today, grace = company._dunning_today(), company.dunning_late_grace_days

    def read():
        return features._read_issued(company, today, grace, shift=True)

    floor = _median(lambda: env.execute_query(_floor(company)))
    joined = _median(lambda: env.execute_query(_joined_floor(company)))
    seconds = _median(read)
    samples = read()
    trained = _seconds(lambda: env["dunning.risk.model"]._train(company))
    env.cr.commit()
    scored = _seconds(lambda: env["dunning.prediction"]._predict(company))
    env.cr.commit()
    return {
        "lines": len(samples),
        "paid": paid,
        "floor_s": floor,
        "joined_floor_s": joined,
        "features_s": seconds,
        "train_s": trained,
        "predict_s": scored,
        "open": env["dunning.prediction"].search_count([]),
        "matured": int(samples.matured(samples.issued.max()).sum()),
    }


def _floor(company):
    return SQL(
        """SELECT line.partner_id, COUNT(*), SUM(line.balance), MAX(line.date_maturity)
             FROM account_move_line line
             JOIN account_account account ON account.id = line.account_id
            WHERE line.company_id = %s AND line.parent_state = 'posted'
              AND account.account_type = 'asset_receivable'
            GROUP BY line.partner_id""",
        company.id,
    )


def _joined_floor(company):
    return SQL(
        """SELECT move.commercial_partner_id, COUNT(*), SUM(line.balance),
                  AVG(part.max_date - line.date_maturity)
             FROM account_move_line line
             JOIN account_move move ON move.id = line.move_id
             JOIN account_account account ON account.id = line.account_id
        LEFT JOIN account_partial_reconcile part ON part.debit_move_id = line.id
        LEFT JOIN account_move_line payment ON payment.id = part.credit_move_id
        LEFT JOIN account_journal journal ON journal.id = payment.journal_id
            WHERE line.company_id = %s AND line.parent_state = 'posted'
              AND account.account_type = 'asset_receivable'
              AND move.move_type = 'out_invoice'
            GROUP BY move.commercial_partner_id""",
        company.id,
    )


def _median(action):
    return statistics.median(_seconds(action) for _sample in range(SAMPLES))


def _seconds(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began
