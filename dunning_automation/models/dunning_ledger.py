from odoo import api, models
from odoo.tools import SQL

# Odoo's email_normalized is lenient ("x@@y" gives "@y"): one @, a dot in the domain.
POSTAL_FIELDS = ("street", "street2", "zip", "city", "state_id", "country_id")
VALID_EMAIL = r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$"
READ_FIELDS = {
    "account.account": ["account_type"],
    "account.bank.statement.line": None,
    "account.move": [
        "dunning_max_level_id",
        "name",
        "partner_bank_id",
        "partner_id",
        "payment_reference",
        "payment_state",
        "state",
    ],
    "account.move.line": [
        "account_id",
        "amount_residual",
        "amount_residual_currency",
        "currency_id",
        "date_maturity",
        "no_followup",
        "parent_state",
        "partner_id",
        "reconciled",
    ],
    "account.payment": None,
    "dunning.action": None,
    "dunning.action.variant": None,
    "dunning.call": None,
    "dunning.case": None,
    "dunning.courtesy": None,
    "dunning.decision": None,
    "dunning.hold": None,
    "dunning.level": None,
    "dunning.level.minimum": None,
    "dunning.notice": None,
    "dunning.notice.line": None,
    "dunning.optout": None,
    "dunning.policy": None,
    "mail.blacklist": None,
    "mail.activity": None,
    "mail.template": ["body_html", "subject"],
    "payment.transaction": None,
    "phone.blacklist": None,
    "res.company": None,
    "res.partner": [
        "active",
        "commercial_partner_id",
        "dunning_bounced_email",
        "dunning_channel",
        "dunning_contact_id",
        "dunning_policy_id",
        "dunning_tz",
        "dunning_user_id",
        "email_normalized",
        "lang",
        "name",
        "phone",
        "phone_sanitized",
        "type",
        "tz",
        *POSTAL_FIELDS,
    ],
    "res.partner.bank": ["acc_number", "active", "partner_id", "sequence"],
    "res.users": ["active", "partner_id", "share"],
}


