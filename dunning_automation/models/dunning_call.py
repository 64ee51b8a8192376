from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

PAID_HOLD_DAYS = 7
"""How long nothing is sent to a customer who says that he has paid."""


class DunningCall(models.Model):
    """A call to a customer and what came of it: a log, which nobody changes.

    Logging a call closes the open call tasks of its case, tells the timeline, and does
    what the outcome asks for: the next call, a task to find a better number, a pause.
    What needs an answer of its own (a promise, a dispute) has a dialog that opens next,
    see ``action_confirm``.
    """

    _name = "dunning.call"
    _description = "Collection Call"
    _order = "date desc, id desc"
    _check_company_auto = True

    case_id = fields.Many2one(
        "dunning.case",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        related="case_id.partner_id",
        store=True,
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", related="case_id.company_id", store=True, index=True
    )  # Stored for security rules.
    user_id = fields.Many2one(
        "res.users",
        "Caller",
        required=True,
        index=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
    )
    date = fields.Datetime(
        required=True, default=lambda self: self.env.cr.now().replace(microsecond=0)
    )
    direction = fields.Selection(
        [("outgoing", "We called"), ("incoming", "The customer called")],
        "Who Called",
        required=True,
        default="outgoing",
        help="The customer's own calls do not count for the caps of a courtesy "
        "profile. A talk is a talk, whoever called.",
    )
    outcome = fields.Selection(
        [
            ("reached", "Reached"),
            ("no_answer", "No answer"),
            ("voicemail", "Voicemail"),
            ("busy", "Busy"),
            ("callback", "Call back"),
            ("promised", "Promised to pay"),
            ("disputed", "Disputes the invoice"),
            ("paid", "Says it is paid"),
            ("refused", "Refuses to pay"),
            ("wrong_number", "Wrong number"),
        ],
        required=True,
    )
    note = fields.Text(help="What was said.")
    callback_date = fields.Date("Call Again On", help="Creates the next call task.")
    paid_on = fields.Date(help="When it was paid, as the customer says.")
    payment_reference = fields.Char(help="As the customer says.")

    @api.depends("partner_id", "outcome")
    def _compute_display_name(self):
        outcomes = dict(self._fields["outcome"]._description_selection(self.env))
        for call in self:
            call.display_name = (
                f"{call.partner_id.display_name} · {outcomes.get(call.outcome, '')}"
            )

    contact_warning = fields.Text(related="case_id.contact_warning")
    refuses_calls = fields.Boolean(related="case_id.refuses_calls")
    called_anyway = fields.Boolean(
        help="The caller knew that the customer does not want to be called."
    )

    @api.constrains("direction", "called_anyway")
    def _check_refusal(self):
        for call in self:
            if call.direction == "outgoing" and not call.called_anyway:
                if call.refuses_calls:
                    raise ValidationError(
                        self.env._(
                            "%s does not want to be called. If you called all the "
                            "same, say so.",
                            call.partner_id.display_name,
                        )
                    )

    @api.constrains("outcome", "callback_date")
    def _check_callback_date(self):
        for call in self:
            if call.outcome == "callback" and not call.callback_date:
                raise ValidationError(
                    self.env._("Say on which day you will call again.")
                )
            today = call.company_id._dunning_today()
            if call.callback_date and call.callback_date < today:
                raise ValidationError(
                    self.env._(
                        "%s has passed: call again today or later.", call.callback_date
                    )
                )

    @api.constrains("date", "paid_on")
    def _check_not_in_the_future(self):
        for call in self:
            if call.date > self.env.cr.now() + timedelta(minutes=5):
                raise ValidationError(
                    self.env._("The call is in the future: log it when it was made.")
                )
            if call.paid_on and call.paid_on > call.company_id._dunning_today():
                raise ValidationError(
                    self.env._(
                        "A payment in the future is a promise: choose that outcome."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        calls = super().create(vals_list)
        for call in calls:
            call._conclude()
        return calls

    def action_confirm(self):
        """Go on with what the outcome asks for; the call itself is saved."""
        self.ensure_one()
        xml_id = {
            "promised": "dunning_automation.dunning_promise_new_action",
            "disputed": "dunning_automation.dunning_dispute_new_action",
        }.get(self.outcome)
        if not xml_id:
            return {"type": "ir.actions.act_window_close"}
        return self.case_id._open_dialog(xml_id)

    # === WHAT FOLLOWS FROM A CALL === #

    def _conclude(self):
        self.ensure_one()
        outcomes = dict(self._fields["outcome"]._description_selection(self.env))
        words = ": ".join(filter(None, (outcomes[self.outcome], self.note)))
        self.case_id._close_call_tasks(words)
        self.env["dunning.event"].sudo().create(
            {
                "company_id": self.company_id.id,
                "partner_id": self.partner_id.id,
                "case_id": self.case_id.id,
                "kind": "call_logged",
                "note": words,
                "payload": {"call_id": self.id, "outcome": self.outcome},
            }
        )
        if self.callback_date:
            self._plan_next_call()
        if follow := getattr(self, f"_follow_{self.outcome}", None):
            follow()

    def _plan_next_call(self):
        self.case_id.with_context(mail_activity_quick_update=True).activity_schedule(
            activity_type_id=self.case_id._get_call_activity_type().id,
            summary=self.env._("Call again"),
            note=self.note or "",
            date_deadline=self.callback_date,
            user_id=self.user_id.id,
        )

    def _follow_wrong_number(self):
        """Somebody must find the right number."""
        self.case_id._create_contact_task(
            self.env._("Wrong phone number"),
            self.note or self.env._("The number that was called is wrong."),
            self.user_id,
        )

    def _follow_paid(self):
        """Nothing is sent for a few days: the payment should arrive."""
        if "dunning.hold" not in self.env:
            return
        words = [
            self.env._("The customer says it is paid"),
            self.paid_on and str(self.paid_on),
            self.payment_reference,
        ]
        today = self.company_id._dunning_today()
        self.env["dunning.hold"].create(
            {
                "kind": "contact",
                "partner_id": self.partner_id.id,
                "company_id": self.company_id.id,
                "case_id": self.case_id.id,
                "date_start": today,
                "date_end": today + timedelta(days=PAID_HOLD_DAYS),
                "user_id": self.user_id.id,
                "note": ", ".join(filter(None, words)),
            }
        )

    def _erase_personal(self):
        """Forget what was said. That there was a call, and its outcome, stays."""
        self.write({"note": False, "payment_reference": False})
