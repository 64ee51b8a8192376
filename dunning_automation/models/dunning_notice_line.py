from odoo import fields, models
from odoo.exceptions import UserError

from ..fields import FollowingMany2one, UncheckedMany2one

LEDGER_FIELDS = ("residual", "residual_currency", "date_due", "days_overdue")


class DunningNoticeLine(models.Model):
    """One receivable line in a notice, with the amounts the customer was told.

    A *step* moves its line up one level; it is unique per line, cycle, level and
    channel for as long as it is live. The other rows are older overdue lines, listed
    so that the customer sees his whole account.
    """

    _name = "dunning.notice.line"
    _description = "Dunning Notice Line"
    _inherit = ["dunning.notice.line.charge"]
    _order = "date_due, move_line_id"
    _log_access = False
    _allow_sudo_commands = False

    notice_id = FollowingMany2one(
        "dunning.notice", required=True, readonly=True, index=True, ondelete="cascade"
    )
    move_line_id = FollowingMany2one(
        "account.move.line",
        "Receivable",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    move_id = FollowingMany2one(
        "account.move",
        "Invoice",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    # The notice holds its company, a level that was used cannot be deleted, and
    # nobody deletes a currency in which there are invoices.
    company_id = UncheckedMany2one("res.company", required=True, readonly=True)
    level_id = UncheckedMany2one("dunning.level", readonly=True)
    cycle = fields.Integer(readonly=True)
    channel = fields.Char(readonly=True)
    is_step = fields.Boolean(
        "New Step", readonly=True, help="This notice moves the invoice up one level."
    )
    live = fields.Boolean(
        readonly=True, help="The step counts; a held-back notice gives it free."
    )
    skip_reason = fields.Char(
        "Taken Out Because", readonly=True, help="Set when a person took the line out."
    )
    drop_reason = fields.Char(
        "Dropped Because", readonly=True, help="Set when it was settled before sending."
    )
    name = fields.Char("Number", readonly=True)
    date_due = fields.Date("Due Date", readonly=True)
    days_overdue = fields.Integer(readonly=True, help="Negative = not due yet.")
    currency_id = UncheckedMany2one("res.currency", readonly=True)
    residual_currency = fields.Monetary("Open Amount", readonly=True)
    company_currency_id = fields.Many2one(
        string="Company Currency", related="company_id.currency_id"
    )
    residual = fields.Monetary(
        "Open in Company Currency",
        readonly=True,
        currency_field="company_currency_id",
    )

    _step_uniq = models.UniqueIndex(
        "(move_line_id, cycle, level_id, channel) WHERE live AND is_step",
        "This line was already reminded at this level on this channel.",
    )

    def action_skip(self):
        """Ask for the reason and take the line out of its notice."""
        return self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_notice_skip_action"
        ) | {"context": {"default_line_ids": self.ids}}

    def _skip(self, reason):
        """A person takes these lines out of their notices: the steps count as taken.

        A notice that loses its last step is cancelled, the others are written anew.
        """
        self.notice_id._check_manager()
        for notice, lines in self.sudo().grouped("notice_id").items():
            if notice.state != "planned" or notice.simulation:
                raise UserError(
                    self.env._("Only a notice that waits for approval can be changed.")
                )
            lines.write({"skip_reason": reason})
            numbers = ", ".join(filter(None, lines.mapped("name")))
            notice._tell("line_skipped", f"{numbers}: {reason}")
            steps = notice._get_lines().filtered("is_step")
            if not steps:
                notice._set_state("cancelled", reason)
            elif stop := notice._refresh().get(notice):
                notice._set_state("suppressed", stop)
            else:
                notice._compose()

    def _apply_review(self, row):
        """Write what is open now into this line, or drop it from its notice.

        :param dict row: of ``lines`` in ``dunning.ledger._review``
        """
        self.ensure_one()
        if row["stop"]:
            reasons = self.env["dunning.decision"]._fields["reason"]
            labels = dict(reasons._description_selection(self.env))
            self.write({"drop_reason": labels[row["stop"]], "live": False})
        else:
            self.write({name: row[name] for name in LEDGER_FIELDS})
