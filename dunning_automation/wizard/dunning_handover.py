from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import get_lang

YEARS = 5


class DunningHandover(models.TransientModel):
    """Asks what goes to which agency, stops the reminders of it, attaches the evidence
    and prepares the e-mail. A person reads that, and sends it or does not."""

    _name = "dunning.handover"
    _description = "Hand Over to an Agency"

    case_id = fields.Many2one("dunning.case", required=True, readonly=True)
    log_id = fields.Many2one("dunning.escalation.log", readonly=True)
    partner_id = fields.Many2one(related="case_id.partner_id", string="Customer")
    company_id = fields.Many2one(related="case_id.company_id")
    currency_id = fields.Many2one(related="case_id.currency_id")
    agency_id = fields.Many2one(
        "res.partner",
        required=True,
        compute="_compute_agency_id",
        store=True,
        readonly=False,
        help="The lawyer or collection agency.",
    )
    has_agency = fields.Boolean(compute="_compute_has_agency")
    reference = fields.Char(
        "Agency's Reference", help="The number they gave the case, if you know it."
    )
    note = fields.Text(help="For the agency and the timeline, e.g. what was agreed.")
    date_end = fields.Date(
        "Until",
        required=True,
        default=lambda self: self._default_date_end(),
        help="Nothing is reminded before, unless you take the case back.",
    )
    move_line_ids = fields.Many2many(
        "account.move.line",
        string="Items",
        compute="_compute_move_line_ids",
        store=True,
        readonly=False,
        domain="[('company_id', '=', company_id), ('reconciled', '=', False),"
        " ('account_type', '=', 'asset_receivable'), ('parent_state', '=', 'posted'),"
        " ('amount_residual', '>', 0),"
        " ('partner_id.commercial_partner_id', '=', partner_id)]",
    )
    amount = fields.Monetary("Total", compute="_compute_amount")

    @api.model
    def _default_date_end(self):
        return fields.Date.context_today(self) + timedelta(days=365 * YEARS)

    @api.depends("case_id")
    def _compute_has_agency(self):
        for wizard in self:
            wizard.has_agency = bool(wizard.case_id.handed_over_on)

    @api.depends("case_id", "log_id")
    def _compute_agency_id(self):
        for wizard in self:
            known = wizard.case_id.handed_over_on and wizard.case_id.agency_id
            wizard.agency_id = (
                known or wizard.agency_id or wizard.log_id.escalation_id.agency_id
            )

    @api.depends("case_id")
    def _compute_move_line_ids(self):
        """What is overdue, without what was handed over before."""
        for wizard in self:
            decisions = wizard.case_id.decision_ids.filtered(
                lambda decision: decision.reason != "hold_legal"
            )
            today = wizard.company_id and wizard.company_id._dunning_today()
            wizard.move_line_ids = decisions.move_line_id.filtered(
                lambda line, today=today: (
                    line.amount_residual > 0
                    and (line.date_maturity or line.date) < today
                )
            )

    @api.depends("move_line_ids")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = sum(wizard.move_line_ids.mapped("amount_residual"))

    def action_confirm(self):
        """Hand over, then open the e-mail to the agency."""
        self.ensure_one()
        self.case_id._check_handover_right()
        self._check_particulars()
        self.case_id._hand_over(
            self.move_line_ids, self.agency_id, self.date_end, self.reference, self.note
        )
        if self.log_id.state == "waiting":
            self.log_id.sudo()._settle("done")
        return self._get_composer_action(self.case_id._attach_evidence())

    def _check_particulars(self):
        case = self.case_id
        if self.agency_id.commercial_partner_id == case.partner_id:
            raise ValidationError(
                self.env._("The customer cannot be the agency: choose another.")
            )
        if case.handed_over_on and case.agency_id != self.agency_id:
            raise ValidationError(
                self.env._(
                    "%s has this case already: take it back before another agency "
                    "gets it.",
                    case.agency_id.display_name,
                )
            )
        if not self.move_line_ids:
            raise ValidationError(self.env._("Choose the items to hand over."))
        if self.log_id and self.log_id.case_id != case:
            raise ValidationError(self.env._("This escalation is of another case."))

    def _get_composer_action(self, attachment):
        """Odoo's window for an e-mail, filled in: nobody but the agency gets it."""
        lang = get_lang(self.env, self.agency_id.lang).code
        localized = self.with_context(lang=lang)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("E-Mail to the Agency"),
            "res_model": "mail.compose.message",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_attachment_ids": attachment.ids,
                "default_body": localized._render_body(),
                "default_composition_mode": "comment",
                "default_email_layout_xmlid": "mail.mail_notification_light",
                "default_model": "dunning.case",
                "default_notify_skip_followers": True,
                "default_partner_ids": self.agency_id.ids,
                "default_res_ids": self.case_id.ids,
                "default_subject": localized.env._(
                    "%(company)s: collection of what %(customer)s owes",
                    company=self.company_id.name,
                    customer=self.partner_id.name,
                ),
            },
        }

    def _render_body(self):
        return self.env["ir.qweb"]._render(
            "dunning_automation.handover_body",
            {
                "wizard": self,
                "lines": self.move_line_ids.sorted(
                    lambda line: (line.date_maturity or line.date, line.id)
                ),
            },
            lang=self.env.context["lang"],
        )
