from odoo import Command, fields, models
from odoo.exceptions import AccessError, UserError

KEPT_BY_HANDOVER = {
    "agency_id",
    "handed_over_on",
    "handover_attachment_ids",
    "handover_hold_ids",
    "handover_reference",
}


class DunningCaseHandover(models.AbstractModel):
    """A case that a lawyer or a collection agency has: what they got rests with them.

    The invoices that were handed over are under a legal hold, so that nobody is written
    to about them from two sides. What the customer buys later is reminded as ever.
    """

    _name = "dunning.case.handover"
    _description = "Dunning Case: Hand-Over"

    agency_id = fields.Many2one(
        "res.partner",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
        help="The lawyer or collection agency that has the case.",
    )
    handed_over_on = fields.Date(readonly=True)
    handover_reference = fields.Char(
        "Agency's Reference", readonly=True, help="The number they gave the case."
    )
    handover_hold_ids = fields.Many2many(
        "dunning.hold",
        "dunning_case_handover_hold_rel",
        "case_id",
        "hold_id",
        "Legal Holds",
        readonly=True,
        copy=False,
    )
    handover_attachment_ids = fields.Many2many(
        "ir.attachment",
        "dunning_case_handover_attachment_rel",
        "case_id",
        "attachment_id",
        "Evidence Handed Over",
        readonly=True,
        copy=False,
    )

    def write(self, vals):
        if KEPT_BY_HANDOVER & vals.keys() and not self.env.su:
            raise AccessError(
                self.env._("A case is handed over and taken back by its buttons.")
            )
        return super().write(vals)

    def _check_handover_right(self):
        self.check_access("read")
        if not self.env.user.has_group("dunning_automation.group_manager"):
            raise AccessError(
                self.env._("Only a collections manager hands over a case.")
            )

    def action_hand_over(self):
        """Ask for the particulars of a hand-over."""
        return self._get_handover_action()

    def _get_handover_action(self, **context):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_handover_action"
        )
        return action | {"context": {"default_case_id": self.id, **context}}

    def _hand_over(self, lines, agency, date_end, reference=None, note=None):
        """``lines`` rest with ``agency`` from now on."""
        self.ensure_one()
        hold = self.env["dunning.hold"].create(
            {
                "kind": "legal",
                "case_id": self.id,
                "partner_id": self.partner_id.id,
                "company_id": self.company_id.id,
                "scope": "lines",
                "move_line_ids": lines.ids,
                "date_end": date_end,
                "note": note,
                "user_id": self._get_workers()[self].id,
            }
        )
        self.sudo().write(
            {
                "agency_id": agency.id,
                "handed_over_on": self.company_id._dunning_today(),
                "handover_reference": reference or self.handover_reference,
                "handover_hold_ids": [Command.link(hold.id)],
            }
        )
        self._tell_handover(
            "handed_over",
            note,
            hold=hold.id,
            moves=lines.move_id.ids,
            amount=sum(lines.mapped("amount_residual")),
        )

    def action_take_back(self):
        """The agency gives the case back: its invoices are reminded again."""
        self._check_handover_right()
        if not all(case.handed_over_on for case in self):
            raise UserError(self.env._("This case was not handed over."))
        for case in self.sudo():
            case.handover_hold_ids._release(self.env._("Taken back from the agency"))
            case._tell_handover("taken_back")
            case.write(
                {
                    "agency_id": False,
                    "handed_over_on": False,
                    "handover_reference": False,
                    "handover_hold_ids": [Command.clear()],
                }
            )

    def _end_handover(self):
        """Nothing is owed any more: the holds end, who had the case stays known."""
        holds = self.handover_hold_ids.filtered(lambda hold: hold.state == "active")
        holds._release(self.env._("Nothing is owed any more"))

    def _tell_handover(self, kind, note=None, **payload):
        self.env["dunning.event"].sudo().create(
            {
                "company_id": self.company_id.id,
                "partner_id": self.partner_id.id,
                "case_id": self.id,
                "kind": kind,
                "note": note,
                "payload": {"agency_id": self.agency_id.id, **payload},
            }
        )

    # === EVIDENCE === #

    def _attach_evidence(self):
        """What was said in this case, and the proof, as an attachment of the case."""
        self.ensure_one()
        evidence = self.env["dunning.evidence"]._build(
            company_id=self.company_id.id,
            partner_id=self.partner_id.id,
            case_id=self.id,
        )
        attachment = self.env["ir.attachment"].create(
            {
                "name": evidence._get_file_name(),
                "datas": evidence.data,
                "mimetype": "application/zip",
                "res_model": self._name,
                "res_id": self.id,
            }
        )
        self.sudo().handover_attachment_ids = [Command.link(attachment.id)]
        return attachment

    def _erase_evidence(self):
        """No copy of the evidence outlives an erasure."""
        self.handover_attachment_ids.unlink()
