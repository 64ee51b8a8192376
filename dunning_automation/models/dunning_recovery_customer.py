from odoo import api, fields, models
from odoo.tools import format_amount, format_date

from ..tools import payment_messages


class DunningRecoveryCustomer(models.AbstractModel):
    """The customer's side of a recovery: what he hears, and a new payment method."""

    _name = "dunning.recovery.customer"
    _description = "Recovery: The Customer"

    message_told = fields.Char(
        readonly=True,
        copy=False,
        help="Which message the customer got last, or would have got if he could be "
        "written to.",
    )
    notice_ids = fields.One2many(
        "dunning.notice", "recovery_id", "What He Heard", readonly=True
    )

    def _choose_message(self):
        """The message that fits now, see ``tools/payment_messages.py``; or None."""
        self.ensure_one()
        return payment_messages.choose(
            self.state, self.decline_class, bool(self.next_retry_at)
        )

    def _get_retry_date(self):
        """The day of the next try in the company's time zone; or None."""
        self.ensure_one()
        run, timezone = self.env["dunning.run"], self.company_id._dunning_timezone()
        return self.next_retry_at and run._local_date(timezone, self.next_retry_at)

    def _describe(self):
        """“INV/1: $ 10.00, next try on 03/20/2026”, in the reader's language."""
        self.ensure_one()
        states = dict(self._fields["state"]._description_selection(self.env))
        day = self._get_retry_date()
        return self.env._(
            "%(invoice)s: %(amount)s, %(what)s",
            invoice=self.move_id.name,
            amount=format_amount(
                self.env, self.move_id.amount_residual, self.move_id.currency_id
            ),
            what=self.env._("next try on %s", format_date(self.env, day))
            if day
            else states[self.state],
        )

    def action_open_analysis(self):
        """Open the figures of failed payments of the same kind."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_recovery_analysis_action"
        )
        return action | {"domain": [("decline_class", "=", self.decline_class)]}

    # === WHAT HE HEARS === #

    @api.model
    def _search_untold(self):
        """Recoveries whose customer should hear something now."""
        found = self.search([("state", "in", ("open", "customer"))], order="id")
        return found.filtered(lambda recovery: recovery._is_message_due())

    def _is_message_due(self):
        message, told = self._choose_message(), self.message_told or None
        if not message or message == told:  # Of most: ask for no schedule.
            return False
        retry_first = self._get_schedule().retry_first
        return payment_messages.is_due(message, told, retry_first, self.attempt_count)

    def _tell_customer(self):
        """Plan the message that is due, once. It waits for approval where the policy
        says so, and is taken back when it is not true any more."""
        self.ensure_one()
        self.message_told = self._choose_message()
        return self.env["dunning.notice"]._plan_payment_message(
            self.message_told,
            self,
            partner_id=self.partner_id.id,
            company_id=self.company_id.id,
            case_id=self.case_id.id,
            recovery_id=self.id,
            token_id=self.token_id.id,
            move_line_ids=self._get_lines(),
        )

    # === A NEW PAYMENT METHOD === #

    @api.model
    def _search_changeable(self, partner, company):
        """Recoveries that ``partner`` (commercial) can end by paying with another
        method."""
        return self.search(
            [
                ("partner_id", "=", partner.id),
                ("company_id", "=", company.id),
                ("state", "in", ("open", "customer")),
                ("move_id.payment_state", "in", ("not_paid", "partial")),
            ],
            order="failed_at, id",
        )
