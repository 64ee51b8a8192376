from collections import defaultdict

from odoo import Command, api, models

TRIES = 3


class DunningRefund(models.AbstractModel):
    """Drafts the credit notes of an accepted dispute, correct in taxes.

    An invoice that is disputed as a whole is reversed by Odoo itself. Of a part, each
    combination of account and taxes gets its share, in proportion to its share in the
    invoice: what the customer owes less is made up as the invoice is. Some totals
    cannot be reached with a tax rounded to the cent; the cent that is left becomes a
    line without tax. A person looks at the draft and posts it.
    """

    _name = "dunning.refund"
    _description = "Draft Credit Notes"

    @api.model
    def _draft(self, lines, amount, reason):
        """Draft credit notes for ``amount`` of what ``lines`` owe, the oldest first.

        :return: ``account.move``, one per invoice
        """
        refunds = self.env["account.move"]
        currency = lines.currency_id
        owed = defaultdict(float)
        for line in lines.sorted(
            lambda line: (line.date_maturity or line.date, line.id)
        ):
            owed[line.move_id] += line.amount_residual_currency
        for move, residual in owed.items():
            share = currency.round(min(amount, residual))
            if currency.compare_amounts(share, 0.0) > 0:
                refunds |= self._draft_one(move, share, reason)
                amount -= share
        return refunds

    @api.model
    def _draft_one(self, move, amount, reason):
        values = self._prepare_values(move, reason)
        if not move.currency_id.compare_amounts(amount, move.amount_total):
            return move._reverse_moves([values])
        if not move.is_sale_document(include_receipts=True):
            return self._draft_simple(move, amount, values)
        return self._draft_part(move, amount, values)

    @api.model
    def _prepare_values(self, move, reason):
        today = move.company_id._dunning_today()
        return {
            "ref": self.env._(
                "Reversal of: %(invoice)s, %(reason)s", invoice=move.name, reason=reason
            ),
            "date": today,
            "invoice_date": today,
            "invoice_date_due": today,
            "invoice_payment_term_id": False,
            "invoice_origin": move.invoice_origin,
        }

    @api.model
    def _prepare_part_values(self, move, values):
        return {
            **values,
            "move_type": "out_refund",
            "reversed_entry_id": move.id,
            "partner_id": move.partner_id.id,
            "company_id": move.company_id.id,
            "currency_id": move.currency_id.id,
            "fiscal_position_id": move.fiscal_position_id.id,
            "invoice_cash_rounding_id": False,
        }

    @api.model
    def _draft_simple(self, move, amount, values):
        """An entry that is no invoice has no taxes: one line, account by default."""
        values = self._prepare_part_values(move, values) | {"reversed_entry_id": False}
        line = self._prepare_line(values["ref"], amount, move.line_ids.browse())
        return self.env["account.move"].create(
            {**values, "invoice_line_ids": [Command.create(line)]}
        )

    @api.model
    def _draft_part(self, move, amount, values):
        shares = self._share_out(move, amount)
        refund = self.env["account.move"].create(
            {
                **self._prepare_part_values(move, values),
                "invoice_line_ids": [
                    Command.create(
                        self._prepare_line(
                            values["ref"], self._get_price(lines, share), lines
                        )
                    )
                    for lines, share in shares
                ],
            }
        )
        self._meet(refund, amount)
        return refund

    @api.model
    def _share_out(self, move, amount):
        """``[(invoice lines of one kind, their share of amount), ...]``, taxes
        included; the shares sum up to the amount."""
        kinds = move.invoice_line_ids.filtered(
            lambda line: line.display_type == "product" and line.price_total
        ).grouped(lambda line: (line.account_id, line.tax_ids))
        total = sum(move.invoice_line_ids.mapped("price_total"))
        shares, left = [], amount
        for lines in list(kinds.values())[1:]:
            share = move.currency_id.round(
                amount * sum(lines.mapped("price_total")) / total
            )
            shares.append((lines, share))
            left -= share
        return [(next(iter(kinds.values())), move.currency_id.round(left)), *shares]

    @api.model
    def _get_price(self, lines, total):
        """The price whose total with the taxes of ``lines`` is ``total``."""
        base = sum(lines.mapped("price_subtotal"))
        if any(lines.tax_ids.flatten_taxes_hierarchy().mapped("price_include")):
            return total
        return lines.currency_id.round(total * base / sum(lines.mapped("price_total")))

    @api.model
    def _prepare_line(self, name, price, lines):
        values = {
            "name": name,
            "quantity": 1.0,
            "price_unit": price,
            "tax_ids": [Command.set(lines.tax_ids.ids)],
        }
        if lines:
            values |= {
                "account_id": lines.account_id.id,
                "analytic_distribution": lines[0].analytic_distribution,
            }
        return values

    @api.model
    def _meet(self, refund, amount):
        """Bring the total to ``amount`` to the cent."""
        currency = refund.currency_id
        largest = refund.invoice_line_ids.sorted("price_total")[-1:]
        for _try in range(TRIES):
            missing = currency.round(amount - refund.amount_total)
            if currency.is_zero(missing):
                return
            price = largest.price_unit
            largest.price_unit = currency.round(price + missing)
            if abs(amount - refund.amount_total) >= abs(missing):
                largest.price_unit = price
                break
        missing = currency.round(amount - refund.amount_total)
        if not currency.is_zero(missing):
            line = self._prepare_line(
                self.env._("Rounding"), missing, refund.line_ids.browse()
            )
            line["account_id"] = largest.account_id.id
            refund.write({"invoice_line_ids": [Command.create(line)]})
