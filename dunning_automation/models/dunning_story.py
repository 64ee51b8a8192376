from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ..tools import aging, worklist
from ..tools.channels import INTERNAL

TIMELINE_LENGTH = 40
PAYMENTS_LENGTH = 20
MESSAGES_LENGTH = 20


class DunningStory(models.AbstractModel):
    """The whole story of a customer on one screen.

    Mixin of ``dunning.case``: what its form shows beside the stored figures. All of it
    is read in a constant number of queries, and no more than one looks at: a customer
    with thousands of open items opens as fast as one with ten.
    """

    _name = "dunning.story"
    _description = "Dunning Story"

    aging = fields.Json(
        compute="_compute_aging", help="Open amounts by how long they are overdue."
    )
    timeline = fields.Json(
        "Story", compute="_compute_timeline", help="What happened, the newest first."
    )
    payments = fields.Json(
        compute="_compute_payments", help="The last payments and how late they came."
    )
    sent_notice_ids = fields.Many2many(
        "dunning.notice", string="Sent Messages", compute="_compute_sent_notice_ids"
    )
    episode_ids = fields.Many2many(
        "dunning.case", string="Earlier Episodes", compute="_compute_episode_ids"
    )

    # === AGING === #

    def _compute_aging(self):
        self.env["account.move.line"].flush_model(["amount_residual"])
        self.env["dunning.decision"].flush_model()
        for case in self:
            rows = self.env.execute_query(case._get_aging_sql())
            amounts = {aging.BUCKETS[index]: float(amount) for index, amount in rows}
            case.aging = aging.shares(amounts)

    def _get_aging_sql(self):
        """Open amount per bucket, in company currency."""
        return SQL(
            """
            SELECT WIDTH_BUCKET(%(today)s - decision.date_due,
                                %(first_days)s::integer[]) AS bucket,
                   SUM(line.amount_residual)
              FROM dunning_decision decision
              JOIN account_move_line line ON line.id = decision.move_line_id
             WHERE decision.partner_id = %(partner)s
               AND decision.company_id = %(company)s
               AND decision.outcome != 'settled'
             GROUP BY bucket
            """,
            company=self.company_id.id or None,
            first_days=[last + 1 for last in aging.LAST_DAYS],
            partner=self.partner_id.id or None,
            today=self.company_id._dunning_today(),
        )

    def action_open_aging(self, bucket):
        """Open the items of one part of the aging bar."""
        self.ensure_one()
        today = self.company_id._dunning_today()
        first, last = aging.days(bucket)
        domain = self._get_open_items_domain()
        if first is not None:
            domain.append(("date_due", "<=", fields.Date.subtract(today, days=first)))
        if last is not None:
            domain.append(("date_due", ">=", fields.Date.subtract(today, days=last)))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_decision_action"
        )
        return action | {
            "name": self.partner_id.display_name,
            "domain": domain,
            "context": {},
            "view_mode": "list,form",
        }

    # === TIMELINE === #

    @api.depends_context("lang", "tz")
    def _compute_timeline(self):
        for case in self:
            happened = case._read_events() + [
                case._prepare_payment_item(payment) for payment in case._read_payments()
            ]
            happened.sort(key=lambda item: item.pop("order"), reverse=True)
            case.timeline = happened[:TIMELINE_LENGTH]

    def _read_events(self):
        events = self.env["dunning.event"].search(
            [("case_id", "=", self.id), ("kind", "not in", worklist.HIDDEN)],
            limit=TIMELINE_LENGTH,
        )
        return [self._prepare_event_item(event) for event in events]

    @api.model
    def _prepare_event_item(self, event):
        icon, color = worklist.look(event.kind)
        moment = fields.Datetime.context_timestamp(self, event.occurred_at)
        notice = event.notice_id
        return {
            "key": f"event {event.id}",
            "order": (moment.date().isoformat(), 1, event.id),
            "icon": icon,
            "color": color,
            "title": event.display_name,
            "text": event.summary or "",
            "date": format_date(self.env, moment.date()),
            "time": moment.strftime("%H:%M"),
            "user": event.user_id.sudo().name if event.user_id.share is False else "",
            "model": notice._name if notice else False,
            "id": notice.id,
        }

    @api.model
    def _prepare_payment_item(self, payment):
        icon, color = worklist.look("payment")
        late = payment["days_late"]
        words = (
            self.env._("%(invoice)s, %(days)s days late", days=late, **payment)
            if late > 0
            else self.env._("%(invoice)s, on time", **payment)
        )
        return {
            "key": f"payment {payment['id']}",
            "order": (payment["iso_date"], 0, payment["id"]),
            "icon": icon,
            "color": color,
            "title": self.env._("Payment"),
            "amount": payment["amount"],
            "text": words,
            "date": payment["date"],
            "time": "",
            "user": "",
            "model": "account.move",
            "id": payment["move_id"],
        }

    def action_open_timeline(self):
        """Open all events of this case."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_event_action"
        )
        return action | {"domain": [("case_id", "=", self.id)], "context": {}}

    # === PAYMENTS === #

    @api.depends_context("lang")
    def _compute_payments(self):
        for case in self:
            case.payments = case._read_payments()

    def _read_payments(self):
        """The last payments of this customer, an entry for each invoice they paid."""
        self.ensure_one()
        for model_name in ("account.move", "account.move.line"):
            self.env[model_name].flush_model()
        self.env["account.partial.reconcile"].flush_model()
        rows = self.env.execute_query_dict(self._get_payments_sql())
        return [
            row
            | {
                "amount": float(row["amount"]),
                "iso_date": row["date"].isoformat(),
                "date": format_date(self.env, row["date"]),
                "date_due": format_date(self.env, row["date_due"]),
            }
            for row in rows
        ]

    def _get_payments_sql(self):
        return SQL(
            """
            SELECT part.id, part.max_date AS date, part.amount,
                   payment.move_id, payment_move.name, invoice.id AS invoice_id,
                   invoice.name AS invoice,
                   COALESCE(line.date_maturity, line.date) AS date_due,
                   part.max_date - COALESCE(line.date_maturity, line.date)
                       AS days_late
              FROM account_move_line line
              JOIN account_partial_reconcile part ON part.debit_move_id = line.id
              JOIN account_move invoice ON invoice.id = line.move_id
              JOIN account_move_line payment ON payment.id = part.credit_move_id
              JOIN account_move payment_move ON payment_move.id = payment.move_id
              JOIN account_journal journal ON journal.id = payment.journal_id
             WHERE line.partner_id IN (
                       SELECT id
                         FROM res_partner
                        WHERE commercial_partner_id = %(partner)s)
               AND line.account_id IN (
                       SELECT id
                         FROM account_account
                        WHERE account_type = 'asset_receivable')
               AND line.company_id = %(company)s
               AND journal.type IN ('bank', 'cash', 'credit')
             ORDER BY part.max_date DESC, part.id DESC
             LIMIT %(limit)s
            """,
            company=self.company_id.id or None,
            limit=PAYMENTS_LENGTH,
            partner=self.partner_id.id or None,
        )

    # === MESSAGES AND EPISODES === #

    def _compute_sent_notice_ids(self):
        for case in self:
            case.sent_notice_ids = self.env["dunning.notice"].search(
                [
                    ("case_id", "=", case.id),
                    ("state", "in", ("sent", "delivered", "unknown")),
                    ("channel", "not in", INTERNAL),
                ],
                order="date_sent desc, id desc",
                limit=MESSAGES_LENGTH,
            )

    def _compute_episode_ids(self):
        for case in self:
            case.episode_ids = self.search(
                [
                    ("partner_id", "=", case.partner_id.id),
                    ("company_id", "=", case.company_id.id),
                    ("id", "!=", case.id),
                ],
                order="id desc",
                limit=20,
            )
