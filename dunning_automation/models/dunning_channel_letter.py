import base64

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import split_every
from odoo.tools.image import image_data_uri

from odoo.addons.base.models.ir_actions_report import _wkhtml

from ..tools import letter_layout, letter_pages, print_words

ROWS_IN_TEXT = 10
"""A longer list of invoices is an annex with pages of its own."""
QR_SIZE = 300
"""Pixels of a code, many enough for print."""


class DunningChannelLetter(models.AbstractModel):
    """Channel ``letter``: a PDF on paper.

    The text is that of the e-mail without its frame. The printed address is kept as
    lines of text, the PDF as bytes, so that what was said to whom stays provable.
    Whether a person prints and posts it (``dunning.letter.desk``) or a service, what
    is printed is made here.
    """

    _name = "dunning.channel.letter"
    _description = "Dunning Channel: Letter"

    letter_address = fields.Text(
        "Postal Address", readonly=True, help="The lines that stand in the window."
    )
    letter_pdf = fields.Binary(
        "Letter",
        attachment=False,
        prefetch=False,
        readonly=True,
        help="The bytes that were printed.",
    )
    letter_name = fields.Char(compute="_compute_letter_name")

    def _compute_letter_name(self):
        for notice in self:
            notice.letter_name = f"letter-{notice.date}-{notice.id}.pdf"

    # === TEXT === #

    def _render_letter(self):
        """Subject and body as for an e-mail, and the address of each recipient."""
        for notice, (subject, body) in self._generate_texts().items():
            notice.write(
                {
                    "subject": subject,
                    "body": body,
                    "letter_address": notice._get_postal_address(),
                }
            )

    def _get_postal_address(self):
        """The lines on the envelope: names, then the address as its country writes it;
        the country only where the letter crosses a border."""
        self.ensure_one()
        recipient = self.recipient_id.sudo()
        lang = self.company_id.sudo().partner_id.lang or self.env.lang
        recipient = recipient.with_context(lang=lang)
        lines = self._get_postal_names(recipient)
        lines += recipient._display_address(without_company=True).splitlines()
        lines = [" ".join(line.split()) for line in lines]
        lines = [line for line in lines if line]
        country = recipient.country_id
        if lines and lines[-1] == country.name:
            lines.pop()
        if country != self.company_id.sudo().country_id:
            lines.append(country.name.upper())
        return "\n".join(lines)

    @api.model
    def _get_postal_names(self, recipient):
        debtor = recipient.commercial_partner_id
        names = [debtor.name, recipient.name]
        if recipient == debtor and not debtor.is_company:
            names = [recipient.parent_id.name or recipient.company_name, debtor.name]
        return list(dict.fromkeys(name for name in names if name))

    def _choose_recipient_letter(self, recipient):
        """See ``dunning.fallback._get_recipient_on``: the first whom the post reaches,
        as in ``dunning.planner._get_recipient_letter``."""
        debtor = self.partner_id
        billing = debtor.child_ids.filtered(lambda child: child.type == "invoice")
        candidates = recipient | billing.sorted("id") | debtor
        complete = candidates.filtered(
            lambda partner: (
                partner.street and (partner.zip or partner.city) and partner.country_id
            )
        )
        return complete[:1] or debtor, False

    # === WHAT THE PRINTED PAGES SHOW === #

    def _get_letter_layout(self):
        return letter_layout.of_format(self.company_id.sudo().paperformat_id.format)

    @api.model
    def _get_letter_zoom(self):
        """What makes a millimetre a millimetre with the engine of this server."""
        return 1 if _wkhtml().is_patched_qt else letter_layout.UNPATCHED_ZOOM

    def _get_letter_sender(self):
        """The small line above the address, for the post if it cannot deliver."""
        company = self.company_id.sudo()
        place = " ".join(filter(None, [company.zip, company.city]))
        return " · ".join(filter(None, [company.name, company.street, place]))

    def _get_letter_logo(self):
        return image_data_uri(self.company_id.sudo().logo)

    def _get_letter_groups(self):
        """The invoice table as ``_get_table_groups``, credits read."""
        credits = self.env["dunning.ledger"]._read_credits(
            self.company_id, self.partner_id
        )
        return self._get_table_groups(credits.get(self.partner_id.id, {}))

    def _has_letter_annex(self):
        return len(self._get_lines()) > ROWS_IN_TEXT

    def _get_letter_pages(self, group):
        """The lines of a currency, page by page."""
        size = self._get_letter_layout().rows_per_page
        return self._split_pages(group["overdue"] + group["coming"], size)

    def _get_interest_pages(self, group):
        """The lines that bear interest, page by page; a row has room for two lines of
        text, as rates change every half-year."""
        size = self._get_letter_layout().rows_per_page // 2
        return self._split_pages(group["overdue"].filtered("interest"), size)

    @api.model
    def _split_pages(self, lines, size):
        return list(split_every(size, lines.ids, lines.browse))

    def _get_letter_slips(self, groups):
        """A payment slip per currency: dicts with ``bank``, ``amount``, ``currency``,
        ``reference``, ``qr`` (data URI or None) and ``qr_kind``."""
        return [
            slip
            for group in groups
            if (slip := self._get_letter_slip(group))["bank"] or slip["qr"]
        ]

    def _get_letter_slip(self, group):
        currency = group["currency"]
        lines = group["overdue"] or group["coming"]
        amount = group["overdue_total"] or group["coming_total"]
        amount += group.get("charges", 0.0)
        amount = currency.round(amount - group["credit"])
        banks = self._get_bank_accounts()
        bank = banks.filtered(lambda bank: bank.currency_id == currency)[:1]
        references = [line.move_id.payment_reference or line.name for line in lines]
        slip = {
            "bank": bank or banks[:1],
            "amount": amount,
            "currency": currency,
            "reference": letter_layout.join_references(references),
        }
        qr = self._get_bank_qr(slip, len(lines) == 1)
        link = None if qr else self._get_portal_qr(lines)
        return slip | {"qr": qr or link, "qr_kind": "bank" if qr else "portal"}

    def _get_bank_qr(self, slip, is_structured):
        """The code that banking apps read, where the account has one (Odoo's own
        generators, such as ``account_qr_code_sepa``); None if it has not."""
        if not slip["bank"] or slip["currency"].compare_amounts(slip["amount"], 0) <= 0:
            return None
        values = slip["bank"]._build_qr_code_vals(
            slip["amount"],
            slip["reference"],
            slip["reference"] if is_structured else "",
            slip["currency"],
            self.partner_id,
        )
        if not values:
            return None
        return self._get_qr_image(
            **slip["bank"]._get_qr_code_generation_params(**values)
        )

    def _get_portal_qr(self, lines):
        """The customer's account, where all can be paid; without links to accounts the
        page of the invoice, if it is a single one."""
        url = self._get_account_url()
        move = lines.move_id
        if not url and len(move) == 1 and move.is_sale_document():
            url = self.company_id.get_base_url() + move.get_portal_url()
        return url and self._get_qr_image(barcode_type="QR", value=url, quiet=0)

    @api.model
    def _get_qr_image(self, **parameters):
        barcode = self.env["ir.actions.report"].barcode(
            **parameters | {"width": QR_SIZE, "height": QR_SIZE}
        )
        return image_data_uri(base64.b64encode(barcode))

    # === PDF === #

    def _get_letter_report(self):
        return self._get_report_of(self.company_id)

    @api.model
    def _get_report_of(self, company):
        """A report in the paper format of ``company``."""
        layout = letter_layout.of_format(company.sudo().paperformat_id.format)
        suffix = "us" if layout is letter_layout.US_LETTER else "a4"
        return self.env.ref(f"dunning_automation.dunning_letter_report_{suffix}").sudo()

    def _make_letter_pdf(self):
        """The letter as it is now.

        :return: bytes
        :raise ValueError: when it cannot be printed
        """
        self.ensure_one()
        report = self._get_letter_report()
        notice = self.with_context(lang=self.lang)
        html = notice._render_part("dunning_letter_document", docs=notice.sudo())
        try:
            page = print_words.keep_together(str(html))
            content = report._run_wkhtmltopdf([page], report_ref=report)
            return letter_pages.finish(content, self._get_letter_layout().fold_marks)
        except Exception as error:
            raise ValueError(
                self.env._("The letter cannot be printed: %s", error)
            ) from error

    def _prepare_letter(self, row, batch):
        """The PDF of exactly what the claim found true, kept with the notice. A pile is
        printed before it is claimed; only what changed meanwhile is printed again."""
        content = batch.once(self._get_letter_key(), self._make_letter_pdf)
        self.letter_pdf = base64.b64encode(content)
        return content

    def _get_letter_key(self):
        """Equal keys, equal letters."""
        lines = [
            (line.id, line.residual_currency, line.date_due, line.days_overdue)
            for line in self._get_lines()
        ]
        text = (self.subject, str(self.body), self.letter_address)
        return ("letter", self.id, self.snapshot_hash, text, tuple(lines))

    def _deliver_letter(self, parcel, batch):
        """Letters are delivered by people, so the senders leave them alone; an addon
        with a print service takes them over."""
        raise UserError(self.env._("A letter is printed and posted by a person."))

    def _get_letter_fingerprint(self):
        """What the events keep of the PDF: {name: bytes}."""
        content = self.with_context(bin_size=False).letter_pdf
        return {"letter": base64.b64decode(content)} if content else {}
