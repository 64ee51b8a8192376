from odoo import api, fields, models, tools

IGNORED = "hold_recovery"
"""Normal reminders rest while a payment is recovered; this is what is said instead."""


class DunningPaymentMessage(models.AbstractModel):
    """Notices about a payment method: a charge failed, or a card expires soon.

    They are at no level and move no invoice up. They go through the same claim as all
    notices: who paid meanwhile hears nothing.
    """

    _name = "dunning.payment.message"
    _description = "Dunning Notice: Payment Method"

    payment_message = fields.Selection(
        [
            ("retry", "Payment Failed, We Try Again"),
            ("method", "Another Payment Method Is Needed"),
            ("expired", "The Card Has Expired"),
            ("authentication", "The Bank Asks to Confirm"),
            ("expiring", "The Card Expires Soon"),
        ],
        "About a Payment Method",
        readonly=True,
        help="Such a message is at no level. Empty = a reminder.",
    )
    recovery_id = fields.Many2one(
        "dunning.recovery",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The failed payment that it is about.",
    )
    token_id = fields.Many2one(
        "payment.token",
        "Payment Method",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The stored payment method that failed or expires.",
    )
    retry_date = fields.Date(
        compute="_compute_retry_date", help="When the charge is tried again."
    )
    expiry_date = fields.Date(compute="_compute_expiry_date")
    method_text = fields.Char(
        compute="_compute_texts", help="The payment method, as the customer knows it."
    )
    invoice_text = fields.Char(compute="_compute_texts")
    open_text = fields.Char(compute="_compute_texts")
    method_html = fields.Html(compute="_compute_method_html", sanitize=False)

    @api.depends("recovery_id.next_retry_at", "company_id")
    def _compute_retry_date(self):
        for notice in self:
            moment = notice.sudo().recovery_id.next_retry_at
            timezone = notice.company_id._dunning_timezone()
            run = self.env["dunning.run"]
            notice.retry_date = moment and run._local_date(timezone, moment)

    @api.depends("token_id.dunning_expires_on")
    def _compute_expiry_date(self):
        for notice in self:
            notice.expiry_date = notice.sudo().token_id.dunning_expires_on

    @api.depends("line_ids.residual_currency", "line_ids.drop_reason", "token_id")
    @api.depends_context("lang")
    def _compute_texts(self):
        for notice in self:
            lines = notice._get_lines()
            notice.method_text = notice.sudo().token_id.display_name
            notice.invoice_text = ", ".join(dict.fromkeys(lines.mapped("name")))
            notice.open_text = tools.format_amount(
                self.env,
                sum(lines.mapped("residual_currency")),
                lines.currency_id[:1] or notice.currency_id,
            )

    @api.depends("payment_message")
    @api.depends_context("lang")
    def _compute_method_html(self):
        for notice in self:
            notice.method_html = notice._render_part("payment_message_button")

    def _get_method_url(self):
        """Where the customer changes his payment method; empty where no link can be
        given."""
        url = self._get_account_url()
        return url and f"{url}/method"

    # === PLANNING === #

    @api.model
    def _plan_payment_message(self, message, subject, **values):
        """Plan ``message``; it leaves by itself where the policy is automatic.

        :param subject: ``dunning.recovery`` or ``payment.token``, one
        :param values: ``partner_id`` (commercial), ``company_id`` and what else is
            known; ``move_line_ids``: the lines that it is about
        :return: the notice; empty where the policy only simulates
        """
        partner = self.env["res.partner"].browse(values["partner_id"])
        company = self.env["res.company"].browse(values["company_id"])
        lines = values.pop("move_line_ids", self.env["account.move.line"])
        policy = self._find_policy(lines, company)
        if policy.mode == "simulate":
            return self.browse()
        recipient = partner.dunning_contact_id or partner
        today = company._dunning_today()
        notice = self.create(
            {
                **values,
                "policy_id": policy.id,
                "channel": "email",
                "debtor_key": partner.id,
                "recipient_id": recipient.id,
                "email_to": recipient.email_normalized,
                "lang": recipient.lang or partner.lang or self.env.lang,
                "payment_message": message,
                "group_key": f"P{subject.id} {message}",
                "dedup_key": f"{subject._name}:{subject.id}:{message}:{today}",
                "date": today,
                "state": "ready" if policy.mode == "automatic" else "planned",
            }
        )
        notice._list(lines, today)
        notice._tell("notice_planned", state=notice.state)
        if stop := notice._refresh().get(notice):
            notice._set_state("suppressed", stop)
        elif notice.state == "ready":
            notice._trigger_delivery()
        return notice

    @api.model
    def _find_policy(self, lines, company):
        """The policy of ``lines``, else the first of the company."""
        decisions = self.env["dunning.decision"].search(
            [("move_line_id", "in", lines.ids), ("policy_id", "!=", False)], limit=1
        )
        policies = self.env["dunning.policy"]._search_applicable(company)
        return decisions.policy_id or policies[:1]

    def _list(self, lines, today):
        """Name the lines that it is about: no steps, but amounts that must still be
        true when the message leaves."""
        self.env["dunning.notice.line"].create(
            [
                {
                    "notice_id": self.id,
                    "move_line_id": line.id,
                    "move_id": line.move_id.id,
                    "company_id": line.company_id.id,
                    "channel": self.channel,
                    "name": line.move_id.name,
                    "date_due": line.date_maturity,
                    "days_overdue": (today - line.date_maturity).days,
                    "currency_id": line.currency_id.id,
                    "residual": line.amount_residual,
                    "residual_currency": line.amount_residual_currency,
                }
                for line in lines
            ]
        )

    # === JUST BEFORE IT LEAVES === #

    def _review_payment(self, row):
        """A ``row`` of ``dunning.ledger._review``, as it counts for these notices."""
        if not self.payment_message:
            return row
        lines = {
            line_id: line | {"stop": None} if line["stop"] == IGNORED else line
            for line_id, line in row["lines"].items()
        }
        stop = row["stop"]
        if stop in (None, "nothing_due"):
            stop = self._find_payment_stop(lines)
        # It also tells what no line knows, e.g. the day of the next try: write it anew.
        return row | {"lines": lines, "stop": stop, "snapshot_hash": None}

    def _find_payment_stop(self, lines):
        if not self._is_payment_message_true():
            return "outdated"
        listed = self._get_lines()
        stopped = [line for line in listed if lines.get(line.id, {}).get("stop")]
        return "nothing_due" if listed and len(stopped) == len(listed) else None

    def _is_payment_message_true(self):
        """Whether it is still what the customer should hear."""
        if self.recovery_id:
            return self.payment_message == self.recovery_id._choose_message()
        token = self.token_id
        return bool(
            token.active
            and token.dunning_expires_on
            and token.dunning_expires_on == token.dunning_expiry_told
            and not token.dunning_replaced_by_id
        )

    def _get_template(self):
        if message := self[:1].payment_message:  # All of them are about the same.
            return self.env.ref(
                f"dunning_automation.mail_template_payment_{message}"
            ).sudo()
        return super()._get_template()

    def _compose(self):
        """These have no action that says which template they share."""
        reminders = self.filtered(lambda notice: not notice.payment_message)
        for notices in (self - reminders).grouped("payment_message").values():
            super(DunningPaymentMessage, notices)._compose()
        return super(DunningPaymentMessage, reminders)._compose()
