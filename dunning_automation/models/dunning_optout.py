import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, email_normalize

from ..tools import courtesy
from ..tools.channels import CALLS, UNHEARD
from .dunning_ledger import VALID_EMAIL


class DunningOptout(models.Model):
    """A customer, or the owner of an address, does not want to hear from us on a
    channel.

    With an address it stands for that address, whoever uses it; without one for
    everybody of the customer. It lasts until the customer agrees again: somebody
    withdraws it then and says how he agreed. It is never deleted.
    """

    _name = "dunning.optout"
    _description = "Opt-out"
    _order = "state, date desc, id desc"
    _allow_sudo_commands = False

    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        "res.company", related="partner_id.company_id", store=True
    )  # Stored for security rules.
    channel = fields.Selection(
        lambda self: self.env["dunning.courtesy"]._select_channel(),
        required=True,
        default="email",
    )
    address = fields.Char(
        help="E-mail address or phone number. Empty = everybody of this customer."
    )
    date = fields.Datetime(
        "Since",
        required=True,
        readonly=True,
        default=lambda self: self.env.cr.now().replace(microsecond=0),
    )
    source = fields.Selection(
        [
            ("manual", "Told one of us"),
            ("reply", "Answer to a reminder"),
            ("portal", "Customer portal"),
            ("keyword", "Keyword, e.g. STOP"),
        ],
        required=True,
        default="manual",
    )
    note = fields.Text(help="What the customer said.")
    state = fields.Selection(
        [("active", "Active"), ("withdrawn", "Withdrawn")],
        required=True,
        readonly=True,
        default="active",
        copy=False,
    )
    withdrawn_on = fields.Datetime(readonly=True, copy=False)
    withdrawn_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    withdrawal_note = fields.Text("How the Customer Agreed", readonly=True, copy=False)

    _address_uniq = models.UniqueIndex(
        "(channel, address) WHERE state = 'active' AND address IS NOT NULL",
        "This address is opted out already.",
    )
    _active_idx = models.Index("(partner_id) WHERE state = 'active'")

    @api.depends("channel", "address", "partner_id")
    def _compute_display_name(self):
        labels = dict(self._fields["channel"]._description_selection(self.env))
        for optout in self:
            whom = optout.address or optout.partner_id.display_name or ""
            optout.display_name = f"{labels.get(optout.channel, '')}: {whom}"

    # === CREATE, NEVER DELETE === #

    @api.model_create_multi
    def create(self, vals_list):
        optouts = super().create([self._normalize(vals) for vals in vals_list])
        for optout in optouts:
            optout._tell("optout_set", optout.note)
        optouts._hold_back_queue()
        return optouts

    def write(self, vals):
        # The access rights allow it: without them a new one has no button to save it.
        if not self.env.su:
            raise AccessError(
                self.env._("An opt-out is not changed: withdraw it and add another.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_always(self):
        raise UserError(
            self.env._("An opt-out is not deleted: withdraw it when he agrees again.")
        )

    @api.model
    def _normalize(self, vals):
        """Opt-outs are the whole company's, and addresses are written in one way.

        :raise ValidationError: when the address is none
        """
        partner = self.env["res.partner"].browse(vals.get("partner_id"))
        address = (vals.get("address") or "").strip()
        channel = vals.get("channel", "email")
        return {
            **vals,
            "partner_id": partner.commercial_partner_id.id,
            "address": address
            and self._normalize_address(channel, address, partner)
            or False,
        }

    @api.model
    def _normalize_address(self, channel, address, partner):
        """The one form of an e-mail address or phone number.

        :raise ValidationError: when it is none, or the channel has no addresses
        """
        if channel in (courtesy.ALL, "letter", "portal"):
            raise ValidationError(
                self.env._(
                    "Name the channel of the address “%s”, or leave the address empty.",
                    address,
                )
            )
        if channel == "email":
            found = email_normalize(address)
            found = found if found and re.search(VALID_EMAIL, found) else False
        else:
            found = partner._phone_format(
                number=address, country=partner.country_id, force_format="E164"
            )
        if not found:
            raise ValidationError(
                self.env._("“%s” is no address of this channel.", address)
            )
        return found

    @api.model
    def _add(self, partner, channel, address=None, source="manual", note=None):
        """Opt out once: whoever asks twice has one opt-out.

        :return: the opt-out that is in force
        """
        values = self._normalize(
            {"partner_id": partner.id, "channel": channel, "address": address}
        )
        names = ("channel", "address") if values["address"] else tuple(values)
        domain = [(name, "=", values[name]) for name in names]
        known = self.search([*domain, ("state", "=", "active")], limit=1)
        return known or self.create({**values, "source": source, "note": note})

    def action_withdraw(self):
        """Ask how the customer agreed to hear from us again."""
        return self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_optout_withdrawal_action"
        ) | {"context": {"default_optout_ids": self.ids}}

    def _withdraw(self, note):
        """The customer agreed again; it stays as history."""
        active = self.filtered(lambda optout: optout.state == "active")
        active.sudo().write(
            {
                "state": "withdrawn",
                "withdrawn_on": self.env.cr.now(),
                "withdrawn_by_id": self.env.uid,
                "withdrawal_note": note,
            }
        )
        for optout in active:
            optout._tell("optout_withdrawn", note)

    def _hold_back_queue(self):
        """What waits for these customers and addresses is looked at again at once: it
        must not wait for the sender to find out."""
        self.flush_model()
        notices = self.env["dunning.notice"].sudo()
        for optout in self.filtered(lambda optout: optout.state == "active"):
            notices |= notices.search(
                [
                    "|",
                    ("partner_id", "=", optout.partner_id.id),
                    ("email_to", "in", [optout.address] if optout.address else []),
                    ("state", "in", ("planned", "ready")),
                    ("simulation", "=", False),
                ]
            )
        notices._recheck()

    def _tell(self, kind, note):
        """Append an event of ``kind``; the address only leaves its fingerprint."""
        self.ensure_one()
        company = self.company_id or self.env.company
        partner = self.partner_id.with_company(company)
        self.env["dunning.event"].sudo().create(
            {
                "company_id": company.id,
                "partner_id": partner.id,
                "case_id": partner.sudo().dunning_case_id.id,
                "kind": kind,
                "note": note,
                "personal": {"address": self.address},
                "payload": {
                    "optout_id": self.id,
                    "channel": self.channel,
                    "source": self.source,
                },
            }
        )

    def _erase_personal(self):
        """Forget what was said. The address stays, or nobody could keep to it."""
        self.sudo().write({"note": False, "withdrawal_note": False})

    # === WHO IS OPTED OUT === #

    @api.model
    def _get_stop_sql(self, channel, debtor, address=None):
        """SQL condition: ``debtor`` (id), or the owner of ``address``, does not want to
        hear from us on ``channel``. All SQL; one expression for any number of rows."""
        kinds = SQL(" ").join(
            SQL("WHEN %s THEN %s", name, kind) for name, kind in CALLS.items()
        )
        return SQL(
            """EXISTS (
                SELECT 1
                  FROM dunning_optout unwilling
                 WHERE unwilling.state = 'active'
                   AND (unwilling.channel = CASE %(channel)s %(kinds)s
                                            ELSE %(channel)s END
                        OR unwilling.channel = %(all)s
                           AND %(channel)s NOT IN %(unheard)s)
                   AND (unwilling.address IS NULL AND unwilling.partner_id = %(debtor)s
                        OR unwilling.address = %(address)s))""",
            address=address or SQL("NULL"),
            all=courtesy.ALL,
            channel=channel,
            debtor=debtor,
            kinds=kinds,
            unheard=UNHEARD,
        )

    @api.model
    def _search_of(self, partners):
        """Opt-outs that concern these contacts: their company's, and those of their
        addresses."""
        family = self.env["res.partner"].search(
            [("commercial_partner_id", "in", partners.commercial_partner_id.ids)]
        )
        addresses = filter(
            None, family.mapped("email_normalized") + family.mapped("phone_sanitized")
        )
        return self.search(
            [
                "|",
                ("partner_id", "in", partners.commercial_partner_id.ids),
                ("address", "in", list(addresses)),
            ]
        )

    def _concerns(self, partner, channel):
        """Whether one of these opt-outs, all of his company or addresses, keeps us from
        ``partner`` on ``channel``."""
        addresses = (partner.email_normalized, partner.phone_sanitized)
        return any(
            optout.state == "active"
            and courtesy.covers(optout.channel, channel)
            and (
                optout.address in addresses
                if optout.address
                else optout.partner_id == partner.commercial_partner_id
            )
            for optout in self
        )
