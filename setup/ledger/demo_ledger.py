"""Write the demo ledger: made through the ORM, posted and reconciled for real.

The caller installs `MODULES`, activates `LANGUAGES`, and gives a database without
entries under a temporary name: a build that was interrupted is thrown away.
"""

from __future__ import annotations

import hashlib
from datetime import date

from odoo.fields import Command

from . import books, demo_plan
from .books import Progress, Receipt
from .demo_master import MasterData

MODULES = ["account", "portal"]
LANGUAGES = ["en_US", "de_DE", "fr_FR", "es_ES"]
SEED = 19
PORTAL_LOGIN = "portal@example.com"
PORTAL_PASSWORD = "portal"


def build(env, today: date, progress: Progress, seed: int = SEED) -> None:
    """Fill the database with the ledger as it stands on `today`.

    `env` is the superuser's. `progress(done, total, text)` counts records.
    """
    plan = demo_plan.make_plan(today, seed)
    _Writer(books.quiet(env), plan, progress).write()


def digest(env) -> str:
    """A fingerprint of names, dates, amounts and residuals: equal ledgers agree.

    Exchange differences are left out: Odoo dates them by the day of the build.
    """
    env.flush_all()
    env.cr.execute(
        """
        SELECT company.name, move.name, partner.ref, move.state, move.payment_state,
               move.date, line.date_maturity, line.amount_currency,
               line.amount_residual_currency, line.balance, line.amount_residual
          FROM account_move_line line
          JOIN account_move move ON move.id = line.move_id
          JOIN res_company company ON company.id = move.company_id
           AND company.currency_exchange_journal_id != move.journal_id
     LEFT JOIN res_partner partner ON partner.id = line.partner_id
         ORDER BY 1, move.date, 2, move.id, line.date_maturity, line.id
        """
    )
    rows = "\n".join(map(repr, env.cr.fetchall()))
    return hashlib.sha256(rows.encode()).hexdigest()


def _received(invoice: demo_plan.Invoice) -> list[demo_plan.Payment]:
    """The payments that have a journal entry."""
    return [pay for pay in invoice.payments if pay.fate != "in_process"]


def _is_repeated(payment: demo_plan.Payment, invoice: demo_plan.Invoice) -> bool:
    """Whether an earlier payment for the invoice came back."""
    first = invoice.payments[0]
    return payment is not first and first.returned is not None


