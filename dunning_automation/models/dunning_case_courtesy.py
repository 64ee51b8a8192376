from odoo import api, fields, models
from odoo.tools import SQL, format_datetime

from ..tools import courtesy


class DunningCaseCourtesy(models.AbstractModel):
    """What a collector should know before he calls: it is night there, the customer was
    called often enough, or does not want to be called. He may call all the same."""

    _name = "dunning.case.courtesy"
    _description = "Dunning Case: Courtesy"

    contact_warning = fields.Text(
        "Before You Call",
        compute="_compute_contact_warning",
        help="Why the customer should not be called now.",
    )
    refuses_calls = fields.Boolean(compute="_compute_contact_warning")

    @api.depends("partner_id", "level_id", "state")
    @api.depends_context("lang", "tz")
    def _compute_contact_warning(self):
        """A constant number of queries for all rows of a page."""
        optouts = self.env["dunning.optout"].sudo()._search_of(self.partner_id)
        words = self._say_courtesy()
        for case in self:
            people = case.partner_id | case.partner_id.sudo().dunning_contact_id
            case.refuses_calls = any(
                optouts._concerns(person, "phone") for person in people
            )
            said = case.refuses_calls and self.env._("The customer wants no calls.")
            case.contact_warning = "\n".join(filter(None, (said, words.get(case.id))))

    def _say_courtesy(self):
        """{case id: words} where the courtesy of its policy is against a call."""
        said = {}
        labels = dict(
            self.env["dunning.notice"]
            ._fields["wait_reason"]
            ._description_selection(self.env)
        )
        notices, rules = self.env["dunning.notice"], {}
        for case_id, company_id, facts in self._read_courtesy_facts():
            key = (facts["profile"], company_id)
            if key not in rules:
                rules[key] = notices._read_rules(*key)
            zones = notices._get_zones("phone", facts, rules[key][1])
            wait = notices._get_wait("phone", facts, *rules[key])
            if wait:
                cap = self.env["dunning.courtesy.cap"].browse(wait.cap)
                said[case_id] = self.env._(
                    "%(reason)s, where it is %(clock)s now. From %(moment)s on.",
                    reason=cap.sudo().display_name or labels[wait.reason],
                    clock=self._get_clock(zones),
                    moment=format_datetime(self.env, wait.until, dt_format="short"),
                )
        return said

    def _get_clock(self, zones):
        """“22:14 (Europe/Berlin)”; from … to … in a country of several zones."""
        clocks = sorted(courtesy.local(self.env.cr.now(), zone) for zone in zones)
        first, last = (f"{clock:%H:%M}" for clock in (clocks[0], clocks[-1]))
        if first == last:
            return f"{first} ({zones[0]})"
        return self.env._("between %(first)s and %(last)s", first=first, last=last)

    def _read_courtesy_facts(self):
        cases = self.filtered(lambda case: case.state == "open")
        profiles = cases.level_id.policy_id.sudo().courtesy_id
        if not profiles:
            return []
        self.env["dunning.ledger"]._flush()
        return self.env.execute_query(
            SQL(
                """SELECT debt_case.id, debt_case.company_id, %s
                     FROM dunning_case debt_case
                     JOIN dunning_level level ON level.id = debt_case.level_id
                     JOIN dunning_policy policy ON policy.id = level.policy_id
                    WHERE debt_case.id = ANY(%s) AND policy.courtesy_id IS NOT NULL""",
                self.env["dunning.courtesy"]._get_facts_sql(
                    SQL("policy.courtesy_id"),
                    SQL("debt_case.partner_id"),
                    SQL("debt_case.partner_id"),
                    SQL("debt_case.company_id"),
                    SQL("NULL::integer"),
                    SQL("%s", self.env.cr.now()),
                ),
                cases.ids,
            )
        )

    def _say_put_off(self):
        """{case id: words} where a message waits for a decent hour, or for a cap."""
        notices = self.env["dunning.notice"].search(
            [
                ("case_id", "in", self.ids),
                ("state", "=", "ready"),
                ("simulation", "=", False),
                ("wait_reason", "!=", False),
                ("not_before", ">", self.env.cr.now()),
            ],
            order="not_before, id",
        )
        said = {}
        for notice in notices:
            said.setdefault(notice.case_id.id, notice.wait_text)
        return said
