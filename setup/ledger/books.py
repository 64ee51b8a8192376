"""Bookkeeping through Odoo's ORM, in batches: what both ledger loaders need.

A batch is committed when it is done. No mail leaves and none is queued.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from odoo.tools import split_every

BATCH = 250  # records per create call and commit

Progress = Callable[[int, int, str], None]


@dataclass
class Receipt:
    """Money for one receivable line; `amount` is in the line's currency, positive.

    For the line of a credit note it is money that is paid back.
    """

    line: object  # account.move.line
    date: date
    amount: float


class Steps:
    """Counts finished records and tells `progress(done, total, text)`."""

    def __init__(self, progress: Progress, total: int):
        self._progress = progress
        self._total = total
        self._done = 0

    def add(self, count: int, text: str) -> None:
        self._done += count
        self._progress(self._done, self._total, text)


def quiet(env):
    """The same environment without chatter, tracking, invitations and mails."""
    return env(
        context=dict(
            env.context,
            tracking_disable=True,
            mail_create_nolog=True,
            mail_create_nosubscribe=True,
            mail_notrack=True,
            mail_auto_subscribe_no_notify=True,
            no_reset_password=True,
        )
    )


def set_up_company(company, values: dict, currency) -> None:
    """Name, address and currency of a company that has no entries yet.

    The chart of accounts is the generic one for every country: writing a country
    would otherwise install its localisation modules.
    """
    env = company.env
    if not company.chart_template:
        env["account.chart.template"].try_loading(
            "generic_coa", company, install_demo=False
        )
    company = company.with_context(chart_template_load=True)
    currency.active = True
    company.write(dict(values, currency_id=currency.id))
    if company.country_id:
        company.account_fiscal_country_id = company.country_id


def journal(company, kind: str):
    """The company's first journal of that type: sale or bank."""
    return company.env["account.journal"].search(
        [("type", "=", kind), ("company_id", "=", company.id)], limit=1
    )


def receivable_lines(move):
    """The instalments of an invoice, the earliest due date first."""
    return move.line_ids.filtered(
        lambda line: line.account_id.account_type == "asset_receivable"
    ).sorted(lambda line: (line.date_maturity or line.date, line.id))


def batches(items: list) -> Iterator[list]:
    return split_every(BATCH, items, list)


def create_moves(company, values: list[dict], post: bool = True):
    """One batch of invoices and credit notes of a company, committed."""
    journal_id = journal(company, "sale").id
    moves = (
        company.env["account.move"]
        .with_company(company)
        .create([dict(vals, journal_id=journal_id) for vals in values])
    )
    if post:
        moves._post(soft=False)
    commit(company.env)
    return moves


def create_payments(company, values: list[dict]):
    """One batch of posted customer payments.

    `action_post` would create and post one entry at a time, which takes twice as
    long; the entries made here are the same.
    """
    env = company.env
    journal_id = journal(company, "bank").id
    payments = (
        env["account.payment"]
        .with_company(company)
        .create(
            [
                dict(vals, partner_type="customer", journal_id=journal_id)
                for vals in values
            ]
        )
    )
    moves = (
        env["account.move"]
        .with_company(company)
        .create([payment._generate_move_vals() for payment in payments])
    )
    _link(payments)
    moves._post(soft=False)
    payments.action_post()
    return payments


def _link(payments) -> None:
    """Give every payment the entry that names it, in one statement.

    Written one by one, each of them recomputes what depends on it with queries.
    """
    env = payments.env
    env.flush_all()
    env.cr.execute(
        "UPDATE account_payment payment SET move_id = move.id FROM account_move move"
        " WHERE move.origin_payment_id = payment.id AND payment.id IN %s",
        (tuple(payments.ids),),
    )
    payments.invalidate_recordset(["move_id"])
    payments.modified(["move_id"])


def receive(company, receipts: list[Receipt]):
    """One batch of payments, each matched with the line that it is for."""
    payments = create_payments(
        company,
        [
            {
                "payment_type": "inbound" if receipt.line.balance > 0 else "outbound",
                "partner_id": receipt.line.partner_id.id,
                "currency_id": receipt.line.currency_id.id,
                "amount": receipt.amount,
                "date": receipt.date,
                "memo": receipt.line.move_id.name,
            }
            for receipt in receipts
        ],
    )
    company.env["account.move.line"]._reconcile_plan(
        [
            receipt.line + receivable_lines(payment.move_id)
            for receipt, payment in zip(receipts, payments, strict=True)
        ]
    )
    commit(company.env)
    return payments


def backdate(env) -> None:
    """Let every record have been created on its own day, at nine in the morning.

    Whoever reads the ledger as of an earlier day sees what was known on that day.
    """
    env.flush_all()
    for statement in (
        "UPDATE account_move SET create_date = COALESCE(invoice_date, date)"
        " + interval '9 hours'",
        "UPDATE account_move_line line SET create_date = move.create_date"
        " FROM account_move move WHERE move.id = line.move_id",
        "UPDATE account_payment SET create_date = date + interval '9 hours'",
        "UPDATE account_partial_reconcile SET create_date = max_date"
        " + interval '9 hours'",
        "UPDATE account_full_reconcile full_match SET create_date = part.create_date"
        " FROM (SELECT full_reconcile_id, MAX(create_date) AS create_date"
        " FROM account_partial_reconcile GROUP BY full_reconcile_id) part"
        " WHERE part.full_reconcile_id = full_match.id",
    ):
        env.cr.execute(statement)
    commit(env)


def commit(env) -> None:
    """Commit and forget what was read: a long build stays small.

    Flushed here, because the commit's own flush would recompute in an environment
    that is not `quiet` and write chatter.
    """
    env.flush_all()
    env.cr.commit()
    env.invalidate_all()
