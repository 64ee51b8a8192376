import io
import json
import zipfile
from base64 import b64decode, b64encode

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..models.dunning_event import CONTENT
from ..tools import fingerprint, safe_csv

MAX_NOTICES = 1_000
MAX_EVENTS = 20_000
MAX_BYTES = 64 * 1024 * 1024
MAX_PRINTED = 200

HOW_TO = """\
events.csv: sha256(previous_hash + content), as UTF-8 text, is the hash of a sealed
event. Event number n has the hash of number n - 1 as its previous_hash.
The head binds all events up to its number. Compare it with the daily e-mails to the
responsible persons and with the file anchors.log on the server.
messages/*.eml are the bytes that were handed to the mail server. The content of the
event notice_sent (or notice_unknown) has hmac.message = hmac-sha256(key: salt as text,
the bytes of the file). The event notice_claimed, written before anything left, has
hmac.email_to, hmac.subject and hmac.body, the same of the address and of the text;
messages/*.pdf are the letters as they were printed: hmac.letter of the event
letter_printed, and of notice_sent, which says that it was posted.
messages/*.html are texts of which no bytes were kept. hmac.note is that of the note.
Text that starts with = + - @ has an apostrophe in front, so that no spreadsheet runs
it: leave it away."""


class DunningEvidence(models.TransientModel):
    """What was said to a customer, and the proof: a ZIP for a court or an auditor.

    Built at the click and forgotten by the vacuum, so that no copy outlives an erasure.
    Everything is read as the user who asks; only salts and the chain are read past him.
    """

    _name = "dunning.evidence"
    _description = "Evidence"

    company_id = fields.Many2one("res.company", required=True)
    partner_id = fields.Many2one("res.partner", "Customer")
    case_id = fields.Many2one("dunning.case")
    move_id = fields.Many2one("account.move", "Invoice")
    data = fields.Binary(attachment=False)

    @api.model
    def _export(self, **scope):
        """Build the evidence of a case, a customer in a company, or an invoice.

        :param scope: values of the fields
        :return: action that downloads it
        """
        evidence = self._build(**scope)
        name = evidence._get_file_name()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{evidence.id}/data/{name}?download=true",
            "target": "self",
        }

    @api.model
    def _build(self, **scope):
        """The evidence with its file in ``data``; the timeline tells of it."""
        evidence = self.create(scope)
        evidence._check_size()
        evidence.data = b64encode(evidence._get_zip())
        evidence._tell_export()
        return evidence

    def _get_file_name(self):
        return f"evidence-{self.id}.zip"

    def _check_size(self):
        """:raise UserError: when the messages do not fit into memory"""
        self.env["dunning.notice"].flush_model(["letter_pdf", "mime"])
        ((size,),) = self.env.execute_query(
            SQL(
                """SELECT SUM(COALESCE(OCTET_LENGTH(mime), 0)
                            + COALESCE(OCTET_LENGTH(letter_pdf), 0))
                     FROM dunning_notice
                    WHERE id = ANY(%s)""",
                self._get_notices().ids,
            )
        )
        if (size or 0) > MAX_BYTES:
            raise UserError(
                self.env._(
                    "These are more than %s MB of messages: export them invoice by "
                    "invoice.",
                    MAX_BYTES // 1024**2,
                )
            )

    def _tell_export(self):
        self.env["dunning.event"].sudo().create(
            {
                "company_id": self.company_id.id,
                "partner_id": self.partner_id.id,
                "case_id": self.case_id.id,
                "kind": "evidence_exported",
                "payload": {
                    "move_id": self.move_id.id,
                    "notices": len(self._get_notices()),
                },
            }
        )

    # === WHAT BELONGS TO IT === #

    def _get_domain(self):
        """Notices and events of the scope."""
        if self.case_id:
            return [("case_id", "=", self.case_id.id)]
        return [
            ("partner_id", "=", self.partner_id.id),
            ("company_id", "=", self.company_id.id),
        ]

    def _get_notices(self):
        """The latest notices of the scope, the oldest first."""
        domain = [*self._get_domain(), ("simulation", "=", False)]
        if self.move_id:
            domain.append(("line_ids.move_id", "=", self.move_id.id))
        notices = self.env["dunning.notice"]
        return notices.search(domain, order="id desc", limit=MAX_NOTICES).sorted("id")

    def _get_events(self):
        """The latest events of the scope, the oldest first."""
        domain = self._get_domain()
        if self.move_id:
            domain.append(("notice_id", "in", self._get_notices().ids))
        events = self.env["dunning.event"]
        return events.search(domain, order="id desc", limit=MAX_EVENTS).sorted("id")

    def _is_complete(self):
        """Whether nothing was left out for its number."""
        return (
            len(self._get_notices()) < MAX_NOTICES
            and len(self._get_events()) < MAX_EVENTS
        )

    def _get_invoices(self):
        """The invoices that were reminded."""
        invoices = self.move_id or self._get_notices().line_ids.move_id
        return invoices.sorted(lambda move: (move.invoice_date or move.date, move.id))

    def _get_payments(self):
        """What was set off against these invoices: a dict per partial reconciliation,
        amounts in the currency of the invoice."""
        lines = self._get_invoices().line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        kinds = {
            "out_refund": self.env._("Credit note"),
            "entry": self.env._("Payment or entry"),
        }
        return [
            {
                "date": partial.credit_move_id.date,
                "invoice": partial.debit_move_id.move_id,
                "amount": partial.debit_amount_currency,
                "currency": partial.debit_move_id.currency_id,
                "kind": kinds.get(partial.credit_move_id.move_id.move_type, ""),
                "document": partial.credit_move_id.move_id.name,
            }
            for partial in lines.matched_credit_ids.sorted("max_date")
        ]

    def _get_agreements(self):
        """Promises, disputes, payment plans and holds of the scope, the oldest first: a
        dict each, amounts in the currency of the invoices."""
        domain = [
            ("partner_id", "=", (self.partner_id or self.case_id.partner_id).id),
            ("company_id", "=", self.company_id.id),
        ]
        if self.move_id:
            domain.append(("move_line_ids.move_id", "=", self.move_id.id))
        rows = []
        for name in ("promise", "dispute", "plan", "hold"):
            records = self.env[f"dunning.{name}"].search(domain, order="id")
            rows += [self._prepare_agreement(record) for record in records]
        return sorted(rows, key=lambda row: (row["made"], row["record"].id))

    @api.model
    def _prepare_agreement(self, record):
        is_hold = record._name == "dunning.hold"
        days = {
            "dunning.promise": "date",
            "dunning.dispute": "deadline",
            "dunning.plan": "deadline",
            "dunning.hold": "date_end",
        }
        states = dict(record._fields["state"]._description_selection(self.env))
        moves = record.move_line_ids.move_id
        return {
            "record": record,
            "made": record.create_date,
            "kind": record._description,
            "detail": record.display_name
            if is_hold
            else record.reason_id.name
            if "reason_id" in record
            else "",
            "items": ", ".join(filter(None, moves.mapped("name"))),
            "amount": None if is_hold else record.amount,
            "currency": record.currency_id,
            "until": record[days[record._name]],
            "state": states[record.state],
            "instalments": "; ".join(
                f"{line.date} {line.amount:.2f} {line.state}"
                for line in getattr(record, "line_ids", ())
            ),
            "by": record.create_uid.sudo().name,
        }

    def _get_messages(self):
        """What was said, on every channel: a dict per notice with ``notice``, ``file``
        (its name in the ZIP), ``content`` (bytes) and ``check``: ``intact``,
        ``changed``, or ``none`` where no bytes or no fingerprint were kept."""
        events = self._get_events().sudo().sorted("id").grouped("notice_id")
        return [
            self._get_message(notice, events.get(notice.sudo(), ()))
            for notice in self._get_notices().with_context(bin_size=False)
        ]

    @api.model
    def _get_message(self, notice, events_sudo):
        if notice.mime:
            content, file_format, name = b64decode(notice.mime), "eml", "message"
        elif notice.letter_pdf:
            content, file_format, name = b64decode(notice.letter_pdf), "pdf", "letter"
        elif notice.body and notice.state in ("sent", "delivered", "unknown"):
            # The sender died with the bytes, or an older version kept none.
            content, file_format, name = notice.body.encode(), "html", "body"
        else:
            return {"notice": notice, "file": False, "content": b"", "check": "none"}
        check = "none"
        for event_sudo in events_sudo:
            expected = (event_sudo.payload or {}).get("hmac", {}).get(name)
            if expected and event_sudo.salt:
                found = fingerprint.of_personal(event_sudo.salt, content)
                check = "intact" if found == expected else "changed"
        file = f"messages/{notice.date}-{notice.id}.{file_format}"
        return {"notice": notice, "file": file, "content": content, "check": check}

    def _get_verification(self):
        """The whole chain as it is now, see ``dunning.verification._verify``."""
        return self.env["dunning.verification"].sudo()._verify()

    # === THE FILES === #

    def _get_zip(self):
        """The evidence as the bytes of a ZIP file."""
        messages, verification = self._get_messages(), self._get_verification()
        report, file_format = self._get_report(messages, verification)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"evidence.{file_format}", report)
            for message in messages:
                if message["file"]:
                    archive.writestr(message["file"], message["content"])
            archive.writestr("events.csv", self._get_events_csv())
            archive.writestr("payments.csv", self._get_payments_csv())
            archive.writestr("agreements.csv", self._get_agreements_csv())
            archive.writestr(
                "verification.json", self._get_verification_json(messages, verification)
            )
        return stream.getvalue()

    def _get_report(self, messages, verification):
        """The printed part, as ``(bytes, "pdf")``."""
        return self.env["ir.actions.report"]._render_qweb_pdf(
            "dunning_automation.dunning_evidence_report",
            self.ids,
            {
                "messages": messages[-MAX_PRINTED:],
                "events": self._get_events()[-MAX_PRINTED:],
                "verification": verification,
            },
        )

    def _get_events_csv(self):
        events = self._get_events()
        proofs = {
            row["id"]: row
            for row in self.env.execute_query_dict(
                SQL(
                    """SELECT event.id, %s AS content, event.salt,
                              COALESCE(before.hash, %s) AS previous_hash
                         FROM dunning_event event
                    LEFT JOIN dunning_event before
                           ON before.sequence = event.sequence - 1
                        WHERE event.id = ANY(%s)""",
                    CONTENT,
                    fingerprint.GENESIS,
                    events.ids,
                )
            )
        }
        header = ["number", "id", "time_utc", "event", "by", "notice", "level"]
        header += ["channel", "note", "previous_hash", "content", "hash", "salt"]
        return safe_csv.to_csv(
            header,
            (
                [
                    event.sequence or None,
                    event.id,
                    event.occurred_at,
                    event.display_name,
                    event.user_id.sudo().name,
                    event.notice_id.id,
                    event.notice_id.level_id.name,
                    event.notice_id.channel,
                    event.note,
                    event.sequence and proofs[event.id]["previous_hash"],
                    proofs[event.id]["content"],
                    event.hash,
                    proofs[event.id]["salt"],
                ]
                for event in events
            ),
        )

    def _get_payments_csv(self):
        return safe_csv.to_csv(
            ["date", "invoice", "amount", "currency", "document", "kind"],
            (
                [
                    payment["date"],
                    payment["invoice"].name,
                    payment["amount"],
                    payment["currency"].name,
                    payment["document"],
                    payment["kind"],
                ]
                for payment in self._get_payments()
            ),
        )

    def _get_agreements_csv(self):
        header = ["made_utc", "kind", "detail", "invoices", "amount", "currency"]
        header += ["until", "state", "instalments", "by"]
        return safe_csv.to_csv(
            header,
            (
                [
                    row["made"],
                    row["kind"],
                    row["detail"],
                    row["items"],
                    row["amount"],
                    row["amount"] is not None and row["currency"].name,
                    row["until"],
                    row["state"],
                    row["instalments"],
                    row["by"],
                ]
                for row in self._get_agreements()
            ),
        )

    def _get_verification_json(self, messages, verification):
        return json.dumps(
            {
                "made_at_utc": self.env.cr.now().isoformat(timespec="seconds"),
                "made_by": self.env.user.name,
                "complete": self._is_complete(),
                "verification": verification,
                "messages": {
                    message["file"]: message["check"]
                    for message in messages
                    if message["file"]
                },
                "how_to_verify": HOW_TO.splitlines(),
            },
            indent=2,
            ensure_ascii=False,
        )
