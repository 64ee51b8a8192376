from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ..tools import interest


class DunningInterestRule(models.Model):
    """What the law of some countries gives a creditor whose customer pays late.

    Data, with its source: laws change, so a rule is never corrected into another one
    but followed by one that is valid from a later day. For a debt the rule counts that
    was valid when interest on it began. A rule of a company (a contract, for example)
    goes before the common ones.
    """

    _name = "dunning.interest.rule"
    _description = "Interest Rule"
    _order = "name, valid_from desc"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        help="Empty = for all companies. A rule of a company goes before the others, "
        "for example the interest that its contracts agree on.",
    )
    country_ids = fields.Many2many(
        "res.country", string="Law Of", help="Countries whose law this is."
    )
    debtor_kind = fields.Selection(
        [("business", "Businesses"), ("consumer", "Consumers")],
        "Debtors",
        required=True,
        default="business",
        help="A customer is a business if it is a company or has a tax ID.",
    )
    valid_from = fields.Date(
        required=True, help="For debts on which interest begins from this day on."
    )
    rate_mode = fields.Selection(
        [
            ("floating", "Reference rate of each half-year, plus the margin"),
            ("fixed_at_start", "Reference rate at its start, plus the margin"),
            ("constant", "The margin alone"),
            ("none", "No interest"),
        ],
        "Interest",
        required=True,
        default="floating",
    )
    series_id = fields.Many2one(
        "dunning.reference.series", "Reference Rate", ondelete="restrict", index=True
    )
    margin = fields.Float(
        "Margin (Points)",
        digits=(8, 4),
        help="Percentage points per year above the reference rate.",
    )
    day_basis = fields.Selection(
        [("365", "Actual days / 365"), ("360", "Actual days / 360")],
        required=True,
        default="365",
    )
    start_days = fields.Integer(
        "Starts (Days after Due Date)",
        default=1,
        help="1 = on the day after the due date.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Of the lump sums and of the highest fee. They are converted for invoices "
        "in other currencies.",
    )
    band_ids = fields.One2many(
        "dunning.interest.band", "rule_id", "Lump Sums", copy=True
    )
    lump_sum_per = fields.Selection(
        [("invoice", "Once per invoice"), ("instalment", "Once per instalment")],
        "Lump Sum",
        required=True,
        default="invoice",
    )
    fee_first_reminder = fields.Integer(
        "First Reminder with a Fee",
        default=1,
        help="2 = no fee for the reminder that puts the debtor in default: the fee is "
        "asked for only if one of the invoices was reminded before, when it was due.",
    )
    fee_cap = fields.Monetary("Highest Fee", help="0 = no limit.")
    legal_basis = fields.Char(
        translate=True, help="Named in messages beside the interest, such as § 288 BGB."
    )
    source_url = fields.Char(
        "Source", required=True, help="Where this was read, a web address."
    )
    checked_on = fields.Date(required=True, default=fields.Date.context_today)
    note = fields.Text()
    is_rate_missing = fields.Boolean(related="series_id.is_missing")

    _has_series = models.Constraint(
        "CHECK(rate_mode IN ('constant', 'none') OR series_id IS NOT NULL)",
        "Choose the reference rate to which the margin is added.",
    )
    _margin_is_percentage = models.Constraint(
        "CHECK(margin BETWEEN 0 AND 100)",
        "The margin is in percentage points, such as 9: enter a number from 0 to 100.",
    )
    _numbers_in_range = models.Constraint(
        "CHECK(start_days >= 1 AND fee_first_reminder >= 1 AND fee_cap >= 0)",
        "Interest starts one day after the due date at the earliest, reminders are "
        "counted from 1, and the highest fee cannot be negative.",
    )
    _source_is_url = models.Constraint(
        "CHECK(source_url ~ '^https?://')", "The source is a web address, https://…"
    )

    @api.constrains("country_ids", "debtor_kind", "company_id", "valid_from", "active")
    def _check_unique(self):
        """Of two rules for the same debt nobody knows which one counts."""
        for rule in self.filtered("active"):
            if not rule.country_ids:
                raise ValidationError(
                    self.env._("Name the countries whose law “%s” is.", rule.name)
                )
            others = self.search(
                [
                    ("id", "!=", rule.id),
                    ("country_ids", "in", rule.country_ids.ids),
                    ("debtor_kind", "=", rule.debtor_kind),
                    ("company_id", "=", rule.company_id.id),
                    ("valid_from", "=", rule.valid_from),
                ],
                limit=1,
            )
            if others:
                raise ValidationError(
                    self.env._(
                        "“%(rule)s” and “%(other)s” are valid for the same country and "
                        "the same debtors from the same day: change one of them.",
                        rule=rule.name,
                        other=others.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        lines = self.env["dunning.notice.line"].sudo()
        if lines.search_count([("interest_rule_id", "in", self.ids)], limit=1):
            raise ValidationError(
                self.env._(
                    "Customers were asked for interest by this rule: archive it "
                    "instead of deleting history."
                )
            )

    # === LOOKING UP === #

    @api.model
    def _search_candidates(self, company, country, debtor_kind):
        """The rules of ``country`` for such debtors of ``company``, of all times."""
        return self.sudo().search(
            self._get_candidates_domain(company, country, debtor_kind)
        )

    @api.model
    def _get_candidates_domain(self, company, country, debtor_kind):
        return (
            Domain("country_ids", "in", country.ids)
            & Domain("debtor_kind", "=", debtor_kind)
            & Domain("company_id", "in", [False, *company.sudo().parent_ids.ids])
        )

    def _choose(self, day):
        """Of these candidates the one for debts on which interest begins on ``day``:
        that of the nearest company, then the latest; empty if there is none."""
        return self.filtered(lambda rule: rule.valid_from <= day).sorted(
            lambda rule: (len(rule.company_id.parent_ids), rule.valid_from)
        )[-1:]

    @api.model
    def _find(self, company, country, debtor_kind, day, candidates=None):
        """The rule that counts.

        :param candidates: of ``_search_candidates``, where many debts are looked at
        :raise UserError: when there is none, with what to do
        """
        if candidates is None:
            candidates = self._search_candidates(company, country, debtor_kind)
        rule = candidates._choose(day)
        if not rule:
            kinds = dict(self._fields["debtor_kind"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "There is no interest rule for %(country)s (%(kind)s, interest "
                    "from %(day)s). Add one under Collections > Interest Rules, or "
                    "choose another law on the policy.",
                    country=country.name or self.env._("a company without a country"),
                    kind=kinds[debtor_kind],
                    day=format_date(self.env, day),
                )
            )
        return rule

    def _get_percent(self, valid_from):
        """Interest per year for the half-year that begins on ``valid_from``.

        :raise UserError: when the reference rate is missing
        """
        self.ensure_one()
        if self.rate_mode == "constant":
            return self.margin
        return round(self.series_id._get_percent(valid_from) + self.margin, 4)

    @api.model
    def _find_missing_rates(self, companies):
        """What messages of ``companies`` that claim interest lack today.

        :return: {series without a rate for the present half-year: what to do}
        """
        missing = {}
        laws = self.env["dunning.policy"]._get_charging_laws(companies)
        countries = self.env["res.country"].union(*(country for _who, country in laws))
        rules = self.sudo().search([("country_ids", "in", countries.ids)])
        for company, country in laws:
            today = company._dunning_today()
            for kind, _label in self._fields["debtor_kind"].selection:
                domain = self._get_candidates_domain(company, country, kind)
                rule = rules.filtered_domain(domain)._choose(today)
                if rule.rate_mode in ("floating", "fixed_at_start"):
                    try:
                        rule._get_percent(interest.half_year(today))
                    except UserError as error:
                        missing[rule.series_id] = str(error)
        return missing

    def _cut(self, start, first, last, open_amount, payments):
        """See ``tools/interest.py``; nothing if this rule knows no interest."""
        self.ensure_one()
        if self.rate_mode == "none" or first > last:
            return []
        return interest.cut(
            first,
            last,
            open_amount,
            payments,
            self._get_percent,
            start,
            is_floating=self.rate_mode == "floating",
        )

    def _get_lump_sum(self, debt):
        """The lump sum for a debt, both in the currency of this rule."""
        self.ensure_one()
        bands = [(band.amount_from, band.lump_sum) for band in self.band_ids]
        return interest.lump_sum(debt, bands)

    def _get_fee_cap(self, currency, company, day):
        """The highest fee in ``currency``; 0 = no limit."""
        self.ensure_one()
        return self.currency_id._convert(self.fee_cap, currency, company, day)