class _Writer:
    """Turns the plan into records; keeps what later steps have to find again."""

    def __init__(self, env, plan: demo_plan.Plan, progress: Progress):
        self.env = env
        self.plan = plan
        receipts = sum(len(_received(invoice)) for invoice in plan.invoices)
        total = len(plan.customers) + len(plan.invoices) + receipts
        self.steps = books.Steps(progress, total)
        self.master = MasterData(env, plan, self.steps)
        self.moves = {}  # id of the planned invoice -> account.move

    def write(self) -> None:
        self.master.write()
        for key in self.master.companies:
            self._write_invoices(key)
            self._write_credits(key)
            self._write_payments(key)
        self._write_marks()
        self._write_portal_user()
        books.backdate(self.env)
        self._backdate_customers()

    # Documents

    def _write_invoices(self, key: str) -> None:
        planned = [i for i in self.plan.invoices if i.company == key]
        for batch in books.batches([i for i in planned if i.mark != "draft"]):
            self._write_invoice_batch(key, batch, post=True)
        drafts = [i for i in planned if i.mark == "draft"]
        self._write_invoice_batch(key, drafts, post=False)
        cancelled = [self.moves[id(i)] for i in planned if i.mark == "cancelled"]
        for move in cancelled:
            move.button_draft()
            move.button_cancel()

    def _write_invoice_batch(self, key: str, batch: list, post: bool) -> None:
        values = [self._invoice_values(invoice) for invoice in batch]
        moves = books.create_moves(self.master.companies[key], values, post)
        self.moves.update(zip(map(id, batch), moves, strict=True))
        self.steps.add(len(batch), f"invoices of {self.master.companies[key].name}")

    def _invoice_values(self, invoice: demo_plan.Invoice) -> dict:
        return self._document_values(
            invoice, "out_invoice", invoice.lines, self.master.terms[invoice.term].id
        )

    def _document_values(self, document, move_type, lines, term_id, percent=100):
        planned = self.plan.customers[document.customer]
        customer = self.master.customers[document.customer]
        contact = customer.child_ids.filtered(lambda child: child.type == "invoice")
        tax = self.master.tax(document.company, planned.country)
        return {
            "move_type": move_type,
            "partner_id": (contact or customer).id,
            "invoice_user_id": self.env.ref("base.user_admin").id,
            "invoice_date": document.date,
            "date": document.date,
            "invoice_payment_term_id": term_id,
            "currency_id": self.master.currency(planned.currency).id,
            "invoice_line_ids": [
                Command.create(
                    {
                        "product_id": self.master.products[line.product].id,
                        "quantity": line.quantity,
                        "price_unit": float(round(line.price * percent / 100, 2)),
                        "tax_ids": [Command.set(tax.ids)],
                    }
                )
                for line in lines
            ],
        }

    def _write_credits(self, key: str) -> None:
        """Credit notes: Odoo matches them with the invoice that they name."""
        values = [
            self._credit_values(invoice)
            for invoice in self.plan.invoices
            if invoice.company == key and invoice.credit and invoice.is_posted
        ]
        values += [
            self._document_values(credit, "out_refund", credit.lines, False)
            for credit in self.plan.open_credits
            if credit.company == key and credit.lines
        ]
        values.sort(key=lambda vals: vals["invoice_date"])
        for batch in books.batches(values):
            books.create_moves(self.master.companies[key], batch)

    def _credit_values(self, invoice: demo_plan.Invoice) -> dict:
        credit, move = invoice.credit, self.moves[id(invoice)]
        values = self._document_values(
            invoice, "out_refund", invoice.lines, False, credit.percent
        )
        return dict(
            values,
            invoice_date=credit.date,
            date=credit.date,
            reversed_entry_id=move.id,
            ref=f"{move.name}: credit of {credit.percent}%",
        )

    # Payments

    def _write_payments(self, key: str) -> None:
        company = self.master.companies[key]
        planned = [
            (payment, invoice)
            for invoice in self.plan.invoices
            if invoice.company == key
            for payment in _received(invoice)
        ]
        planned.sort(key=lambda pair: pair[0].date)
        # A payment that came back is undone before the next one for that invoice.
        repeated = [pair for pair in planned if _is_repeated(*pair)]
        first = [pair for pair in planned if not _is_repeated(*pair)]
        for batch in (*books.batches(first), *books.batches(repeated)):
            self._write_payment_batch(company, batch)
        advances = [
            credit
            for credit in self.plan.open_credits
            if credit.company == key and credit.amount
        ]
        books.create_payments(company, [self._advance_values(a) for a in advances])
        books.commit(self.env)

    def _write_payment_batch(self, company, batch: list) -> None:
        left = {}  # account.move.line -> open amount in its currency
        receipts = []
        moves = self.env["account.move"].browse(
            self.moves[id(invoice)].id for _payment, invoice in batch
        )  # one recordset: read together
        for (payment, _invoice), move in zip(batch, moves, strict=True):
            line = books.receivable_lines(move)[payment.instalment]
            open_amount = left.get(line, line.amount_residual_currency)
            amount = open_amount
            if payment.percent is not None:
                share = line.amount_currency * payment.percent / 100
                amount = min(line.currency_id.round(share), open_amount)
            left[line] = line.currency_id.round(open_amount - amount)
            receipts.append(Receipt(line, payment.date, amount))
        payments = books.receive(company, receipts)
        for record, (payment, _invoice) in zip(payments, batch, strict=True):
            if payment.fate != "kept":
                self._return_payment(record, payment)
        books.commit(self.env)
        self.steps.add(len(batch), f"payments of {company.name}")

    def _return_payment(self, record, payment: demo_plan.Payment) -> None:
        """The bank takes the money back, or somebody cancels the payment."""
        record.move_id.line_ids.remove_move_reconcile()
        if payment.fate == "cancelled":
            record.action_draft()
            record.action_cancel()
            return
        reversal = {
            "date": payment.returned,
            "ref": f"Returned by the bank: {record.name}",
        }
        record.move_id._reverse_moves([reversal], cancel=True)
        record.action_reject()

    def _advance_values(self, credit: demo_plan.OpenCredit) -> dict:
        planned = self.plan.customers[credit.customer]
        return {
            "payment_type": "inbound",
            "partner_id": self.master.customers[credit.customer].id,
            "currency_id": self.master.currency(planned.currency).id,
            "amount": float(credit.amount),
            "date": credit.date,
            "memo": "Payment without a reference",
        }

    # What a reminder must notice

    def _write_marks(self) -> None:
        for invoice in self.plan.invoices:
            move = self.moves[id(invoice)]
            if invoice.mark == "blocked":
                move.action_toggle_block_payment()
            elif invoice.mark == "no_followup":
                move.no_followup = True
            elif invoice.mark == "no_followup_last":
                books.receivable_lines(move)[-1].no_followup = True
            for payment in invoice.payments:
                if payment.fate == "in_process":
                    self._register_in_process(move, payment)
        books.commit(self.env)

    def _register_in_process(self, move, payment: demo_plan.Payment) -> None:
        """A payment without outstanding account: no entry, the residual stays."""
        record = (
            self.env["account.payment"]
            .with_company(move.company_id)
            .create(
                {
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "partner_id": move.commercial_partner_id.id,
                    "currency_id": move.currency_id.id,
                    "amount": move.amount_residual,
                    "date": payment.date,
                    "journal_id": books.journal(move.company_id, "bank").id,
                    "memo": move.name,
                    "invoice_ids": [Command.link(move.id)],
                }
            )
        )
        record.outstanding_account_id = False
        record.action_post()

    def _write_portal_user(self) -> None:
        index = [customer.portal for customer in self.plan.customers].index(True)
        company = self.master.companies[self.plan.customers[index].companies[0]]
        self.env["res.users"].create(
            {
                "login": PORTAL_LOGIN,
                "password": PORTAL_PASSWORD,
                "partner_id": self.master.customers[index].id,
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
            }
        )

    def _backdate_customers(self) -> None:
        partners = self.env["res.partner"].browse(
            partner.id for partner in self.master.customers
        )
        self.env.cr.execute(
            "UPDATE res_partner SET create_date = %s WHERE id IN %s",
            (self.plan.start, tuple((partners | partners.child_ids).ids)),
        )
        books.commit(self.env)
