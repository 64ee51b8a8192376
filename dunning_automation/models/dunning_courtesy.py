from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..tools import courtesy
from ..tools.channels import CALLS, UNHEARD

SILENT = tuple(name for name in UNHEARD if name != "letter")
"""Channels that say nothing to the customer: no rule can be about them."""
TALKS = ("reached", "callback", "promised", "disputed", "paid", "refused")
"""Outcomes of calls in which we spoke with the customer."""
HOLIDAYS_AHEAD = 400
"""Days; further in the future nothing is planned."""


class DunningCourtesy(models.Model):
    """When, and how often, customers hear from us: decent hours, holidays, caps.

    A policy may follow one; without it nothing is held back. The decisions are in
    ``tools/courtesy.py``, this is where people write down the rules. Planning reads
    them to say when a message leaves, the sender's claim reads them again.
    """

    _name = "dunning.courtesy"
    _description = "Courtesy Profile"
    _order = "sequence, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        help="Empty = for all companies.",
    )
    binding = fields.Selection(
        [
            ("courtesy", "Courtesy: no law asks for it"),
            ("law", "Law: it must be kept"),
        ],
        "Kind",
        required=True,
        default="courtesy",
        help="Courtesy: a person may send or call all the same.\n"
        "Law: nobody may send a message at a forbidden time.",
    )
    note = fields.Text(
        "Whom It Binds", translate=True, help="What the rules are taken from."
    )
    source_url = fields.Char("Source")
    checked_on = fields.Date(help="When somebody last compared it with its source.")
    window_ids = fields.One2many(
        "dunning.courtesy.window", "courtesy_id", "Hours", copy=True
    )
    cap_ids = fields.One2many("dunning.courtesy.cap", "courtesy_id", "Caps", copy=True)
    holiday_ids = fields.One2many(
        "dunning.courtesy.holiday", "courtesy_id", "Public Holidays", copy=True
    )
    cooldown_days = fields.Integer(
        "No Calls after a Talk (Days)",
        help="Days without a call after a talk with the customer; the day of the talk "
        "is the first. A customer who asked to be called again is called. 0 = none.",
    )
    memory_days = fields.Integer(
        compute="_compute_memory_days",
        store=True,
        help="How far back contacts count.",
    )

    _cooldown_days_not_negative = models.Constraint(
        "CHECK(cooldown_days >= 0)",
        "The days without a call after a talk cannot be negative.",
    )

    @api.depends("cap_ids.window_days", "cooldown_days")
    def _compute_memory_days(self):
        for profile in self:
            days = profile.cap_ids.mapped("window_days")
            profile.memory_days = max([profile.cooldown_days, *days])

    @api.model
    def _select_channel(self):
        """What a rule can be about: everything at once, or one channel."""
        channels = self.env["dunning.action"]._fields["channel"]
        return [
            (courtesy.ALL, self.env._("All (letters only if named)")),
            *(
                (name, self.env._("Calls") if name == "phone" else label)
                for name, label in channels._description_selection(self.env)
                if name not in SILENT and name not in CALLS
            ),
        ]

    def copy_data(self, default=None):
        return [
            values | {"name": self.env._("%s (copy)", profile.name)}
            for profile, values in zip(self, super().copy_data(default), strict=True)
        ]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        policies = self.env["dunning.policy"].sudo().with_context(active_test=False)
        if policy := policies.search([("courtesy_id", "in", self.ids)], limit=1):
            raise ValidationError(
                self.env._(
                    "Policy “%s” follows this profile: choose another one there first.",
                    policy.name,
                )
            )

    # === RULES === #

    def _get_rules(self):
        """The ``Rules`` of ``tools/courtesy.py``, read in a few queries."""
        self.ensure_one()
        profile = self.sudo()
        return courtesy.Rules(
            windows={row.channel: row._get_window() for row in profile.window_ids},
            caps=tuple(
                courtesy.Cap(row.id, row.channel, row.max_number, row.window_days)
                for row in profile.cap_ids
            ),
            cooldown_days=profile.cooldown_days,
            holidays={
                row.country_id.code or None: row._get_holidays(
                    self.env.cr.now() - timedelta(days=2),
                    self.env.cr.now() + timedelta(days=HOLIDAYS_AHEAD),
                )
                for row in profile.holiday_ids
            },
        )

    @api.model
    def _get_facts_sql(self, profile, partner, recipient, company, notice, now):
        """SQL value (jsonb) of what ``tools/courtesy.py`` needs to know of a customer,
        NULL where no profile applies. One expression for any number of rows.

        All parameters are SQL.

        :param profile: id of the ``dunning.courtesy``
        :param partner: id of the debtor
        :param recipient: id of the one who hears it, of the debtor's company
        :param notice: id of the notice itself, or NULL
        :param now: UTC
        """
        since = SQL("%s::timestamp - INTERVAL '1 day' * (profile.memory_days + 1)", now)
        notices = SQL(
            """dunning_notice other
                WHERE other.partner_id = %s AND other.company_id = %s
                  AND other.simulation IS NOT TRUE AND other.id IS DISTINCT FROM %s
                  AND other.channel NOT IN %s""",
            partner,
            company,
            notice,
            ("phone", *CALLS, *SILENT),  # A call counts when it was made.
        )
        return SQL(
            """(SELECT JSONB_BUILD_OBJECT(
                       'profile', profile.id,
                       'chosen', COALESCE(person.dunning_tz, debtor.dunning_tz),
                       'tz', person.tz, 'country', country.code, 'state', state.code,
                       'numbers', %(numbers)s,
                       'contacts', CASE WHEN profile.memory_days > 0 THEN (
                           SELECT JSONB_AGG(JSONB_BUILD_ARRAY(channel, moment))
                             FROM (SELECT other.channel, COALESCE(
                                          other.date_sent, other.lease_until,
                                          other.write_date) AS moment
                                     FROM %(notices)s
                                      AND (other.state IN
                                               ('claimed', 'sent', 'delivered')
                                           OR other.state = 'unknown'
                                           OR other.date_sent IS NOT NULL)
                                UNION ALL
                                   SELECT 'phone', call.date
                                     FROM dunning_call call
                                    WHERE call.partner_id = %(partner)s
                                      AND call.company_id = %(company)s
                                      AND call.direction = 'outgoing'
                                  ) AS contact
                            WHERE moment > %(since)s) END,
                       'talked', CASE WHEN profile.cooldown_days > 0 THEN (
                           SELECT CASE WHEN call.outcome != 'callback'
                                       THEN call.date END
                             FROM dunning_call call
                            WHERE call.partner_id = %(partner)s
                              AND call.company_id = %(company)s
                              AND call.outcome IN %(talks)s
                              AND call.date > %(since)s
                            ORDER BY call.date DESC, call.id DESC
                            LIMIT 1) END,
                       'ahead', CASE WHEN profile.memory_days > 0 THEN (
                           SELECT JSONB_AGG(other.channel)
                             FROM %(notices)s
                              AND other.state = 'ready' AND other.id < %(notice)s
                              AND other.channel != 'letter'
                              AND (other.not_before IS NULL
                                   OR other.not_before <= %(now)s)) END)
                  FROM dunning_courtesy profile
                  JOIN res_partner debtor ON debtor.id = %(partner)s
             LEFT JOIN res_partner addressee
                    ON addressee.id = %(recipient)s AND addressee.country_id IS NOT NULL
                  JOIN res_partner person
                    ON person.id = COALESCE(addressee.id, debtor.id)
             LEFT JOIN res_country country ON country.id = person.country_id
             LEFT JOIN res_country_state state ON state.id = person.state_id
                 WHERE profile.id = %(profile)s)""",
            company=company,
            notice=notice,
            notices=notices,
            now=now,
            numbers=self._get_numbers_sql(recipient),
            partner=partner,
            profile=profile,
            recipient=recipient,
            since=since,
            talks=TALKS,
        )

    @api.model
    def _get_numbers_sql(self, recipient):
        """SQL value (jsonb): the telephone numbers of the ``recipient`` (SQL), for
        addons that know them: {kind of channel: number in E.164}."""
        return SQL("NULL::jsonb")
