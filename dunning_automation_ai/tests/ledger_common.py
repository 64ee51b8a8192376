"""A ledger in the database that is large enough to learn from, made quickly."""

from datetime import timedelta

import numpy as np

from odoo.tools import SQL

from odoo.addons.dunning_automation.tests.common import DunningCommon


class LedgerCommon(DunningCommon):
    def make_ledger(self, number=320, days=600, customers=8, late=None, unpaid=4):
        """Invoices whose payment depends on customer and weekday; the last ones open.

        One real invoice and one real payment are multiplied in SQL, receivable lines
        only: posting hundreds would take minutes.

        :param late: function of (customer number, weekday, random) -> days late
        """
        random = np.random.default_rng(7)
        late = late or self._usual_delay
        self.debtors = self._create_customers(customers)
        model = self.invoice(self.debtors[0], days_overdue=0)
        counter = self.pay(model).move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM account_partial_reconcile")
        for position in range(number):
            ago = days - position * days // number
            due = self.today - timedelta(days=ago + 1)
            delay = late(position % customers, due.isoweekday(), random)
            paid = due + timedelta(days=int(delay))
            if paid >= self.today or position >= number - unpaid:
                paid = None
            self._copy_invoice(model, counter, position, due, paid)
        self.env.cr.execute(
            "UPDATE account_move_line SET parent_state = 'cancel' WHERE move_id = %s",
            [model.id],
        )
        self.env.invalidate_all()

    @staticmethod
    def _usual_delay(customer, weekday, random):
        return random.normal(-4 + 2.2 * customer + 5 * (weekday > 5), 3)

    def _copy_invoice(self, model, counter, position, due, paid):
        """One more invoice like ``model``, with its payment."""
        number = next(self._numbers)
        debtor = self.debtors[position % len(self.debtors)].id
        dates = {"invoice_date": due - timedelta(days=30), "invoice_date_due": due}
        move_id = self._copy_row(
            model,
            **dates,
            date=dates["invoice_date"],
            name=f"OLD/{number}",
            sequence_number=number + 1000,
            partner_id=debtor,
            commercial_partner_id=debtor,
            payment_state="paid" if paid else "not_paid",
        )
        line = self.receivable(model)
        still_open = {
            "amount_residual": line.balance,
            "amount_residual_currency": line.amount_currency,
        }
        line_id = self._copy_row(
            line,
            move_id=move_id,
            move_name=f"OLD/{number}",
            partner_id=debtor,
            date=dates["invoice_date"],
            date_maturity=due,
            reconciled=bool(paid),
            full_reconcile_id=None,
            **(dict.fromkeys(still_open, 0) if paid else still_open),
        )
        if paid:
            self.env.cr.execute(
                """INSERT INTO account_partial_reconcile
                          (debit_move_id, credit_move_id, company_id, amount,
                           debit_amount_currency, credit_amount_currency, max_date,
                           create_date)
                   SELECT id, %s, company_id, balance, amount_currency,
                          amount_currency, %s, %s
                     FROM account_move_line WHERE id = %s""",
                [counter.id, paid, paid, line_id],
            )

    def _copy_row(self, record, **values):
        """A row like that of ``record``, with other values; returns its id."""
        names = [
            name
            for name, field in record._fields.items()
            if field.store and field.column_type and name != "id"
        ]
        columns = SQL(", ").join(map(SQL.identifier, names))
        given = SQL(", ").join(
            SQL("%s", values[name]) if name in values else SQL.identifier(name)
            for name in names
        )
        ((new_id,),) = self.env.execute_query(
            SQL(
                "INSERT INTO %(table)s (%(columns)s) SELECT %(given)s FROM %(table)s"
                " WHERE id = %(id)s RETURNING id",
                table=SQL.identifier(record._table),
                columns=columns,
                given=given,
                id=record.id,
            )
        )
        return new_id

    def train(self, company=None):
        return self.env["dunning.risk.model"].sudo()._train(company or self.company)

    def predict(self, company=None):
        return self.env["dunning.prediction"].sudo()._predict(company or self.company)

    def prediction(self, invoice):
        return self.env["dunning.prediction"].search([("move_id", "=", invoice.id)])
