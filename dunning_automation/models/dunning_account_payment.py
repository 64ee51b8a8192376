from datetime import timedelta

from odoo import api, models, tools
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import letter_layout

SCOPE = "dunning_account_payment"
VALID_HOURS = 24
ATTEMPT_MINUTES = 5
"""So long somebody may be at the provider with a payment that he started."""


class DunningAccountPayment(models.AbstractModel):
    """A customer pays open items of his account through Odoo's payment framework.

    What he chose travels through the browser as a signed basket: the amounts that he
    saw are compared with the ledger when he pays, and never taken from the browser.
    """

    _name = "dunning.account.payment"
    _description = "Payment of Open Items"

    @api.model
    def _is_allowed(self):
        """Whether Odoo's setting lets customers pay invoices online."""
        return tools.str2bool(
            self.env["ir.config_parameter"].get_param(
                "account_payment.enable_portal_payment"
            )
        )

    # === THE BASKET === #

    @api.model
    def _choose(self, partner, company, line_ids, amount=None):
        """The basket of these open items, as of now.

        :param partner: the commercial partner whose account it is
        :param float amount: a part of what they owe, in their currency; None = all
        :return: dict of what ``_sign`` can sign: ``partner``, ``company``, ``currency``
            (ids), ``lines`` (list of [id, amount to pay]), ``amount``, ``total`` (the
            most that can be paid) and ``discount`` (what is saved by paying that now)
        :raise UserError: in words for the customer
        """
        account = self.env["dunning.account"]
        line_ids = set(line_ids)
        rows = [
            row
            for row in account._read_items(partner, company)
            if row["id"] in line_ids and row["can_pay"]
        ]
        if not line_ids:
            raise UserError(self.env._("Choose at least one invoice to pay."))
        if len(rows) != len(line_ids):
            raise UserError(
                self.env._(
                    "Some of these invoices are paid meanwhile, or a payment is on its "
                    "way. Please look again what is open."
                )
            )
        currency = self.env["res.currency"].browse({row["currency_id"] for row in rows})
        if len(currency) > 1:
            raise UserError(
                self.env._("Please pay invoices in different currencies one by one.")
            )
        total = currency.round(sum(row["to_pay"] for row in rows))
        amount = total if amount is None else amount
        if not 0 < amount <= total or currency.is_zero(amount):
            raise UserError(
                self.env._(
                    "Please enter an amount between zero and %s.",
                    tools.format_amount(self.env, total, currency),
                )
            )
        amount = currency.round(amount)
        discount = currency.round(sum(row["discount"] for row in rows))
        return {
            "partner": partner.id,
            "company": company.id,
            "currency": currency.id,
            "lines": sorted([row["id"], row["to_pay"]] for row in rows),
            "amount": amount,
            "total": total,
            "discount": discount if amount == total else 0.0,
        }

    @api.model
    def _choose_instalment(self, partner, company, plan_id):
        """The basket of what the customer should pay next in his plan ``plan_id``."""
        shown = self.env["dunning.plan"]._search_shown(partner, company)
        plan = shown.filtered(lambda plan: plan.id == plan_id)
        lines = plan.move_line_ids.filtered(lambda line: not line.reconciled)
        return self._choose(
            partner, company, lines.ids, plan._get_next_payment() if lines else None
        )

    @api.model
    def _sign(self, basket):
        return tools.hash_sign(
            self.env(su=True), SCOPE, basket, expiration_hours=VALID_HOURS
        )

    @api.model
    def _check(self, partner, company, signed):
        """The basket, locked until the end of the transaction, if all is as the
        customer saw it.

        :raise UserError: if something was booked meanwhile, or it is not his
        """
        try:
            basket = tools.verify_hash_signed(self.env(su=True), SCOPE, signed)
        except ValueError:
            basket = None
        changed = UserError(
            self.env._(
                "Something was booked meanwhile, so nothing was charged. Go back to "
                "your account and choose again, please."
            )
        )
        if not basket or (basket["partner"], basket["company"]) != (
            partner.id,
            company.id,
        ):
            raise changed
        line_ids = [line_id for line_id, _residual in basket["lines"]]
        self._lock(line_ids)
        if self._choose(partner, company, line_ids, basket["amount"]) != basket:
            raise changed
        return basket

    @api.model
    def _lock(self, line_ids):
        """Let only one payment of these items be started at a time. Locking alone is
        not enough: the second one would not see the transaction that the first one
        made. As it finds the rows written, it is refused by the database and tried
        again by Odoo, with what is true then."""
        self.env.cr.execute(
            SQL(
                """UPDATE account_move
                      SET write_date = write_date
                    WHERE id IN (
                          SELECT move.id
                            FROM account_move move
                           WHERE move.id IN (
                                 SELECT move_id FROM account_move_line WHERE id IN %s)
                           ORDER BY move.id
                             FOR NO KEY UPDATE)""",
                tuple(line_ids),
            )
        )

    # === THE TRANSACTION === #

    @api.model
    def _get_moves(self, basket):
        lines = self.env["account.move.line"].browse(row[0] for row in basket["lines"])
        return lines.move_id

    @api.model
    def _find_attempt(self, moves, values):
        """The transaction that was started a moment ago for the same: a double click.
        Another one is not started beside it, for both could be completed.

        :param dict values: what a new transaction would have
        :return: ``payment.transaction``, maybe empty
        :raise UserError: when a different payment of these invoices was just started
        """
        since = self.env.cr.now() - timedelta(minutes=ATTEMPT_MINUTES)
        attempts = self.env["payment.transaction"].search(
            [
                ("invoice_ids", "in", moves.ids),
                ("state", "=", "draft"),
                ("create_date", ">", since),
            ]
        )
        same = attempts.filtered(
            lambda tx: (
                tx.operation != "offline"  # What we charge is none of his clicks.
                and tx.invoice_ids == moves
                and tx._convert_to_write({name: tx[name] for name in values}) == values
            )
        )
        if attempts and not same:
            raise UserError(
                self.env._(
                    "A payment of some of these invoices was started a moment ago. "
                    "Finish it in the other window, or try again in %s minutes.",
                    ATTEMPT_MINUTES,
                )
            )
        return same[:1]

    @api.model
    def _charge(self, tx):
        """Charge a stored card. The transaction is on disk before: neither a request
        that Odoo repeats nor a server that dies forgets that there was a charge."""
        self.env["dunning.sender"]._commit()
        tx._charge_with_token()
        if tx.dunning_is_unknown:
            self._ask_person(tx)

    @api.model
    def _ask_person(self, tx):
        """Somebody must ask the provider what became of a charge."""
        case = self.env["dunning.agreement"]._search_case(
            tx.partner_id.commercial_partner_id, tx.company_id
        )
        if case:
            case.with_context(mail_activity_quick_update=True).activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=tx.company_id._dunning_today(),
                summary=self.env._("A card may have been charged"),
                note=self.env._(
                    "The payment provider did not answer when %(reference)s was "
                    "charged. Look there what became of it; the customer cannot pay "
                    "these invoices again until tomorrow.",
                    reference=tx.reference,
                ),
                user_id=case._get_collector(case.level_id.policy_id).id,
            )

    @api.model
    def _filter_told(self, tx, partner):
        """The transaction ``tx`` of the visitor, if the page still tells what became of
        it: it is about this account, and of the last hour."""
        since = self.env.cr.now() - timedelta(hours=1)
        return tx.filtered(
            lambda tx: (
                (tx.invoice_ids or tx).partner_id.commercial_partner_id == partner
                and tx.state != "draft"
                and tx.create_date > since
            )
        )

    @api.model
    def _get_reference_prefix(self, moves):
        """What the bank statement of the customer will say."""
        if len(moves) == 1:
            return moves.name
        return moves.company_id.get_next_batch_payment_communication()

    @api.model
    def _get_transfer(self, basket):
        """How to pay the basket at one's bank: dict with ``bank``, ``reference`` and
        ``qr`` (data URI or None), as on a letter."""
        moves = self._get_moves(basket)
        currency = self.env["res.currency"].browse(basket["currency"])
        notice = self.env["dunning.notice"].new(
            {"company_id": basket["company"], "partner_id": basket["partner"]}
        )
        banks = moves.partner_bank_id or notice.company_id.partner_id.bank_ids[:1]
        own = banks.filtered(lambda bank: bank.currency_id == currency)
        references = [move.payment_reference or move.name for move in moves]
        slip = {
            "bank": (own or banks)[:1],
            "amount": basket["amount"],
            "currency": currency,
            "reference": letter_layout.join_references(references),
        }
        return slip | {"qr": notice._get_bank_qr(slip, len(references) == 1)}
