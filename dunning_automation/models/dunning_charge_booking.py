import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import format_date

_logger = logging.getLogger(__name__)


class DunningChargeBooking(models.AbstractModel):
    """The documents that claim what messages asked for: one per message and currency.

    Made after the message left, in a transaction of its own: a booking that fails keeps
    its reason and a button, and neither stops nor repeats a message. What is booked is
    what the customer was told; what another document claims meanwhile is left out.
    """

    _name = "dunning.charge.booking"
    _description = "Dunning Charges: Booking"

    charge_error = fields.Text("Why Not Booked", readonly=True)
    charge_move_ids = fields.One2many(
        "account.move", "dunning_charge_notice_id", "Charge Documents", readonly=True
    )
    fee_booked = fields.Boolean(readonly=True)

    _fee_booked_uniq = models.UniqueIndex(
        "(company_id, debtor_key, date, level_id, group_key) WHERE fee_booked",
        "The fee of this reminder was booked with its copy on another channel.",
    )

    # === WHEN === #

    @api.model
    def _cron_book_charges(self):
        """Book the charges of all messages that left, a commit for each."""
        cron = self.env["ir.cron"]
        domain = [
            ("charge_state", "=", "to_book"),
            ("state", "in", ("sent", "delivered")),
        ]
        notices = self.search(domain, order="id")
        cron._commit_progress(remaining=len(notices))
        for notice_id in notices.ids:
            self.browse(notice_id)._book_charges_safely()
            if not cron._commit_progress(1):
                break

    def action_book_charges(self):
        """Try again to book the charges of this notice."""
        self._check_manager()
        waiting = self.filtered(
            lambda notice: (
                notice.charge_state in ("to_book", "failed")
                and notice.state in ("sent", "delivered")
            )
        )
        if not waiting:
            raise UserError(self.env._("No charges of these notices wait for booking."))
        for notice_sudo in waiting.sudo():
            notice_sudo.write({"charge_state": "to_book", "charge_error": False})
            notice_sudo._book_charges_safely()

    def action_open_charges(self):
        """Open the documents that claim the charges of this notice."""
        return self.charge_move_ids._get_records_action(name=self.env._("Charges"))

    def _book_charges_safely(self):
        """Book, or keep why not. What somebody else works on is the next run's."""
        notice = self.try_lock_for_update(allow_referencing=True)
        if not notice or notice.charge_state != "to_book":
            return
        try:
            with self.env.cr.savepoint():
                moves = notice._book_charges()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            return
        except Exception as error:
            if not isinstance(error, UserError):
                _logger.info("Charges of notice %s", notice.id, exc_info=error)
            notice.write({"charge_state": "failed", "charge_error": str(error)})
            notice._tell("charges_failed", str(error))
            if notice.case_id:
                notice.case_id._create_charge_task(notice)
            return
        for move in moves:
            notice._tell(
                "charges_booked",
                move_id=move.id,
                amount=move.amount_total,
                currency=move.currency_id.name,
            )

    # === WHAT === #

    def _book_charges(self):
        """Make the documents of this notice.

        :return: the new ``account.move``
        """
        self.ensure_one()
        claims = self._claim_charges()
        company = self.company_id
        moves = self.env["account.move"]
        for currency in claims:
            values = self._prepare_charge_move(currency, claims[currency])
            move = moves.with_company(company).create(values)
            total = sum(amount for _kind, _name, amount in claims[currency])
            if currency.compare_amounts(move.amount_total, total):
                raise UserError(
                    self.env._(
                        "The document would claim %(booked)s instead of the %(told)s "
                        "of the message: check the taxes of the charge products.",
                        booked=currency.format(move.amount_total),
                        told=currency.format(total),
                    )
                )
            moves |= move
        if company.dunning_charge_booking == "posted":
            moves.action_post()
        self.charge_state = "booked"
        return moves

    def _claim_charges(self):
        """Mark what is booked now; what another document has claimed since the message
        was written is left out.

        :return: {currency: [(kind, name, amount), ...]}
        """
        notice = self.with_context(lang=self.lang)
        facts = self._read_charge_facts(self.company_id)["lines"]
        claims = {}
        for line in notice._get_lines():
            row = facts.get(line.id)
            if line.interest and row and self._is_free(line, row):
                line.interest_booked = True
                claims.setdefault(line.currency_id, []).append(
                    ("interest", line._get_interest_name(), line.interest)
                )
            if line.lump_sum and row and not self._is_compensated(line, row):
                line.lump_sum_booked = True
                claims.setdefault(line.currency_id, []).append(
                    ("lump_sum", line._get_lump_sum_name(), line.lump_sum)
                )
        if notice.fee and not notice._is_fee_booked():
            self.fee_booked = True
            claims.setdefault(notice.fee_currency_id, []).append(
                ("fee", notice._get_fee_name(), notice.fee)
            )
        self.env.flush_all()  # The unique keys have the last word.
        return claims

    @api.model
    def _is_free(self, line, row):
        return not row["booked_until"] or row["booked_until"] < line.interest_from

    @api.model
    def _is_compensated(self, line, row):
        if "/" in line.lump_sum_key:
            return row["is_line_compensated"]
        return row["is_move_compensated"]

    def _is_fee_booked(self):
        """Whether the copy of this reminder on another channel has booked the fee."""
        return bool(
            self.search_count(
                [
                    ("company_id", "=", self.company_id.id),
                    ("debtor_key", "=", self.debtor_key),
                    ("date", "=", self.date),
                    ("level_id", "=", self.level_id.id),
                    ("group_key", "=", self.group_key),
                    ("fee_booked", "=", True),
                ],
                limit=1,
            )
        )

    def _get_fee_name(self):
        return self.env._(
            "Reminder fee, %s",
            format_date(self.env, self._get_sent_date()),
        )

    def _get_sent_date(self):
        """The day on which the message left, by the calendar of the company."""
        run = self.env["dunning.run"]
        timezone = self.company_id._dunning_timezone()
        return run._local_date(timezone, self.date_sent or self.env.cr.now())

    def _prepare_charge_move(self, currency, claims):
        """Values of the document that claims ``[(kind, name, amount), ...]``."""
        day = self._get_sent_date()
        days = self.level_id.new_deadline_days
        partner = self.partner_id.browse(
            self.partner_id.address_get(["invoice"])["invoice"]
        )
        origin = self._get_lines().filtered(
            lambda line: line.interest_booked or line.lump_sum_booked
        )
        values = {
            "move_type": "out_invoice",
            "company_id": self.company_id.id,
            "partner_id": partner.id,
            "currency_id": currency.id,
            "invoice_date": day,
            "invoice_date_due": fields.Date.add(day, days=days),
            "invoice_payment_term_id": False,
            "invoice_origin": ", ".join(filter(None, origin.mapped("name"))),
            "ref": self.with_context(lang=self.lang).env._(
                "Charges of our reminder of %s", format_date(self.env, day)
            ),
            "dunning_charge_notice_id": self.id,
        }
        if journal := self.company_id.dunning_charge_journal_id:
            values["journal_id"] = journal.id
        position = (
            self.env["account.fiscal.position"]
            .with_company(self.company_id)
            ._get_fiscal_position(partner)
        )
        values["fiscal_position_id"] = position.id
        values["invoice_line_ids"] = [
            fields.Command.create(
                self._prepare_charge_line(kind, name, amount, currency, position)
            )
            for kind, name, amount in claims
        ]
        return values

    def _prepare_charge_line(self, kind, name, amount, currency, position):
        """A tax of the product is contained in the amount: the customer owes what he
        was told."""
        company = self.company_id
        product = company._dunning_get_charge_product(kind).with_company(company)
        taxes = product.taxes_id._filter_taxes_by_company(company)
        taxes = position.map_tax(taxes)
        price = amount
        if taxes and not all(tax.price_include for tax in taxes):
            price = taxes.with_context(force_price_include=True).compute_all(
                amount, currency, 1.0, product, self.partner_id
            )["total_excluded"]
        return {
            "product_id": product.id,
            "name": name,
            "quantity": 1.0,
            "price_unit": price,
            "tax_ids": [fields.Command.set(taxes.ids)],
        }

    # === TAKEN BACK === #

    def _release_charges(self, currencies):
        """Their documents were cancelled or deleted: what these claimed is free again,
        unless later bookings follow it."""
        for notice in self:
            lines = notice.line_ids.filtered(
                lambda line: line.currency_id in currencies
            )
            lines.filtered("interest_booked").interest_booked = False
            lines.filtered("lump_sum_booked").lump_sum_booked = False
            if notice.fee_booked and notice.fee_currency_id in currencies:
                notice.fee_booked = False
            notice.charge_state = "released"
            notice._tell("charges_released")

    def _reclaim_charges(self, currencies):
        """A cancelled document comes back: it claims again, unless something else
        claimed it meanwhile.

        :raise UserError: then
        """
        for notice in self:
            facts = notice._read_charge_facts(notice.company_id)["lines"]
            for line in notice._get_lines():
                row = facts.get(line.id)
                if line.currency_id not in currencies or not row:
                    continue
                if (line.interest and not self._is_free(line, row)) or (
                    line.lump_sum and self._is_compensated(line, row)
                ):
                    raise UserError(
                        self.env._(
                            "What this document claims for %s was booked again after "
                            "it was cancelled: it stays cancelled.",
                            line.name,
                        )
                    )
                line.write(
                    {
                        "interest_booked": bool(line.interest),
                        "lump_sum_booked": bool(line.lump_sum),
                    }
                )
            if notice.fee and notice.fee_currency_id in currencies:
                notice.fee_booked = True
            notice.charge_state = "booked"