class DunningLedger(models.AbstractModel):
    """Reads the ledger for the planner and for the sender: one truth for both.

    Everything here is one SQL statement for any number of lines or notices.
    """

    _name = "dunning.ledger"
    _description = "Dunning Ledger"

    @api.model
    def _flush(self):
        """Write what the ORM still holds back of the things that are read here."""
        for model_name, field_names in READ_FIELDS.items():
            self.env[model_name].flush_model(field_names)

    @api.model
    def _get_net_lines_cte(
        self, company, policies=None, partners=None, now=None, match=None
    ):
        """``WITH net_line AS (...)``: open lines, their stop signs, credits set off.

        Open credits of the debtor (credit notes, payments that are not allocated or
        have no entry yet) cover his oldest lines first, per currency; a line covered
        in full is stopped with ``covered_by_credit``. ``open_credit`` says what is left
        of them per debtor and currency.

        :param policies: ``dunning.policy``; the first that fits gives ``policy_id``
        :param SQL partners: array of the commercial partners to read; None = all
        :param SQL now: UTC, the moment of reading; None = the database's clock
        :param SQL match: the id of the policy of ``line``, where it is known already
        """
        policies = policies or self.env["dunning.policy"]
        now = now or SQL("%s", self.env.cr.now())
        stops = policies._stop_conditions(company, now)
        return SQL(
            """
            WITH possible_payment AS MATERIALIZED (
                SELECT DISTINCT move_line_id FROM (%(possible_payments)s) AS fitting
            ), item AS (
                SELECT line.id AS move_line_id, line.move_id, move.name AS move_name,
                       line.currency_id, debtor.id AS partner_id,
                       move.partner_id AS contact_id,
                       COALESCE(line.date_maturity, line.date) AS date_due,
                       line.amount_residual AS residual,
                       line.amount_residual_currency AS residual_currency,
                       max_level.delay_days AS max_delay,
                       %(policy)s AS policy_id,
                       CASE %(stops)s END AS stop_reason
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
             LEFT JOIN res_partner partner ON partner.id = line.partner_id
             LEFT JOIN res_partner debtor
                    ON debtor.id = partner.commercial_partner_id
             LEFT JOIN dunning_level max_level
                    ON max_level.id = move.dunning_max_level_id
                 WHERE line.account_id IN (
                           SELECT id
                             FROM account_account
                            WHERE account_type = 'asset_receivable')
                   AND line.reconciled IS NOT TRUE
                   AND line.parent_state = 'posted'
                   AND line.company_id = %(company)s
                   AND line.amount_residual_currency != 0
                   AND %(of_debtors)s
            ), credit AS (
                SELECT partner_id, currency_id, SUM(amount) AS amount
                  FROM (SELECT partner_id, currency_id, -residual_currency AS amount
                          FROM item
                         WHERE residual_currency < 0
                     UNION ALL
                        SELECT partner.commercial_partner_id, payment.currency_id,
                               payment.amount
                          FROM account_payment payment
                          JOIN res_partner partner ON partner.id = payment.partner_id
                         WHERE payment.state = 'in_process'
                           AND payment.move_id IS NULL
                           AND payment.payment_type = 'inbound'
                           AND payment.company_id = %(company)s
                           AND NOT EXISTS (
                               SELECT 1
                                 FROM account_move__account_payment rel
                                WHERE rel.payment_id = payment.id)
                       ) AS payable
                 GROUP BY partner_id, currency_id
            ), running AS (
                SELECT item.*, COALESCE(credit.amount, 0) AS credit,
                       SUM(residual_currency) FILTER (WHERE stop_reason IS NULL)
                           OVER (PARTITION BY item.partner_id, item.currency_id
                                     ORDER BY date_due, move_line_id) AS running_total
                  FROM item
             LEFT JOIN credit ON credit.partner_id = item.partner_id
                             AND credit.currency_id = item.currency_id
                 WHERE residual_currency > 0
            ), net_line AS (
                SELECT move_line_id, move_id, move_name, currency_id, partner_id,
                       contact_id, date_due, residual, residual_currency, policy_id,
                       max_delay, credit,
                       CASE WHEN stop_reason IS NOT NULL THEN stop_reason
                            WHEN running_total <= credit THEN 'covered_by_credit'
                        END AS stop_reason
                  FROM running
            ), open_credit AS (
                SELECT partner_id, currency_id,
                       MAX(credit) - COALESCE(SUM(residual_currency) FILTER (
                           WHERE stop_reason = 'covered_by_credit'), 0) AS amount
                  FROM net_line
                 WHERE credit > 0
                 GROUP BY partner_id, currency_id
            )
            """,
            policy=match or policies._get_match_sql(),
            possible_payments=self.env["dunning.bank"]._get_possible_payments_sql(
                company, now, partners
            ),
            stops=SQL(" ").join(
                SQL("WHEN %s THEN %s", condition, reason) for reason, condition in stops
            ),
            company=company.id,
            of_debtors=SQL("partner.commercial_partner_id = ANY(%s)", partners)
            if partners
            else SQL("TRUE"),
        )

    @api.model
    def _get_threshold_sql(self, level, line, standing):
        """SQL condition: a line is large enough for a level.

        Thresholds that are not set (0) do not count; of the others all must be passed,
        or one, as the level says. ``minimum`` (``dunning_level_minimum``) is what the
        level asks of lines in that currency, if anything.

        :param str level: alias of the ``dunning_level``
        :param str line: alias with ``residual`` and ``residual_currency``
        :param str standing: alias with what the customer owes under the policy:
            ``balance``, ``currency_balance`` (overdue) and ``open_total``
        """
        names = {
            "level": SQL.identifier(level),
            "line": SQL.identifier(line),
            "standing": SQL.identifier(standing),
        }
        least = [
            SQL(
                """COALESCE(CASE WHEN minimum.id IS NULL THEN %(level)s.%(name)s
                                 ELSE minimum.%(name)s END, 0)""",
                name=SQL.identifier(name),
                **names,
            )
            for name in ("min_amount", "min_balance")
        ] + [SQL("COALESCE(%(level)s.min_percentage, 0)", **names)]
        passed = [
            SQL(
                """CASE WHEN minimum.id IS NULL THEN %(line)s.residual
                        ELSE %(line)s.residual_currency END >= %(least)s""",
                least=least[0],
                **names,
            ),
            SQL(
                """COALESCE(CASE WHEN minimum.id IS NULL THEN %(standing)s.balance
                                 ELSE %(standing)s.currency_balance END, 0)
                   >= %(least)s""",
                least=least[1],
                **names,
            ),
            SQL(
                """COALESCE(%(standing)s.balance, 0) * 100
                   >= %(least)s * COALESCE(%(standing)s.open_total, 0)""",
                least=least[2],
                **names,
            ),
        ]
        return SQL(
            """CASE WHEN %(level)s.threshold_match = 'any' AND GREATEST(%(least)s) > 0
                    THEN %(any)s ELSE %(all)s END""",
            level=names["level"],
            least=SQL(", ").join(least),
            any=SQL(" OR ").join(
                SQL("%s > 0 AND %s", *pair) for pair in zip(least, passed, strict=True)
            ),
            all=SQL(" AND ").join(passed),
        )

    @api.model
    def _review(self, notices, batch=None):
        """What is true now about notices that wait, every stop sign read again.

        :param notices: ``dunning.notice`` of one company
        :param batch: ``SenderBatch`` of a sender, which asks about one notice after the
            other: the statement, costly to plan, is then planned once per batch
        :return: {notice id: row}, a row has ``stop`` (code why it must not leave, None
            if it may), ``address`` and ``name`` of the recipient, ``collector_id``,
            ``snapshot_hash`` (of all that the text says beside its lines),
            ``courtesy`` (see ``dunning.notice._get_courtesy_sql``),
            ``recipient`` (what ``_get_recipient_facts`` names) and ``lines``, a dict
            {notice line id: row} of those that changed: ``stop`` (code of
            ``tools/reasons.py``) or the present ``residual``, ``residual_currency``,
            ``date_due`` and ``days_overdue``
        """
        company = notices.company_id
        now = self.env.cr.now()
        if batch:
            query = self._get_prepared(
                batch,
                ("review", company.id, notices.channel),
                "integer, integer, timestamp",
                lambda: self._get_review_query(
                    company,
                    SQL("ARRAY[$1]"),
                    SQL("ARRAY[$2]"),
                    SQL("$3"),
                    notices.channel,
                ),
                [notices.id, notices.partner_id.id, now],
            )
        else:
            self._flush()
            arguments = (notices.ids, notices.partner_id.ids, now)
            query = self._get_review_query(
                company, *(SQL("%s", argument) for argument in arguments)
            )
        rows = {row["id"]: row for row in self.env.execute_query_dict(query)}
        for row in rows.values():
            lines = row["lines"] or {}
            row["lines"] = {int(line_id): line for line_id, line in lines.items()}
        return rows

    @api.model
    def _ask(self, batch, key, get_query, *arguments):
        """The rows of a statement, which the database plans once per batch, if there is
        one.

        :param key: see ``_get_prepared``
        :param get_query: called with SQL for each of the arguments, which it casts
            where the database could not guess their type
        """
        if batch:
            places = [SQL(f"${number}") for number in range(1, len(arguments) + 1)]
            query = self._get_prepared(
                batch, key, "", lambda: get_query(*places), arguments
            )
        else:
            query = get_query(*(SQL("%s", argument) for argument in arguments))
        return self.env.execute_query(query)

    @api.model
    def _get_prepared(self, batch, key, types, get_query, arguments):
        """A statement that the database plans once per batch, ready to be executed.
        The batch forgets it with ``_forget_prepared``.

        :param key: what the batch knows it by
        :param str types: of the arguments, which the statement calls $1, $2, …; empty:
            as it uses them
        :param get_query: called once, returns the statement
        """
        name = batch.once(key, lambda: self._prepare(batch, types, get_query()))
        values = SQL(", ").join(SQL("%s", argument) for argument in arguments)
        return SQL("EXECUTE %s(%s)", SQL.identifier(name), values)

    @api.model
    def _prepare(self, batch, types, query):
        name = f"dunning_{batch.token}_{len(batch.prepared)}"
        self.env.cr.execute(
            SQL(
                "SET plan_cache_mode = force_generic_plan; PREPARE %s%s AS %s",
                SQL.identifier(name),
                SQL("(%s)", SQL(types)) if types else SQL(),
                query,
            )
        )
        batch.prepared.append(name)
        return name

    @api.model
    def _forget_prepared(self, batch):
        """Leave the connection as it was found."""
        for name in batch.prepared:
            self.env.cr.execute(SQL("DEALLOCATE %s", SQL.identifier(name)))
        self.env.cr.execute("RESET plan_cache_mode")

    @api.model
    def _get_review_query(self, company, notices, partners, now, only=None):
        """The statement of ``_review``; notices and partners are arrays of ids.

        :param str only: the channel of all of them, which makes it smaller
        """
        return SQL(
            """
            %(net_lines)s,
            notice AS (
                SELECT notice.id, notice.partner_id, notice.recipient_id, notice.lang,
                       notice.channel,
                       %(today)s AS today, recipient.email_normalized AS address,
                       recipient.name, debt_case.user_id AS collector_id,
                       %(recipient)s AS recipient,
                       template.id AS template_id,
                       template.write_date AS template_date,
                       level.delay_days, level.new_deadline_days,
                       policy.min_overdue_amount,
                       COALESCE(policy.item_grace_days, 0) AS item_grace,
                       %(courtesy)s AS courtesy,
                       CASE WHEN notice.payment_message IS NULL
                             AND (action.id IS NULL OR policy.active IS NOT TRUE)
                              OR policy.mode IN ('simulate', 'shadow')
                            THEN 'policy_changed'
                            WHEN %(opted_out)s THEN 'opted_out'
                            WHEN (%(reachable)s) IS NOT TRUE THEN 'recipient_invalid'
                        END AS early_stop
                  FROM dunning_notice notice
             LEFT JOIN dunning_level level ON level.id = notice.level_id
             LEFT JOIN dunning_policy policy ON policy.id = notice.policy_id
             LEFT JOIN dunning_action action ON action.id = notice.action_id
             LEFT JOIN dunning_action_variant variant
                    ON variant.id = notice.variant_id
                   AND variant.action_id = notice.action_id
             LEFT JOIN mail_template template
                    ON template.id = COALESCE(variant.template_id, action.template_id)
             LEFT JOIN res_partner recipient ON recipient.id = notice.recipient_id
             LEFT JOIN dunning_case debt_case ON debt_case.id = notice.case_id
                 WHERE notice.id = ANY(%(notices)s)
            ), standing AS (
                -- What the customer owes under each policy, as the planner sees it;
                -- only where a level or a policy asks for it.
                SELECT notice.id AS notice_id, decision.policy_id, now.currency_id,
                       SUM(SUM(now.residual) FILTER (WHERE is_late)) OVER of_policy
                           AS balance,
                       SUM(SUM(now.residual)) OVER of_policy AS open_total,
                       MAX(MAX(notice.today - now.date_due)) OVER of_policy
                           AS worst_arrears,
                       SUM(now.residual_currency) FILTER (WHERE is_late)
                           AS currency_balance
                  FROM notice
                  JOIN net_line now ON now.partner_id = notice.partner_id
                  JOIN dunning_decision decision
                    ON decision.move_line_id = now.move_line_id
                  JOIN dunning_policy policy ON policy.id = decision.policy_id
            CROSS JOIN LATERAL (
                        SELECT notice.today - now.date_due
                               > COALESCE(policy.item_grace_days, 0) AS is_late
                       ) AS late
                 WHERE now.stop_reason IS NULL
                   AND (EXISTS (
                           SELECT 1 FROM dunning_policy WHERE account_grace_days > 0)
                        OR EXISTS (
                           SELECT 1 FROM dunning_level
                            WHERE min_balance > 0 OR min_percentage > 0)
                        OR EXISTS (
                           SELECT 1 FROM dunning_level_minimum WHERE min_balance > 0))
                 GROUP BY notice.id, decision.policy_id, now.currency_id
                WINDOW of_policy AS (PARTITION BY notice.id, decision.policy_id)
            ), owed AS (
                SELECT notice.id AS notice_id, SUM(now.residual) AS overdue
                  FROM notice
                  JOIN net_line now ON now.partner_id = notice.partner_id
                 WHERE now.stop_reason IS NULL
                   AND notice.min_overdue_amount > 0
                   AND notice.today - now.date_due > notice.item_grace
                 GROUP BY notice.id
            ), listed AS (
                SELECT notice.id AS notice_id, listed.id AS line_id, listed.is_step,
                       level.delay_days, now.residual, now.residual_currency,
                       now.date_due, notice.today - now.date_due AS days_overdue,
                       notice.today - now.date_due > notice.item_grace AS is_late,
                       CASE WHEN now.move_line_id IS NULL
                            THEN CASE WHEN line.parent_state = 'posted' THEN 'paid'
                                      ELSE 'not_posted' END
                            WHEN now.stop_reason IS NOT NULL THEN now.stop_reason
                            WHEN level.delay_days < 0
                             AND notice.today >= now.date_due THEN 'courtesy_lapsed'
                            WHEN listed.is_step
                             AND notice.today - now.date_due < level.delay_days + CASE
                                 WHEN level.delay_days >= 0
                                 THEN COALESCE(policy.item_grace_days, 0) ELSE 0 END
                            THEN 'not_reached'
                            WHEN listed.is_step AND level.delay_days > now.max_delay
                            THEN 'max_level'
                            WHEN listed.is_step AND level.delay_days >= 0
                             AND standing.worst_arrears < policy.account_grace_days
                            THEN 'account_grace'
                            WHEN listed.is_step AND NOT (%(enough)s)
                            THEN 'below_minimum'
                        END AS stop,
                       (listed.residual, listed.residual_currency, listed.date_due,
                        listed.days_overdue)
                       IS DISTINCT FROM
                       (now.residual, now.residual_currency, now.date_due,
                        notice.today - now.date_due) AS changed
                  FROM notice
                  JOIN dunning_notice_line listed ON listed.notice_id = notice.id
             LEFT JOIN dunning_level level ON level.id = listed.level_id
             LEFT JOIN dunning_policy policy ON policy.id = level.policy_id
             LEFT JOIN account_move_line line ON line.id = listed.move_line_id
             LEFT JOIN net_line now ON now.move_line_id = listed.move_line_id
                                   AND now.partner_id = notice.partner_id
             LEFT JOIN standing ON standing.notice_id = notice.id
                               AND standing.policy_id = level.policy_id
                               AND standing.currency_id = now.currency_id
             LEFT JOIN dunning_level_minimum minimum
                    ON minimum.level_id = level.id
                   AND minimum.currency_id = now.currency_id
                 WHERE COALESCE(listed.skip_reason, '') = ''
                   AND COALESCE(listed.drop_reason, '') = ''
            ), total AS (
                SELECT notice_id,
                       MAX(delay_days) FILTER (WHERE is_step AND stop IS NULL)
                           AS delay_days,
                       bool_or(is_late AND is_step AND stop IS NULL) AS is_overdue,
                       JSONB_OBJECT_AGG(line_id, JSONB_BUILD_OBJECT(
                           'stop', stop, 'residual', residual,
                           'residual_currency', residual_currency,
                           'date_due', date_due, 'days_overdue', days_overdue
                       )) FILTER (WHERE changed OR stop IS NOT NULL) AS lines
                  FROM listed
                 GROUP BY notice_id
            )
            SELECT notice.id, notice.address, notice.name, notice.collector_id,
                   notice.recipient, notice.courtesy, total.lines,
                   CASE WHEN early_stop IS NOT NULL THEN early_stop
                        WHEN total.delay_days IS NULL THEN 'nothing_due'
                        WHEN total.delay_days < notice.delay_days THEN 'milder_level'
                        WHEN total.is_overdue
                         AND COALESCE(owed.overdue, 0) < notice.min_overdue_amount
                        THEN 'total_below_minimum'
                    END AS stop,
                   MD5(JSONB_BUILD_ARRAY(
                       notice.today, notice.new_deadline_days, notice.recipient_id,
                       notice.lang, notice.template_id, notice.template_date,
                       %(facts)s
                   )::text) AS snapshot_hash
              FROM notice
         LEFT JOIN total ON total.notice_id = notice.id
         LEFT JOIN owed ON owed.notice_id = notice.id
            """,
            enough=self._get_threshold_sql("level", "now", "standing"),
            net_lines=self._get_net_lines_cte(company, partners=partners, now=now),
            today=SQL(
                "notice.date + (%s - %s)",
                self._get_local_date_sql(company, now),
                self._get_local_date_sql(company, SQL("notice.create_date")),
            ),
            courtesy=self.env["dunning.notice"]._get_courtesy_sql(now),
            recipient=SQL(
                "JSONB_BUILD_OBJECT(%s)",
                SQL(", ").join(
                    SQL("%s, %s", name, value)
                    for name, value in self._get_recipient_facts().items()
                ),
            ),
            opted_out=self.env["dunning.optout"]._get_stop_sql(
                SQL("notice.channel"),
                SQL("notice.partner_id"),
                SQL(
                    """CASE WHEN notice.channel = 'email'
                            THEN recipient.email_normalized ELSE notice.email_to END"""
                ),
            ),
            reachable=SQL(" OR ").join(
                SQL("notice.channel = %s AND %s", channel, condition)
                for channel, condition in self._get_reachable_conditions()
                if only in (None, channel)
            ),
            facts=SQL(", ").join(self._get_text_facts(company)),
            notices=notices,
        )

    @api.model
    def _get_recipient_facts(self):
        """{name: SQL}: what channels must know of ``recipient`` (res_partner) at the
        claim, beside his e-mail address."""
        return {}

    @api.model
    def _get_local_date_sql(self, company, moment):
        """The date of ``moment`` (SQL, UTC) in the time zone of ``company``."""
        return SQL(
            "(%s::timestamp AT TIME ZONE 'UTC' AT TIME ZONE %s)::date",
            moment,
            company._dunning_timezone(),
        )

    @api.model
    def _get_reachable_conditions(self):
        """Per channel the SQL condition under which ``recipient`` (res_partner) of
        ``notice`` may still be written to: list of ``(channel, SQL)``."""
        return [
            ("activity", SQL("TRUE")),
            (
                "email",
                SQL(
                    "recipient.active"
                    " AND recipient.commercial_partner_id = notice.partner_id"
                    " AND recipient.email_normalized ~ %s AND NOT %s AND NOT %s",
                    VALID_EMAIL,
                    self._get_opted_out_sql(SQL("recipient.email_normalized")),
                    self._get_bounced_sql(
                        SQL("recipient.id"), SQL("recipient.email_normalized")
                    ),
                ),
            ),
            (
                "letter",
                SQL(
                    "recipient.active"
                    " AND recipient.commercial_partner_id = notice.partner_id AND %s",
                    self._get_postal_condition("recipient"),
                ),
            ),
            ("notification", SQL("TRUE")),
            ("phone", self._get_phone_sql()),
            ("portal", self._get_portal_sql(SQL("notice.partner_id"))),
            ("server_action", SQL("TRUE")),
        ]

    @api.model
    def _get_postal_condition(self, alias):
        """SQL condition: a letter reaches ``alias``, a ``res_partner``. A street, a
        place and a country: what a postman needs."""
        return SQL(
            """(TRIM(COALESCE(%(alias)s.street, '')) != ''
                AND TRIM(CONCAT(%(alias)s.zip, %(alias)s.city)) != ''
                AND %(alias)s.country_id IS NOT NULL)""",
            alias=SQL.identifier(alias),
        )

    @api.model
    def _get_opted_out_sql(self, address):
        """SQL condition: the owner of ``address`` (normalized) wants no messages."""
        return SQL(
            """EXISTS (
                SELECT 1
                  FROM mail_blacklist unwilling
                 WHERE unwilling.email = %s AND unwilling.active)""",
            address,
        )

    @api.model
    def _get_bounced_sql(self, partner, address):
        """SQL condition: messages to this ``address`` of ``partner`` (id) came back."""
        return SQL(
            """EXISTS (
                SELECT 1
                  FROM res_partner unreached
                 WHERE unreached.id = %s AND unreached.dunning_bounced_email = %s)""",
            partner,
            address,
        )

    @api.model
    def _get_callable_sql(self, partner):
        """SQL condition: ``partner``, alias of a ``res_partner``, has a phone number
        that takes calls."""
        return SQL(
            """(%(phone)s ~ '[0-9]' AND NOT EXISTS (
                SELECT 1
                  FROM phone_blacklist unwilling
                 WHERE unwilling.number = %(number)s AND unwilling.active)
                AND NOT %(opted_out)s)""",
            phone=SQL.identifier(partner, "phone"),
            number=SQL.identifier(partner, "phone_sanitized"),
            opted_out=self.env["dunning.optout"]._get_stop_sql(
                SQL("'phone'"),
                SQL.identifier(partner, "commercial_partner_id"),
                SQL.identifier(partner, "phone_sanitized"),
            ),
        )

    @api.model
    def _get_phone_sql(self):
        """SQL condition about ``notice``: its recipient, the debtor's dunning contact
        or the debtor can be called."""
        return SQL(
            """EXISTS (
                SELECT 1
                  FROM res_partner whole
                  JOIN res_partner callee
                    ON callee.id IN (
                       whole.id, whole.dunning_contact_id, notice.recipient_id)
                 WHERE whole.id = notice.partner_id AND callee.active
                   AND callee.commercial_partner_id = whole.id AND %s)""",
            self._get_callable_sql("callee"),
        )

    @api.model
    def _get_portal_sql(self, debtor):
        """SQL condition: somebody of the debtor (id) can log in to the portal."""
        return SQL(
            """EXISTS (
                SELECT 1
                  FROM res_users visitor
                  JOIN res_partner person ON person.id = visitor.partner_id
                 WHERE person.commercial_partner_id = %s
                   AND visitor.active AND visitor.share)""",
            debtor,
        )

    @api.model
    def _get_text_facts(self, company):
        """SQL values about ``notice`` that its text states beside its lines: a change
        makes the text be written again."""
        return [
            SQL("notice.name"),
            SQL(
                """CASE WHEN notice.channel = 'letter' THEN (
                       SELECT JSONB_BUILD_ARRAY(
                              debtor.name, addressee.street, addressee.street2,
                              addressee.zip, addressee.city, addressee.state_id,
                              addressee.country_id)
                         FROM res_partner addressee
                         JOIN res_partner debtor
                           ON debtor.id = addressee.commercial_partner_id
                        WHERE addressee.id = notice.recipient_id) END"""
            ),
            SQL(
                """(SELECT JSONB_BUILD_ARRAY(company.name, partner.write_date)
                      FROM res_company company
                      JOIN res_partner partner ON partner.id = company.partner_id
                     WHERE company.id = %s)""",
                company.id,
            ),
            SQL(
                """(SELECT JSONB_AGG(DISTINCT bank.acc_number)
                      FROM dunning_notice_line listed
                      JOIN account_move move ON move.id = listed.move_id
                      JOIN res_partner_bank bank ON bank.id = move.partner_bank_id
                     WHERE listed.notice_id = notice.id)"""
            ),
            SQL(
                """(SELECT acc_number
                      FROM res_partner_bank
                     WHERE active AND partner_id = (
                           SELECT partner_id FROM res_company WHERE id = %s)
                     ORDER BY sequence, id
                     LIMIT 1)""",
                company.id,
            ),
            SQL(
                """(SELECT JSONB_OBJECT_AGG(currency_id, amount)
                      FROM open_credit
                     WHERE open_credit.partner_id = notice.partner_id)"""
            ),
            SQL(
                """(SELECT JSONB_BUILD_ARRAY(
                           dunning_link_days > 0, dunning_track_opening)
                      FROM res_company
                     WHERE id = %s)""",
                company.id,
            ),
            self.env["dunning.notice"]._get_charge_facts_stamp(),
        ]

    @api.model
    def _read_credits(self, company, partners):
        """What is left of the debtors' open credits, older lines being covered by them.

        :return: {partner id: {currency id: positive amount}}
        """
        self._flush()
        rows = self.env.execute_query(
            SQL(
                "%s SELECT partner_id, currency_id, amount FROM open_credit",
                self._get_net_lines_cte(company, partners=SQL("%s", partners.ids)),
            )
        )
        credits = {}
        for partner_id, currency_id, amount in rows:
            credits.setdefault(partner_id, {})[currency_id] = amount
        return credits
