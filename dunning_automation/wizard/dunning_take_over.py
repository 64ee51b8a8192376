from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..models.dunning_action import TEMPLATES
from ..models.dunning_take_over_source import SOURCES
from ..tools import take_over

DISTANCE = 10
"""Of the sequence of policies: the ladder that applied to everybody comes first."""


class DunningTakeOver(models.TransientModel):
    """Takes over from another reminder tool: its policies, for review, and the level
    that each open line has reached, so that nobody hears a level twice.

    What customers heard there becomes notices that were sent, without a text. Nothing
    of the other tool is changed. To do it again does no harm.
    """

    _name = "dunning.take.over"
    _description = "Take Over from Another Tool"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    source = fields.Selection(
        "_select_source",
        "From",
        required=True,
        default=lambda self: next(iter(self._select_source()), (False,))[0],
    )
    summary = fields.Html(compute="_compute_summary", sanitize=False)

    @api.model
    def _select_source(self):
        return [
            (name, name) for name in self.env["dunning.take.over.source"]._get_names()
        ]

    # === DRY RUN === #

    @api.depends("source", "company_id")
    def _compute_summary(self):
        for wizard in self:
            if not wizard.source:
                wizard.summary = False
                continue
            wizard.summary = self.env["ir.qweb"]._render(
                "dunning_automation.take_over_summary",
                {
                    "ladders": wizard._read_ladders(),
                    "counts": wizard._count_reached(),
                    "channels": dict(
                        self.env["dunning.action"]
                        ._fields["channel"]
                        ._description_selection(self.env)
                    ),
                    "get_policy": wizard._get_policy,
                },
            )

    def _read_ladders(self):
        return self.env["dunning.take.over.source"]._read_ladders(
            self.source, self.company_id
        )

    def _get_open_sql(self):
        """What was said about lines that are open now."""
        self.env["account.move.line"].flush_model()
        return SQL(
            """SELECT reached.*, line.move_id, line.company_id,
                      COALESCE(line.date_maturity, line.date) AS date_due,
                      line.currency_id, line.amount_residual,
                      line.amount_residual_currency, move.name,
                      partner.commercial_partner_id AS partner_id
                 FROM (%s) AS reached
                 JOIN account_move_line line ON line.id = reached.move_line_id
                 JOIN account_move move ON move.id = line.move_id
                 JOIN res_partner partner ON partner.id = line.partner_id
                WHERE line.company_id = %s AND line.parent_state = 'posted'
                  AND line.reconciled IS NOT TRUE AND line.amount_residual > 0""",
            self.env["dunning.take.over.source"]._get_reached_sql(self.source),
            self.company_id.id,
        )

    def _count_reached(self):
        """{rung of the other tool: number of open lines that have reached it}"""
        rows = self.env.execute_query(
            SQL(
                "SELECT rung_id, COUNT(DISTINCT move_line_id) FROM (%s) AS heard"
                " GROUP BY rung_id",
                self._get_open_sql(),
            )
        )
        return dict(rows)

    # === TAKING OVER === #

    def action_take_over(self):
        """Make the policies, note what was said, and show the policies."""
        self.ensure_one()
        self.env["dunning.policy"].check_access("create")
        if self.source not in SOURCES:
            raise UserError(self.env._("Choose what to take over from."))
        policies, levels = self._take_policies()
        self._take_exceptions(policies)
        self._take_levels(levels)
        return (
            self.env["dunning.policy"]
            .browse(policy.id for policy in policies.values())
            ._get_records_action(name=self.env._("Policies Taken Over"))
        )

    def _get_policy(self, key):
        """The policy that was made of another tool's, if it was."""
        return (
            self.env["dunning.policy"]
            .with_context(active_test=False)
            .search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("taken_over_from", "=", key),
                ],
                limit=1,
            )
        )

    def _take_policies(self):
        """
        :return: {key: policy}, {rung of the other tool: level}
        """
        policies, levels = {}, {}
        for ladder in self._read_ladders():
            policy = self._get_policy(ladder["key"]) or self._create_policy(ladder)
            policies[ladder["key"]] = policy
            own = {level.taken_over_from: level for level in policy.level_ids}
            for rung in ladder["rungs"]:
                if level := own.get(str(rung["id"])):
                    levels[rung["id"]] = level
        return policies, levels

    def _create_policy(self, ladder):
        others = self.env["dunning.policy"].search(
            [("company_id", "=", self.company_id.id)], order="sequence"
        )
        places = others.mapped("sequence") or [0]
        count = len(ladder["rungs"])
        return self.env["dunning.policy"].create(
            {
                "name": ladder["name"],
                "company_id": self.company_id.id,
                "sequence": places[0] - DISTANCE
                if ladder["is_default"]
                else places[-1] + DISTANCE,
                "mode": "simulate" if ladder["is_off"] else "review",
                "taken_over_from": ladder["key"],
                "level_ids": [
                    Command.create(self._prepare_level(rung, position, count))
                    for position, rung in enumerate(ladder["rungs"])
                ],
            }
        )

    def _prepare_level(self, rung, position, count):
        tone = take_over.choose_tone(position, count)
        actions = [
            self.env["dunning.action"]._prepare_default_values(channel, {"tone": tone})
            for channel in rung["channels"]
        ]
        template = rung["texts"] and self._create_template(rung, tone)
        for action in actions:
            if template and "template_id" in action:
                action["template_id"] = template.id
        interval = rung["min_interval_days"]
        return {
            "name": rung["name"],
            "delay_days": rung["delay_days"],
            **({} if interval is None else {"min_interval_days": interval}),
            "tone": tone,
            "taken_over_from": str(rung["id"]),
            "action_ids": [Command.create(action) for action in actions],
        }

    def _create_template(self, rung, tone):
        """Our message of that tone with the words of the rung, in each language that
        has them. Made as superuser: managers choose templates, they do not edit
        them; the words were sanitized."""
        base_sudo = self.env.ref(TEMPLATES[tone]).sudo()
        template_sudo = base_sudo.with_context(lang="en_US").copy(
            {"name": f"{rung['name']} ({self.source})"}
        )
        for lang, _label in self.env["res.lang"].get_installed():
            words = take_over.choose_text(rung["texts"], lang)
            template_sudo.with_context(lang=lang).body_html = take_over.put_words(
                base_sudo.with_context(lang=lang).body_html, words
            )
        return template_sudo

    def _take_exceptions(self, policies):
        """Customers keep a policy of their own; invoices of a policy that says nothing
        are left out of reminders."""
        found = self.env["dunning.take.over.source"]._get_exceptions(
            self.source, self.company_id
        )
        for table, record_id, source_id in found:
            policy = policies.get(f"{self.source},{source_id}")
            if policy and table == "res_partner":
                partner = self.env["res.partner"].browse(record_id).sudo()
                partner = partner.with_company(self.company_id)
                partner.dunning_policy_id = partner.dunning_policy_id or policy
            elif policy and policy.mode == "simulate":
                move = self.env["account.move"].browse(record_id)
                move._dunning_get_open_lines().no_followup = True

    def _take_levels(self, levels):
        """Write what was said as notices that were sent, by two statements."""
        if not levels:
            return
        self.env.flush_all()
        mapped = SQL(", ").join(
            SQL(
                "(%s, %s, %s, %s)",
                rung_id,
                level.id,
                level.policy_id.id,
                f"take-over {self.source} {rung_id} ",
            )
            for rung_id, level in levels.items()
        )
        heard = SQL(
            """WITH level (rung_id, level_id, policy_id, key) AS (VALUES %s),
               heard AS (
                   SELECT heard.*, level_id, policy_id,
                          level.key || partner_id || ' ' || heard.date || ' '
                              || channel AS dedup_key
                     FROM (%s) AS heard
                     JOIN level ON level.rung_id = heard.rung_id)""",
            mapped,
            self._get_open_sql(),
        )
        reason = self.env._("Said by %s before the take-over.", self.source)
        rows = self.env.execute_query(
            SQL(
                """%s
                INSERT INTO dunning_notice (
                       company_id, partner_id, debtor_key, recipient_id, policy_id,
                       level_id, channel, group_key, state, simulation, date,
                       date_sent, attempt, dedup_key, reason, create_uid, write_uid,
                       create_date, write_date)
                SELECT DISTINCT company_id, partner_id, partner_id, partner_id,
                       policy_id, level_id, channel, 'L' || level_id, 'sent', FALSE,
                       date, date + interval '12 hours', 0, dedup_key, %s,
                       %s::integer, %s::integer, %s::timestamp, %s::timestamp
                  FROM heard
                ON CONFLICT DO NOTHING
                RETURNING id""",
                heard,
                reason,
                self.env.uid,
                self.env.uid,
                self.env.cr.now(),
                self.env.cr.now(),
            )
        )
        self.env.cr.execute(
            SQL(
                """%s
                INSERT INTO dunning_notice_line (
                       notice_id, move_line_id, move_id, company_id, level_id, cycle,
                       channel, is_step, live, name, date_due, days_overdue,
                       currency_id, residual_currency, residual)
                SELECT notice.id, heard.move_line_id, heard.move_id, heard.company_id,
                       heard.level_id, COALESCE(decision.cycle, 0), heard.channel, TRUE,
                       TRUE, heard.name, heard.date_due, heard.date - heard.date_due,
                       heard.currency_id, heard.amount_residual_currency,
                       heard.amount_residual
                  FROM heard
                  JOIN dunning_notice notice ON notice.dedup_key = heard.dedup_key
             LEFT JOIN dunning_decision decision
                    ON decision.move_line_id = heard.move_line_id
                ON CONFLICT DO NOTHING""",
                heard,
            )
        )
        self.env.invalidate_all()
        notices = self.env["dunning.notice"].browse(notice_id for (notice_id,) in rows)
        notices.sudo()._tell("level_taken_over", reason)
