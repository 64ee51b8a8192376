"""Book a receivables export in Odoo: posted invoices, real payments, reconciled."""

from __future__ import annotations

from datetime import date

from odoo.fields import Command

from . import books, csv_ledger
from .books import Progress, Receipt

DISPUTED_NOTE = "Disputed by the customer, as the imported ledger says."


class Loader:
    """Writes the rows that exist on `today`."""

    def __init__(
        self, env, ledger: csv_ledger.LedgerFile, today: date, progress: Progress
    ):
        self.env = books.quiet(env)
        self.ledger = ledger
        self.today = today
        self.rows = sorted(
            (row for row in ledger.rows if row.invoice_date <= today),
            key=lambda row: (row.invoice_date, row.line),
        )
        paid = sum(row.is_paid(today) for row in self.rows)
        self.steps = books.Steps(progress, len(self.rows) + paid)
        self.company = self.env.ref("base.main_company")
        self.currencies = {
            code: self.env.ref(f"base.{code}")
            for code in dict.fromkeys(row.currency for row in ledger.rows)
        }

    def load(self) -> None:
        later = len(self.ledger.rows) - len(self.rows)
        if later:
            print(f"{later} invoices are dated after {self.today}: left out.")
        for currency in self.currencies.values():
            currency.active = True
        books.set_up_company(
            self.company,
            {"name": csv_ledger.COMPANY_NAME, "email": csv_ledger.COMPANY_EMAIL},
            self.currencies[self.ledger.currency],
        )
        self._allow_any_number()
        self._write_payments(self._write_invoices(self._write_customers()))
        books.backdate(self.env)

    def _allow_any_number(self) -> None:
        """Odoo refuses a number that seems to name another year than the date does.

        The parameter is its way out for documents that came from elsewhere.
        """
        last = max((row.invoice_date for row in self.rows), default=self.today)
        self.env["ir.config_parameter"].set_param(
            "sequence.mixin.constraint_start_date", last.isoformat()
        )

    def _write_customers(self) -> dict:
        """Customer -> res.partner."""
        customers = self.ledger.customers()
        partners = self.env["res.partner"].create(
            [
                {"name": name, "ref": key, "email": email, "is_company": True}
                for key, (name, email) in customers.items()
            ]
        )
        return dict(zip(customers, partners, strict=True))

    def _write_invoices(self, partners: dict) -> dict:
        """Row -> id of its account.move."""
        names, written = self.ledger.names(), {}
        income = books.journal(self.company, "sale").default_account_id
        for batch in books.batches(self.rows):
            moves = books.create_moves(
                self.company,
                [
                    self._invoice_values(
                        row, names[row], partners[row.customer], income
                    )
                    for row in batch
                ],
            )
            written.update(zip(batch, moves.ids, strict=True))
            self.steps.add(len(batch), "invoices")
        return written

    def _invoice_values(self, row: csv_ledger.Row, name: str, partner, income) -> dict:
        is_open = not row.is_paid(self.today)
        return {
            "move_type": "out_invoice" if row.amount > 0 else "out_refund",
            "name": name,
            "posted_before": True,  # numbered elsewhere: Odoo keeps the name
            "ref": row.number,
            "payment_reference": row.number,
            "partner_id": partner.id,
            "currency_id": self.currencies[row.currency].id,
            "invoice_user_id": self.env.ref("base.user_admin").id,
            "invoice_date": row.invoice_date,
            "date": row.invoice_date,
            "invoice_date_due": row.due_date,
            "invoice_payment_term_id": False,
            "narration": DISPUTED_NOTE if row.disputed and is_open else False,
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": f"Invoice {row.number}",
                        "account_id": income.id,
                        "quantity": 1,
                        "price_unit": float(abs(row.amount)),
                        "tax_ids": [Command.clear()],
                    }
                )
            ],
        }

    def _get_paid(self, row: csv_ledger.Row) -> float:
        return float(abs(row.amount if row.paid_amount is None else row.paid_amount))

    def _write_payments(self, written: dict) -> None:
        paid = [
            row for row in self.rows if row.is_paid(self.today) and self._get_paid(row)
        ]
        paid.sort(key=lambda row: (row.paid_date, row.line))
        for batch in books.batches(paid):
            moves = self.env["account.move"].browse(written[row] for row in batch)
            receipts = [
                Receipt(line, row.paid_date, self._get_paid(row))
                for row, line in zip(
                    batch, map(books.receivable_lines, moves), strict=True
                )
            ]
            books.receive(self.company, receipts)
            self.steps.add(len(batch), "payments")
