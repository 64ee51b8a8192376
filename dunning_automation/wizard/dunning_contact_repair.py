import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import email_normalize

from ..models.dunning_ledger import VALID_EMAIL

ADDRESS_FIELDS = ("street", "street2", "zip", "city", "state_id", "country_id")
REPAIRED_FIELDS = ("email", "phone", "lang", *ADDRESS_FIELDS)


class DunningContactRepair(models.TransientModel):
    """Asks for what is missing to reach a customer, and writes it down at once.

    Collectors need no right to change contacts for it: what they can change is what a
    reminder needs, for people of a customer who has a case, and never for a contact
    with which somebody of us logs in (the address gets the link for a new password).
    """

    _name = "dunning.contact.repair"
    _description = "Repair Contact Data"

    case_id = fields.Many2one("dunning.case", required=True)
    partner_id = fields.Many2one(related="case_id.partner_id", string="Customer")
    contact_id = fields.Many2one(
        "res.partner",
        compute="_compute_contact_id",
        store=True,
        readonly=False,
        required=True,
        domain="[('commercial_partner_id', '=', partner_id)]",
        help="Whose data are repaired: the dunning contact if the customer has one.",
    )
    gaps = fields.Text("What Is Wrong", compute="_compute_gaps")
    email = fields.Char(compute="_compute_data", store=True, readonly=False)
    phone = fields.Char(compute="_compute_data", store=True, readonly=False)
    lang = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(),
        "Language",
        compute="_compute_data",
        store=True,
        readonly=False,
    )
    street = fields.Char(compute="_compute_data", store=True, readonly=False)
    street2 = fields.Char(compute="_compute_data", store=True, readonly=False)
    zip = fields.Char(compute="_compute_data", store=True, readonly=False)
    city = fields.Char(compute="_compute_data", store=True, readonly=False)
    state_id = fields.Many2one(
        "res.country.state",
        compute="_compute_data",
        store=True,
        readonly=False,
        domain="[('country_id', '=?', country_id)]",
    )
    country_id = fields.Many2one(
        "res.country", compute="_compute_data", store=True, readonly=False
    )

    @api.depends("case_id")
    def _compute_contact_id(self):
        for repair in self:
            partner = repair.case_id.partner_id
            repair.contact_id = partner.dunning_contact_id or partner

    @api.depends("contact_id")
    def _compute_data(self):
        for repair in self:
            for name in REPAIRED_FIELDS:
                repair[name] = repair.contact_id[name]

    @api.depends("contact_id")
    @api.depends_context("lang")
    def _compute_gaps(self):
        reasons = dict(
            self.env["dunning.decision"]
            ._fields["reason"]
            ._description_selection(self.env)
        )
        for repair in self:
            codes = repair._get_gaps()
            words = [reasons[code] for code in codes]
            if repair.contact_id and not repair.contact_id.lang:
                words.append(self.env._("No language: reminders follow the company's"))
            repair.gaps = "\n".join(words)

    def _get_gaps(self):
        """Why this contact cannot be reached on one channel or the other: codes of
        ``tools/reasons.py``."""
        contact = self.contact_id
        address = contact.email_normalized or ""
        optouts = self.env["dunning.optout"].sudo()._search_of(contact)
        gaps = {
            "no_email": not contact.email,
            "invalid_email": contact.email and not re.search(VALID_EMAIL, address),
            "opted_out": contact.is_blacklisted
            or contact.phone_sanitized_blacklisted
            or any(optouts._concerns(contact, name) for name in ("email", "phone")),
            "bounced": address and contact.dunning_bounced_email == address,
            "no_phone": not contact.phone,
            "no_postal_address": not (
                contact.street and contact.city and contact.country_id
            ),
        }
        return [code for code, applies in gaps.items() if applies]

    def action_confirm(self):
        """Write what was typed, and close the task."""
        self.ensure_one()
        case, contact = self.case_id, self.contact_id
        case.check_access("write")
        self._check_contact()
        changes = {
            name: value
            for name, value in self._convert_to_write(
                {name: self[name] for name in REPAIRED_FIELDS}
            ).items()
            if (self[name] or False) != (contact[name] or False)
        }
        self._check_changes(changes)
        contact.sudo().write(changes)
        if self.email:  # A person looked at it: it is tried again.
            contact._dunning_clear_bounced(email_normalize(self.email))
        self._tell(changes)
        return {"type": "ir.actions.act_window_close"}

    def _check_contact(self):
        contact = self.contact_id.sudo()
        if contact.commercial_partner_id != self.case_id.partner_id:
            raise UserError(
                self.env._("%s does not belong to this customer.", contact.display_name)
            )
        users = contact.with_context(active_test=False).user_ids
        if any(not user.share for user in users):
            raise AccessError(
                self.env._(
                    "%s logs in here: an administrator changes this address.",
                    contact.display_name,
                )
            )

    def _check_changes(self, changes):
        """
        :raise UserError: when what was typed would not reach anybody either
        """
        if email := changes.get("email"):
            address = email_normalize(email)
            if not address or not re.search(VALID_EMAIL, address):
                raise UserError(self.env._("“%s” is no e-mail address.", email))
            unwilling = self.env["mail.blacklist"].sudo()
            domain = [
                ("address", "=", address),
                ("channel", "=", "email"),
                ("state", "=", "active"),
            ]
            optouts = self.env["dunning.optout"].sudo()
            if unwilling.search_count(
                [("email", "=", address)], limit=1
            ) or optouts.search_count(domain, limit=1):
                raise UserError(
                    self.env._("%s does not want messages: ask for another.", address)
                )
        if phone := changes.get("phone"):
            country = self.country_id or self.case_id.company_id.country_id
            if country and not self.contact_id._phone_format(
                number=phone, country=country
            ):
                raise UserError(
                    self.env._(
                        "“%(number)s” is no phone number of %(country)s.",
                        number=phone,
                        country=country.name,
                    )
                )

    def _tell(self, changes):
        """Close the tasks and tell the timeline which data were repaired, not which
        they are."""
        labels = [
            self.env["res.partner"]._fields[name]._description_string(self.env)
            for name in changes
        ]
        words = ", ".join(labels) or self.env._("Checked, nothing to change")
        self.case_id._get_contact_tasks().sudo().action_feedback(feedback=words)
        self.env["dunning.event"].sudo().create(
            {
                "company_id": self.case_id.company_id.id,
                "partner_id": self.partner_id.id,
                "case_id": self.case_id.id,
                "kind": "contact_repaired",
                "note": words,
                "payload": {
                    "fields": sorted(changes),
                    "contact_id": self.contact_id.id,
                },
            }
        )
