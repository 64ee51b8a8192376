from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools import interest

CHARGE_FIELDS = ("charge_interest", "charge_lump_sum", "fee_amount")


class DunningLevelCharge(models.AbstractModel):
    """What the messages of a level ask for beside the invoices. Nothing by default."""

    _name = "dunning.level.charge"
    _description = "Dunning Level: Charges"

    currency_id = fields.Many2one("res.currency")
    charge_interest = fields.Boolean(
        "Late Interest",
        help="Messages of this level claim interest on every overdue invoice that they "
        "list and that has reached a level with interest. The law is that of the "
        "policy.\n"
        "Where interest is booked, each message claims the days since the last "
        "booking. Where it is only shown, each message shows all interest until its "
        "day.",
    )
    charge_lump_sum = fields.Boolean(
        "Lump Sum",
        help="Messages of this level claim the lump sum of the law for late payment, "
        "once per invoice; where it is only shown, each message shows it again.",
    )
    fee_amount = fields.Monetary(
        "Reminder Fee",
        help="Per message, in company currency. 0 = none. The law may forbid it for "
        "the first reminder, and limit it: see the interest rule.",
    )

    _fee_not_negative = models.Constraint(
        "CHECK(fee_amount >= 0)", "The reminder fee cannot be negative."
    )

    def _has_charges(self):
        return any(self[name] for name in CHARGE_FIELDS)

    @api.constrains(*CHARGE_FIELDS, "delay_days")
    def _check_charges(self):
        """Charges that could not be claimed are refused at once, not when the first
        message should leave."""
        for level in self:
            if level._has_charges():
                try:
                    level._check_charges_by_law()
                except UserError as error:
                    raise ValidationError(
                        self.env._(
                            "Charges of level “%(level)s”: %(error)s",
                            level=level.name,
                            error=error,
                        )
                    ) from error

    def _check_charges_by_law(self):
        """
        :raise UserError: when the law knows no such charges, or is not known
        """
        self.ensure_one()
        if self.delay_days <= 0:
            raise UserError(
                self.env._("Nothing is late before the day after the due date.")
            )
        company, policy = self.company_id, self.policy_id
        today = company._dunning_today()
        rule = self.env["dunning.interest.rule"]._find(
            company, policy._get_law(), "business", today
        )
        if self.charge_interest:
            if rule.rate_mode == "none":
                raise UserError(self.env._("“%s” knows no interest.", rule.name))
            rule._get_percent(interest.half_year(today))
        if self.charge_lump_sum and not rule.band_ids:
            raise UserError(self.env._("“%s” knows no lump sum.", rule.name))
        if self.fee_amount:
            self._check_fee(rule, today)

    def _check_fee(self, rule, today):
        number = len(
            self.policy_id.level_ids.filtered(
                lambda level: 0 < level.delay_days <= self.delay_days
            )
        )
        if number < rule.fee_first_reminder:
            raise UserError(
                self.env._(
                    "By “%(rule)s” a fee may be asked for from reminder %(first)s "
                    "after the due date on; this is number %(number)s.",
                    rule=rule.name,
                    first=rule.fee_first_reminder,
                    number=number,
                )
            )
        cap = rule._get_fee_cap(self.currency_id, self.company_id, today)
        if cap and self.currency_id.compare_amounts(self.fee_amount, cap) > 0:
            raise UserError(
                self.env._(
                    "By “%(rule)s” the fee is %(cap)s at most.",
                    rule=rule.name,
                    cap=self.currency_id.format(cap),
                )
            )
