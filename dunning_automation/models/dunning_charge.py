from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import interest

CHANNELS = ("email", "letter", "portal")
"""Channels whose texts show charges."""
LINE_FIELDS = (
    "interest",
    "interest_from",
    "interest_until",
    "interest_sheet",
    "interest_rule_id",
    "lump_sum",
    "lump_sum_key",
)
NOTHING = dict.fromkeys(LINE_FIELDS, False)


class DunningCharge(models.AbstractModel):
    """Late interest, lump sums and the fee that a notice asks for.

    Found anew whenever its text is written, from the ledger that the text is written
    from, and kept with it: what a customer was told can be recalculated. Where they
    cannot be found (a missing rate, an unknown law) the notice is set aside with the
    reason; the others go on.
    """

    _name = "dunning.charge"
    _description = "Dunning Charges"

    currency_id = fields.Many2one("res.currency")
    fee_currency_id = fields.Many2one("res.currency", readonly=True)
    fee = fields.Monetary(
        "Reminder Fee", currency_field="fee_currency_id", readonly=True
    )
    charge_amount = fields.Monetary(
        "Charges",
        readonly=True,
        help="Interest, lump sums and fee of this message, in company currency.",
    )
    charged_total = fields.Monetary(
        "To Pay with Charges",
        compute="_compute_charged_total",
        help="What is overdue and the charges, in company currency.",
    )
    charge_state = fields.Selection(
        [
            ("shown", "Shown only"),
            ("to_book", "To Book"),
            ("booked", "Booked"),
            ("failed", "Could Not Be Booked"),
            ("released", "Document cancelled"),
        ],
        "Charges Are",
        readonly=True,
    )

    charge_line_ids = fields.One2many(
        "dunning.notice.line",
        "notice_id",
        "Charged Invoices",
        domain=[("interest_rule_id", "!=", False)],
        readonly=True,
    )

    _to_book_idx = models.Index("(id) WHERE charge_state = 'to_book'")

    @api.depends("charge_amount", "line_ids.residual")
    def _compute_charged_total(self):
        for notice in self:
            notice.charged_total = notice.overdue_amount + notice.charge_amount

    # === WITH THE TEXT === #

    def _compose(self):
        return super(DunningCharge, self._update_charges())._compose()

    def _update_charges(self):
        """Write the charges of these notices; set aside those whose charges cannot be
        found.

        :return: the notices whose text can be written
        """
        able = self
        for company, notices in self._filter_charging().grouped("company_id").items():
            facts = notices._read_charge_facts(company)
            for notice in notices:
                try:
                    notice._write_charges(notice._prepare_charges(facts))
                except UserError as error:
                    notice._set_charges_aside(str(error))
                    able -= notice
        return able

    def _filter_charging(self):
        """Those that ask for charges, and those that did before their level changed.
        What a document claims already stays as it was told."""
        return self.filtered(
            lambda notice: (
                notice.channel in CHANNELS
                and notice.charge_state != "booked"
                and (notice.charge_state or notice.level_id._has_charges())
            )
        )

    def _set_charges_aside(self, reason):
        if self.simulation:
            self.write({"reason": reason, "snapshot_hash": "none"})
        else:
            self._set_state("failed", reason)

    # === FACTS === #

    def _read_charge_facts(self, company):
        """What the ledger says about the lines of these notices of ``company``.

        :return: dict with ``lines``: {notice line id: row}, ``credits``, see
            ``dunning.ledger._read_credits``, and ``rules``, candidates read so far
        """
        self.env.flush_all()
        rows = self.env.execute_query_dict(self._get_charge_facts_sql())
        return {
            "lines": {row["id"]: row for row in rows},
            "credits": self.env["dunning.ledger"]._read_credits(
                company, self.partner_id
            ),
            "rules": {},
        }

    def _get_charge_facts_sql(self):
        """A row per notice line with ``is_charge``, ``payments`` (``[[day, amount],
        ...]``; what was credited was never owed and is left out), ``booked_until``,
        ``is_compensated`` per invoice and per line, and ``reminders`` (how often it was
        reminded before, after its due date)."""
        return SQL(
            """
            SELECT listed.id,
                   move.dunning_charge_notice_id IS NOT NULL AS is_charge,
                   (SELECT JSONB_AGG(JSONB_BUILD_ARRAY(
                               part.max_date, part.debit_amount_currency))
                      FROM account_partial_reconcile part
                      JOIN account_move_line counterpart
                        ON counterpart.id = part.credit_move_id
                      JOIN account_move paying ON paying.id = counterpart.move_id
                     WHERE part.debit_move_id = line.id
                       AND paying.move_type != 'out_refund') AS payments,
                   (SELECT MAX(booked.interest_until)
                      FROM dunning_notice_line booked
                     WHERE booked.move_line_id = line.id
                       AND booked.interest_booked) AS booked_until,
                   EXISTS (
                       SELECT 1
                         FROM dunning_notice_line booked
                        WHERE booked.move_id = move.id AND booked.lump_sum_booked
                       ) AS is_move_compensated,
                   EXISTS (
                       SELECT 1
                         FROM dunning_notice_line booked
                        WHERE booked.move_line_id = line.id AND booked.lump_sum_booked
                       ) AS is_line_compensated,
                   (SELECT COUNT(DISTINCT earlier.date)
                      FROM dunning_notice_line told
                      JOIN dunning_notice earlier ON earlier.id = told.notice_id
                     WHERE told.move_line_id = line.id
                       AND COALESCE(told.skip_reason, '') = ''
                       AND COALESCE(told.drop_reason, '') = ''
                       AND earlier.state IN ('sent', 'delivered')
                       AND earlier.channel IN %(channels)s
                       AND earlier.date < notice.date
                       AND earlier.date > COALESCE(line.date_maturity, line.date)
                   ) AS reminders
              FROM dunning_notice_line listed
              JOIN dunning_notice notice ON notice.id = listed.notice_id
              JOIN account_move_line line ON line.id = listed.move_line_id
              JOIN account_move move ON move.id = line.move_id
             WHERE listed.notice_id IN %(notices)s
            """,
            channels=CHANNELS,
            notices=tuple(self.ids),
        )

    @api.model
    def _get_charge_facts_stamp(self):
        """SQL value about ``notice``: changes when its charges may change. NULL where
        its level has none, so that nothing is read."""
        return SQL(
            """(SELECT JSONB_BUILD_ARRAY(
                       charging.dunning_charge_booking, policy.law_country_id,
                       owner_country.country_id, debtor.is_company, debtor.vat,
                       (SELECT MD5(STRING_AGG(rung::text, '' ORDER BY id))
                          FROM dunning_level rung
                         WHERE policy_id = level.policy_id),
                       (SELECT MD5(STRING_AGG(law::text, '' ORDER BY id))
                          FROM dunning_interest_rule law),
                       (SELECT MD5(STRING_AGG(scope::text, '' ORDER BY scope::text))
                          FROM dunning_interest_rule_res_country_rel scope),
                       (SELECT MD5(STRING_AGG(band::text, '' ORDER BY id))
                          FROM dunning_interest_band band),
                       (SELECT MD5(STRING_AGG(rate::text, '' ORDER BY id))
                          FROM dunning_reference_rate rate),
                       (SELECT JSONB_AGG(JSONB_BUILD_ARRAY(
                                   listed.id,
                                   (SELECT JSONB_BUILD_ARRAY(COUNT(*), MAX(id))
                                      FROM account_partial_reconcile
                                     WHERE debit_move_id = listed.move_line_id),
                                   (SELECT MAX(booked.interest_until)
                                      FROM dunning_notice_line booked
                                     WHERE booked.move_line_id = listed.move_line_id
                                       AND booked.interest_booked),
                                   EXISTS (
                                       SELECT 1
                                         FROM dunning_notice_line booked
                                        WHERE booked.move_id = listed.move_id
                                          AND booked.lump_sum_booked)
                                   ) ORDER BY listed.id)
                          FROM dunning_notice_line listed
                         WHERE listed.notice_id = notice.id))
                  FROM dunning_notice charged
                  JOIN dunning_level level ON level.id = charged.level_id
                  JOIN dunning_policy policy ON policy.id = level.policy_id
                  JOIN res_company charging ON charging.id = charged.company_id
                  JOIN res_partner owner_country
                    ON owner_country.id = charging.partner_id
                  JOIN res_partner debtor ON debtor.id = charged.partner_id
                 WHERE charged.id = notice.id
                   AND (level.charge_interest OR level.charge_lump_sum
                        OR level.fee_amount > 0 OR charged.charge_state IS NOT NULL))"""
        )

    def _get_debtor_kind(self):
        debtor = self.partner_id.sudo().commercial_partner_id
        return "business" if debtor.is_company or debtor.vat else "consumer"

    # === WHAT IS DUE === #

    def _prepare_charges(self, facts):
        """What this notice claims.

        :param dict facts: of ``_read_charge_facts``
        :return: {notice line: values}, and the values of the notice
        :raise UserError: when a rate or a law is missing
        """
        self.ensure_one()
        level = self.level_id
        lines = self._get_lines().filtered(
            lambda line: (
                line.days_overdue > 0
                and line.id in facts["lines"]
                and not facts["lines"][line.id]["is_charge"]
            )
        )
        values = {line: dict(NOTHING) for line in self.line_ids}
        debts = self._get_debts(lines, facts)
        compensated = set()
        for line in lines:
            reached = line.level_id or level
            if level.charge_interest and reached.charge_interest:
                values[line] |= self._prepare_interest(line, debts[line], facts)
            if level.charge_lump_sum and reached.charge_lump_sum:
                found = self._prepare_lump_sum(line, debts, facts)
                if found and found["lump_sum_key"] not in compensated:
                    compensated.add(found["lump_sum_key"])
                    values[line] |= found
        fee = self._prepare_fee(lines, facts)
        return values, fee | self._prepare_charge_state(values, fee)

    def _get_debts(self, lines, facts):
        """What each of ``lines`` owes: open credits cover the oldest ones first, as in
        the table of the message."""
        credits = dict(facts["credits"].get(self.partner_id.id, {}))
        debts = {}
        for line in lines.sorted(lambda line: (line.date_due, line.move_line_id.id)):
            credit = credits.get(line.currency_id.id, 0)
            covered = min(float(credit), line.residual_currency)
            credits[line.currency_id.id] = float(credit) - covered
            debts[line] = line.currency_id.round(line.residual_currency - covered)
        return debts

    def _get_rule(self, day, facts):
        """The law for debts on which interest begins on ``day``.

        :raise UserError: when there is none
        """
        rules = self.env["dunning.interest.rule"]
        key = (self.company_id, self.policy_id._get_law(), self._get_debtor_kind())
        if key not in facts["rules"]:
            facts["rules"][key] = rules._search_candidates(*key)
        return rules._find(*key, day, facts["rules"][key])

    def _get_start(self, line, facts):
        """The law for a line, and the day on which interest on it begins."""
        rule = self._get_rule(line.date_due + interest.DAY, facts)
        return rule, fields.Date.add(line.date_due, days=rule.start_days)

    @api.model
    def _get_payments(self, row):
        return [
            (fields.Date.to_date(day), float(amount))
            for day, amount in row["payments"] or ()
        ]

    def _prepare_interest(self, line, debt, facts):
        """Interest on the days that nobody has booked yet."""
        row = facts["lines"][line.id]
        rule, start = self._get_start(line, facts)
        first = start
        if row["booked_until"]:
            first = max(start, row["booked_until"] + interest.DAY)
        last = self._get_today()
        slices = rule._cut(start, first, last, debt, self._get_payments(row))
        total = interest.total(slices, int(rule.day_basis))
        amount = interest.round_once(total, line.currency_id.rounding)
        if not amount:
            return {}
        return {
            "interest": amount,
            "interest_from": first,
            "interest_until": last,
            "interest_rule_id": rule.id,
            "interest_sheet": [
                {
                    "first": piece.first.isoformat(),
                    "last": piece.last.isoformat(),
                    "days": piece.days,
                    "balance": float(piece.balance),
                    "percent": float(piece.percent),
                }
                for piece in slices
            ],
        }

    def _prepare_lump_sum(self, line, debts, facts):
        """The lump sum for a line or for the whole invoice, unless it was booked."""
        row = facts["lines"][line.id]
        rule, start = self._get_start(line, facts)
        if not line.currency_id.compare_amounts(debts[line], 0) > 0:
            return {}
        if row["is_line_compensated"]:
            return {}
        parts, key = line, f"{line.move_id.id}/{line.move_line_id.id}"
        if rule.lump_sum_per == "invoice":
            if row["is_move_compensated"]:
                return {}
            parts = [other for other in debts if other.move_id == line.move_id]
            key = str(line.move_id.id)
        debt = sum(
            debts[part]
            + sum(
                amount for _day, amount in self._get_payments(facts["lines"][part.id])
            )
            for part in parts
        )
        company, today = self.company_id, self._get_today()
        debt = line.currency_id._convert(debt, rule.currency_id, company, start)
        amount = rule._get_lump_sum(debt)
        amount = rule.currency_id._convert(amount, line.currency_id, company, today)
        if not amount:
            return {}
        return {
            "lump_sum": amount,
            "lump_sum_key": key,
            "interest_rule_id": rule.id,
        }

    def _prepare_fee(self, lines, facts):
        """The fee, in company currency where an invoice is in it, else in that of the
        first invoice. None for the reminder that puts the debtor in default, nor for
        one about nothing but earlier charges."""
        amount = self.level_id.fee_amount
        steps = lines.filtered("is_step")
        if not amount or not steps:
            return {"fee": False, "fee_currency_id": False}
        today, company = self._get_today(), self.company_id
        rule = self._get_rule(today, facts)
        number = 1 + max(facts["lines"][line.id]["reminders"] for line in steps)
        if number < rule.fee_first_reminder:
            return {"fee": False, "fee_currency_id": False}
        if cap := rule._get_fee_cap(company.currency_id, company, today):
            amount = min(amount, cap)
        currencies = lines.currency_id
        currency = company.currency_id
        if currency not in currencies:
            amount = currency._convert(amount, currencies[:1], company, today)
            currency = currencies[:1]
        return {"fee": amount, "fee_currency_id": currency.id}

    def _prepare_charge_state(self, values, fee):
        amounts = [
            (line.currency_id, line_values["interest"] or 0.0)
            for line, line_values in values.items()
        ] + [
            (line.currency_id, line_values["lump_sum"] or 0.0)
            for line, line_values in values.items()
        ]
        if fee["fee"]:
            currency = self.env["res.currency"].browse(fee["fee_currency_id"])
            amounts.append((currency, fee["fee"]))
        company, today = self.company_id, self._get_today()
        total = sum(
            currency._convert(amount, company.currency_id, company, today)
            for currency, amount in amounts
            if amount
        )
        is_booked = company.sudo().dunning_charge_booking != "none"
        state = "to_book" if is_booked and not self.simulation else "shown"
        return {
            "charge_amount": total,
            "charge_state": state if total else False,
        }

    def _write_charges(self, charges):
        """:param charges: of ``_prepare_charges``"""
        lines, values = charges
        for line, line_values in lines.items():
            if line_values != NOTHING or line.interest_rule_id:
                line.write(line_values)
        self.write(values)

    # === SHOWN === #

    @api.depends("charge_state", "fee", "line_ids.interest", "line_ids.lump_sum")
    def _compute_table_html(self):
        return super()._compute_table_html()

    def _get_table_groups(self, credits):
        groups = super()._get_table_groups(credits)
        if not self.charge_state:
            return groups
        for group in groups:
            currency = group["currency"]
            lines = group["overdue"]
            claimed = lines.filtered("interest")
            group["interest"] = sum(lines.mapped("interest"))
            group["interest_until"] = max(
                claimed.mapped("interest_until"), default=False
            )
            group["legal_basis"] = ", ".join(
                filter(None, claimed.interest_rule_id.mapped("legal_basis"))
            )
            group["lump_sum"] = sum(lines.mapped("lump_sum"))
            is_fee_here = currency == self.fee_currency_id
            group["fee"] = self.fee if is_fee_here else 0.0
            group["charges"] = currency.round(
                group["interest"] + group["lump_sum"] + group["fee"]
            )
        return groups
