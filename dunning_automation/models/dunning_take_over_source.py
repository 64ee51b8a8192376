from odoo import api, models
from odoo.tools import SQL, html_sanitize

from ..tools import take_over

SOURCES = {
    "account_credit_control": ("credit_control_policy_level", "credit_control_line"),
    "om_account_followup": ("followup_followup", "followup_line"),
}
"""Other tools, and the tables by which they are known. The tables count, not the
modules: they are read as they are, with the module or after it."""


class DunningTakeOverSource(models.AbstractModel):
    """Reads policies, and which level each line has reached, out of the tables of
    other reminder tools. Writes nothing.

    A ladder is a dict: ``key`` (of the policy, stored with ours), ``name``,
    ``is_default`` (it applies to everybody), ``is_off`` (it says nothing) and
    ``rungs``, from the lowest on: dicts with ``id``, ``name``, ``delay_days``,
    ``min_interval_days`` (None: as ours have it), ``channels`` and ``texts`` (safe HTML
    by language; plain where it is the same in all).
    """

    _name = "dunning.take.over.source"
    _description = "Tables of Other Reminder Tools"

    @api.model
    def _get_names(self):
        """The tools whose tables are there."""
        tables = [table for needed in SOURCES.values() for table in needed]
        rows = self.env.execute_query(
            SQL(
                """SELECT relname FROM pg_class
                    WHERE relname = ANY(%s) AND relkind = 'r'
                      AND relnamespace = current_schema::regnamespace""",
                tables,
            )
        )
        found = {name for (name,) in rows}
        return [name for name, needed in SOURCES.items() if found.issuperset(needed)]

    @api.model
    def _read_ladders(self, name, company):
        return getattr(self, f"_read_ladders_{name}")(company)

    @api.model
    def _get_reached_sql(self, name):
        """Query of ``move_line_id``, ``rung_id`` (of the other tool), ``date``,
        ``channel`` (of ours): what customers heard there."""
        return getattr(self, f"_get_reached_sql_{name}")()

    @api.model
    def _get_exceptions(self, name, company):
        """Customers and invoices with another policy than all others.

        :return: [(table, id, key of the policy)]
        """
        if name != "account_credit_control":
            return []
        return self.env.execute_query(
            SQL(
                """SELECT 'res_partner', debtor.id, MIN(partner.credit_policy_id)
                     FROM res_partner partner
                     JOIN res_partner debtor
                       ON debtor.id = partner.commercial_partner_id
                    WHERE partner.credit_policy_id IS NOT NULL
                      AND (debtor.company_id IS NULL OR debtor.company_id = %(company)s)
                    GROUP BY debtor.id
                    UNION ALL
                   SELECT 'account_move', id, credit_policy_id
                     FROM account_move
                    WHERE credit_policy_id IS NOT NULL AND company_id = %(company)s""",
                company=company.id,
            )
        )

    # === account_credit_control === #

    @api.model
    def _read_ladders_account_credit_control(self, company):
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT policy.id AS policy_id, policy.name AS policy_name,
                          COALESCE(policy.do_nothing, FALSE) AS is_off,
                          policy.id = company.credit_policy_id AS is_default,
                          rung.id, to_jsonb(rung.name) AS name, rung.computation_mode,
                          rung.delay_days, rung.channel,
                          to_jsonb(rung.custom_mail_text) AS texts
                     FROM credit_control_policy policy
                     JOIN credit_control_policy_level rung
                       ON rung.policy_id = policy.id
                     JOIN res_company company ON company.id = %(company)s
                    WHERE policy.active IS NOT FALSE
                      AND (policy.company_id IS NULL
                           OR policy.company_id = %(company)s)
                    ORDER BY policy.id, rung.level""",
                company=company.id,
            )
        )
        ladders = {}
        for row in rows:
            ladders.setdefault(row["policy_id"], []).append(row)
        return [self._prepare_oca_ladder(steps) for steps in ladders.values()]

    def _prepare_oca_ladder(self, steps):
        days = take_over.count_days(
            [(step["computation_mode"], step["delay_days"]) for step in steps]
        )
        return {
            "key": f"account_credit_control,{steps[0]['policy_id']}",
            "name": steps[0]["policy_name"],
            "is_default": steps[0]["is_default"] or False,
            "is_off": steps[0]["is_off"],
            "rungs": [
                {
                    "id": step["id"],
                    "name": take_over.choose_text(step["name"], self.env.lang),
                    "delay_days": delay,
                    "min_interval_days": interval,
                    "channels": [step["channel"]],
                    "texts": self._map_texts(step["texts"], self._clean),
                }
                for step, (delay, interval) in zip(steps, days, strict=True)
            ],
        }

    @api.model
    def _clean(self, words):
        """HTML without anything that runs, in a browser or when it is rendered."""
        return take_over.without_templates(html_sanitize(words))

    @api.model
    def _map_texts(self, texts, function):
        texts = texts if isinstance(texts, dict) else {"en_US": texts or ""}
        return {lang: str(function(text)) for lang, text in texts.items() if text}

    @api.model
    def _get_reached_sql_account_credit_control(self):
        """What is queued there counts as said: it is about to leave."""
        return SQL(
            """SELECT move_line_id, policy_level_id AS rung_id,
                      COALESCE(date_sent, date) AS date, channel
                 FROM credit_control_line
                WHERE state IN ('sent', 'queued')"""
        )

    # === om_account_followup === #

    @api.model
    def _read_ladders_om_account_followup(self, company):
        """One ladder per company; its days count from the due date."""
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT ladder.id AS policy_id, company.name AS policy_name, rung.id,
                          to_jsonb(rung)->'name' AS name, rung.delay,
                          to_jsonb(rung)->'send_email' AS email,
                          to_jsonb(rung)->'send_letter' AS letter,
                          to_jsonb(rung)->'manual_action' AS activity,
                          to_jsonb(rung)->'description' AS texts
                     FROM followup_followup ladder
                     JOIN followup_line rung ON rung.followup_id = ladder.id
                     JOIN res_company company ON company.id = ladder.company_id
                    WHERE ladder.company_id = %s
                    ORDER BY rung.delay, rung.id""",
                company.id,
            )
        )
        if not rows:
            return []
        days = take_over.count_days([("net_days", row["delay"]) for row in rows])
        return [
            {
                "key": f"om_account_followup,{rows[0]['policy_id']}",
                "name": rows[0]["policy_name"],
                "is_default": True,
                "is_off": False,
                "rungs": [
                    {
                        "id": row["id"],
                        "name": take_over.choose_text(row["name"], self.env.lang),
                        "delay_days": delay,
                        "min_interval_days": None,
                        "channels": [
                            channel
                            for channel in ("email", "letter", "activity")
                            if row[channel]
                        ]
                        or ["activity"],
                        "texts": self._map_texts(row["texts"], take_over.as_paragraphs),
                    }
                    for row, (delay, _none) in zip(rows, days, strict=True)
                ],
            }
        ]

    @api.model
    def _get_reached_sql_om_account_followup(self):
        return SQL(
            """SELECT line.id AS move_line_id, rung.id AS rung_id,
                      COALESCE(line.followup_date, CURRENT_DATE) AS date,
                      CASE WHEN rung.send_email THEN 'email'
                           WHEN rung.send_letter THEN 'letter'
                           ELSE 'activity' END AS channel
                 FROM account_move_line line
                 JOIN followup_line rung ON rung.id = line.followup_line_id"""
        )
