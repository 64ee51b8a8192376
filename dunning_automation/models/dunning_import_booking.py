from psycopg2 import OperationalError
from psycopg2.errors import UniqueViolation

from odoo import Command, api, models
from odoo.exceptions import UserError
from odoo.tools import SQL, mute_logger

QUIET = {
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "tracking_disable": True,
}


class DunningImportBooking(models.AbstractModel):
    """Books rows of an imported file: an entry per invoice with one receivable line,
    an entry per payment, reconciled with it. The other side of both is the account of
    the opening balances: nothing is sold here, and no money comes to a bank."""

    _name = "dunning.import.booking"
    _description = "Booking of Imported Rows"

    def _book_or_blame(self):
        """Book these rows together; if that fails, one by one, and those that fail
        alone become errors. A row is booked with its payment or not at all."""
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                self._book()
        except Exception as error:
            if self._is_race(error):
                raise  # What is there is not seen in this transaction.
            if len(self) > 1:
                for row in self:
                    row._book_or_blame()
                return
            reason = str(error) if isinstance(error, UserError) else repr(error)
            self.sudo().write({"state": "error", "error": "refused", "value": reason})

    @api.model
    def _is_race(self, error):
        """Whether somebody did the same at the same time: tried again, it goes well."""
        if isinstance(error, OperationalError):
            return True
        name = isinstance(error, UniqueViolation) and error.diag.constraint_name
        return bool(name) and "dunning_import_uniq" in name

    def _book(self):
        """Book these rows of one import, all or none."""
        one = self.import_id
        rows = self.with_context(**QUIET).with_company(one.company_id)
        rows.flush_recordset()
        rows._compare(SQL("row.id = ANY(%s)", rows.ids), one._dunning_today())
        rows.invalidate_recordset()
        rows._create_customers()
        ready = rows.filtered(lambda row: row.state == "ready")
        ready._create_entries()
        rows.filtered(lambda row: row.state in ("ready", "pay") and row.to_pay)._pay()
        booked = rows.filtered(lambda row: row.state in ("ready", "pay"))
        booked.sudo().state = "booked"
        self.env.flush_all()  # What fails, fails here.

    def _create_customers(self):
        """A contact for each customer that has none, for all of his rows."""
        unknown = self.filtered(lambda row: row.state == "ready" and not row.partner_id)
        firsts = [rows[0] for rows in unknown.grouped("customer").values()]
        partners = self.env["res.partner"].create(
            [row._prepare_customer_values() for row in firsts]
        )
        for row, partner in zip(firsts, partners, strict=True):
            self.sudo().search(
                [
                    ("import_id", "=", row.import_id.id),
                    ("customer", "=", row.customer),
                    ("state", "=", "ready"),
                ]
            ).partner_id = partner

    def _prepare_customer_values(self):
        return {
            "name": self.customer_name,
            "ref": self.customer if self.customer != self.customer_name else False,
            "email": self.email,
            "is_company": True,
        }

    def _create_entries(self):
        taken = self._get_taken_names()
        values = []
        for row in self:
            name = row.number
            if name in taken:
                name = f"{row.number} ({row.customer})"
            taken.add(name)
            values.append(row._prepare_entry_values(name))
        moves = self.env["account.move"].create(values)
        moves._post(soft=False)
        for row, move in zip(self, moves, strict=True):
            row.sudo().move_id = move

    def _get_taken_names(self):
        """Numbers of these rows that another entry of the journal has already."""
        domain = [
            ("journal_id", "=", self.import_id.journal_id.id),
            ("name", "in", self.mapped("number")),
        ]
        return set(self.env["account.move"].sudo().search(domain).mapped("name"))

    def _prepare_entry_values(self, name):
        company = self.company_id
        amount = self.currency_id.round(self.amount)
        balance = self.currency_id._convert(
            amount, company.currency_id, company, self.invoice_date
        )
        account = self.partner_id.property_account_receivable_id
        return self._prepare_move_values(
            name, self.invoice_date, account, amount, balance
        ) | {
            "dunning_import_customer": self.customer,
            "dunning_import_number": self.number,
        }

    def _prepare_move_values(self, name, day, account, amount, balance):
        """
        :param amount: on the receivable account, in the currency of the row; what a
            customer owes is positive
        :param balance: the same in company currency
        """
        shared = {
            "name": self.number,
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
        }
        return {
            "move_type": "entry",
            "company_id": self.company_id.id,
            "journal_id": self.import_id.journal_id.id,
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "date": day,
            "name": name,
            "posted_before": True,  # Numbered elsewhere: Odoo keeps the name.
            "ref": self.number,
            "line_ids": [
                Command.create(
                    {
                        **shared,
                        "account_id": account.id,
                        "date_maturity": self.due_date,
                        "no_followup": False,
                        "amount_currency": amount,
                        "balance": balance,
                    }
                ),
                Command.create(
                    {
                        **shared,
                        "account_id": self.import_id.account_id.id,
                        "amount_currency": -amount,
                        "balance": -balance,
                    }
                ),
            ],
        }

    def _pay(self):
        """Book what was paid, on the day it was paid, and reconcile it. It closes as
        much of the balance as of the amount: no exchange difference is made up."""
        lines = [row._get_receivable_line(row.move_id) for row in self]
        moves = self.env["account.move"].create(
            [
                row._prepare_payment_values(line)
                for row, line in zip(self, lines, strict=True)
            ]
        )
        moves._post(soft=False)
        self.env["account.move.line"]._reconcile_plan(
            [
                line + row._get_receivable_line(move)
                for row, line, move in zip(self, lines, moves, strict=True)
            ]
        )

    def _get_receivable_line(self, move):
        return move.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )

    def _prepare_payment_values(self, line):
        move = line.move_id
        earlier = move.sudo().dunning_import_payment_ids
        share = self.to_pay / line.amount_residual_currency
        return self._prepare_move_values(
            f"{move.name}-P{len(earlier) + 1}",
            self.paid_date,
            line.account_id,
            -self.currency_id.round(self.to_pay),
            -self.company_id.currency_id.round(line.amount_residual * share),
        ) | {"dunning_import_paid_id": move.id}
