"""A ledger in the database that is large enough to learn from, made quickly."""

from datetime import timedelta

import numpy as np

from odoo.tools import SQL

from odoo.addons.dunning_automation.tests.common import DunningCommon

from ..tools.features import to_date, to_number


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
        counter = self._keep_counter(model)
        for position in range(number):
            ago = days - position * days // number
            due = self.today - timedelta(days=ago + 1)
            delay = late(position % customers, due.isoweekday(), random)
            paid = due + timedelta(days=int(delay))
            if paid >= self.today or position >= number - unpaid:
                paid = None
            self._copy_invoice(model, counter, position, due, paid)
        self._forget_model(model)

    def _keep_counter(self, model):
        """The other side of payments: that of ``model``, which is open again."""
        counter = self.pay(model).move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM account_partial_reconcile")
        return counter

    def _forget_model(self, model):
        self.env.cr.execute(
            "UPDATE account_move_line SET parent_state = 'cancel' WHERE move_id = %s",
            [model.id],
        )
        self.env.invalidate_all()

    def write_world(self, world):
        """The invoices of a ``ledger_world.World`` and what was paid until today.

        :return: ids of the receivable lines, in the order of the world
        """
        debtors = self._create_customers(int(world.customer.max()) + 1)
        model = self.invoice(debtors[0], days_overdue=0)
        payment = self._keep_counter(model)
        refund = self.receivable(self.credit_note(debtors[0]))
        line, today = self.receivable(model), to_number(self.today)
        rows = [
            (
                debtors[who].id,
                to_date(issued),
                to_date(due),
                to_date(settled) if settled < today else None,
                None if np.isnan(part) or part >= today else to_date(part),
                bool(credited),
            )
            for who, issued, due, settled, part, credited, _late in zip(
                *world, strict=True
            )
        ]
        self.env.cr.execute(
            """CREATE TEMPORARY TABLE world ON COMMIT DROP AS
               SELECT given.*, nextval('account_move_id_seq')::int AS move_id,
                      nextval('account_move_line_id_seq')::int AS line_id
                 FROM UNNEST(%s::int[], %s::date[], %s::date[], %s::date[],
                             %s::date[], %s::bool[]) WITH ORDINALITY AS
                      given (debtor, issued, due, settled, part, credited, number)
             ORDER BY number""",
            [list(column) for column in zip(*rows, strict=True)],
        )
        state = "CASE WHEN settled IS NULL THEN 'not_paid' ELSE 'paid' END"
        left = "CASE WHEN settled IS NULL THEN {} ELSE 0 END"
        self._copy_rows(
            model,
            id="move_id",
            invoice_date="issued",
            invoice_date_due="due",
            date="issued",
            name="'OLD/' || number",
            sequence_number="number",
            partner_id="debtor",
            commercial_partner_id="debtor",
            payment_state=state,
        )
        self._copy_rows(
            line,
            id="line_id",
            move_id="world.move_id",
            move_name="'OLD/' || number",
            partner_id="debtor",
            date="issued",
            date_maturity="due",
            reconciled="settled IS NOT NULL",
            full_reconcile_id="NULL::int",
            amount_residual=left.format("balance"),
            amount_residual_currency=left.format("amount_currency"),
        )
        self.env.cr.execute(
            """INSERT INTO account_partial_reconcile
                      (debit_move_id, credit_move_id, company_id, amount,
                       debit_amount_currency, credit_amount_currency, max_date,
                       create_date)
               SELECT line_id, CASE WHEN credited THEN %(refund)s ELSE %(payment)s END,
                      %(company)s, %(amount)s * share, %(amount)s * share,
                      %(amount)s * share, day, day
                 FROM world
           CROSS JOIN LATERAL (VALUES
                      (part, CASE WHEN part IS NULL THEN 0 ELSE 0.4 END),
                      (settled, CASE WHEN part IS NULL THEN 1 ELSE 0.6 END)
                      ) paid (day, share)
                WHERE day IS NOT NULL""",
            {
                "refund": refund.id,
                "payment": payment.id,
                "company": self.company.id,
                "amount": line.balance,
            },
        )
        self._forget_model(model)
        self.env.cr.execute(
            "ANALYZE account_move, account_move_line, account_partial_reconcile"
        )
        self.env.cr.execute("SELECT line_id FROM world ORDER BY number")
        return [line_id for (line_id,) in self.env.cr.fetchall()]

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

    def _copy_rows(self, record, **values):
        """Rows like that of ``record``, one per row of ``world``.

        :param values: expressions about columns of both
        """
        names = ["id", *self._get_columns(record)]
        self.env.cr.execute(
            SQL(
                "INSERT INTO %(table)s (%(columns)s) SELECT %(given)s"
                " FROM %(table)s AS model, world WHERE model.id = %(id)s",
                table=SQL.identifier(record._table),
                columns=SQL(", ").join(map(SQL.identifier, names)),
                given=SQL(", ").join(
                    SQL(values[name])
                    if name in values
                    else SQL.identifier("model", name)
                    for name in names
                ),
                id=record.id,
            )
        )

    @staticmethod
    def _get_columns(record):
        return [
            name
            for name, field in record._fields.items()
            if field.store and field.column_type and name != "id"
        ]

    def _copy_row(self, record, **values):
        """A row like that of ``record``, with other values; returns its id."""
        names = self._get_columns(record)
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
