from odoo import api, fields, models


class DunningCaseAccount(models.AbstractModel):
    """The customer's account page on the case: its links, and their withdrawal."""

    _name = "dunning.case.account"
    _description = "Account Page of a Dunning Case"

    links_revoked_at = fields.Datetime(
        "Links Withdrawn",
        readonly=True,
        copy=False,
        help="Links to the account in messages that left before open nothing any more.",
    )

    def action_revoke_links(self):
        """The links in all messages so far open nothing any more: one came into wrong
        hands. The next message has a good one."""
        self.check_access("write")
        cases_sudo = self.sudo()
        cases_sudo.links_revoked_at = self.env.cr.now()
        self.env["dunning.event"].sudo().create(
            [
                {
                    "company_id": case.company_id.id,
                    "partner_id": case.partner_id.id,
                    "case_id": case.id,
                    "kind": "links_revoked",
                }
                for case in cases_sudo
            ]
        )

    @api.model
    def _get_links_revoked_at(self, partner, company):
        """When the links of ``partner`` were withdrawn last, in any of his cases."""
        [[revoked_at]] = self.sudo()._read_group(
            [
                ("partner_id", "=", partner.id),
                ("company_id", "=", company.id),
                ("links_revoked_at", "!=", False),
            ],
            aggregates=["links_revoked_at:max"],
        )
        return revoked_at
