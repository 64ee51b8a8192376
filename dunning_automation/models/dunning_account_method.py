from odoo import api, models, tools
from odoo.exceptions import UserError

SCOPE = "dunning_account_method"


class DunningAccountMethod(models.AbstractModel):
    """A customer changes the payment method that is charged without him.

    What could not be charged is charged at once with the new one; where nothing is
    open, the new one is stored only. Both through Odoo's payment form: the basket is
    that of ``dunning.account.payment``, whose locks and checks keep it apart from every
    other payment of the same invoices.
    """

    _name = "dunning.account.method"
    _description = "Change of the Payment Method"

    @api.model
    def _read(self, partner, company):
        """What the page tells.

        :return: dict with ``recoveries`` (what could not be charged and is open),
            ``is_busy`` (a charge of some is on its way) and ``basket`` (of what is
            charged at once: those in the currency of the first; None = store only)
        """
        recoveries = self.env["dunning.recovery"]._search_changeable(partner, company)
        payments = self.env["dunning.account.payment"]
        items = {
            row["id"]: row
            for row in self.env["dunning.account"]._read_items(partner, company)
        }
        failed = recoveries.move_id.line_ids.filtered(lambda line: line.id in items)
        lines = failed.filtered(lambda line: items[line.id]["can_pay"])
        today = company._dunning_today()
        lines = lines.filtered(lambda line: line.date_maturity <= today) or lines
        lines = lines.filtered(lambda line: line.currency_id == lines[0].currency_id)
        return {
            "recoveries": recoveries.filtered(
                lambda one: one.move_id in failed.move_id
            ),
            "is_busy": any(items[line.id]["is_in_flight"] for line in failed),
            "basket": lines and payments._choose(partner, company, lines.ids) or None,
        }

    @api.model
    def _sign(self, partner, company, basket):
        """What the browser brings back: the basket, or that a method is stored only."""
        if basket:
            return self.env["dunning.account.payment"]._sign(basket)
        return tools.hash_sign(
            self.env(su=True), SCOPE, [partner.id, company.id], expiration_hours=24
        )

    @api.model
    def _check(self, partner, company, signed):
        """The basket that was signed, its invoices locked; None = store only.

        :raise UserError: if something was booked meanwhile, or it is not his
        """
        try:
            owner = tools.verify_hash_signed(self.env(su=True), SCOPE, signed)
        except ValueError:
            owner = None
        if owner == [partner.id, company.id]:
            if self._read(partner, company)["basket"]:
                raise UserError(
                    self.env._(
                        "Something could not be charged meanwhile. Please open the "
                        "page again."
                    )
                )
            return None
        return self.env["dunning.account.payment"]._check(partner, company, signed)
