from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools.sms_limits import Price


class DunningSmsPrice(models.Model):
    """What a segment of a text message costs: an entry of a provider's price list."""

    _name = "dunning.sms.price"
    _description = "Price of a Text Message"
    _order = "prefix, date_from desc, id"
    _rec_name = "prefix"

    prefix = fields.Char(
        required=True,
        help="How numbers begin for which it holds: the country code, with more digits "
        "where networks differ, for example 43 or 43664. The longest one counts.",
    )
    company_id = fields.Many2one(
        "res.company", index="btree_not_null", help="Empty = for all companies."
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    price = fields.Float("Price per Segment", required=True, digits=(16, 5))
    date_from = fields.Date(
        "From", required=True, default=lambda self: fields.Date.context_today(self)
    )

    _price_not_negative = models.Constraint(
        "CHECK(price >= 0)", "A price cannot be negative."
    )
    _entry_uniq = models.UniqueIndex(
        "(prefix, date_from, COALESCE(company_id, 0))",
        "There is a price for these numbers from this day on.",
    )

    @api.constrains("prefix")
    def _check_prefix(self):
        for price in self:
            prefix = price.prefix
            if not (prefix.isascii() and prefix.isdecimal() and prefix[0] != "0"):
                raise ValidationError(
                    self.env._(
                        "“%s” is not how a number begins: enter the country code and "
                        "more digits if need be, without + or zeros before it.",
                        prefix,
                    )
                )

    @api.model
    def _read_prices(self, company, today):
        """The price list of ``company`` in its currency, its own prices first."""
        rows = self.sudo().search([("company_id", "in", (False, company.id))])
        rates = {
            currency: currency._convert(
                1, company.currency_id, company, today, round=False
            )
            for currency in rows.currency_id
        }
        return [
            Price(
                row.prefix,
                row.date_from,
                row.price * rates[row.currency_id],
                company.currency_id.id,
            )
            for row in rows.sorted(lambda row: not row.company_id)
        ]
