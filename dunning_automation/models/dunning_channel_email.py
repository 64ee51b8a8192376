import base64
import time
from contextlib import suppress
from datetime import datetime, timezone
from email.utils import format_datetime

from odoo import api, models, tools
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import smtp_outcome
from ..tools.letterhead import Letterhead
from ..tools.sender_batch import Outcome

PATIENCE = 0.2
"""Seconds between claim and message after which the ledger is asked once more."""


class DunningChannelEmail(models.AbstractModel):
    """Channel ``email``: straight to the mail server, with our own Message-ID."""

    _name = "dunning.channel.email"
    _description = "Dunning Channel: E-mail"

    def _prepare_email(self, row, batch):
        """The message with our own Message-ID, the same in every attempt.

        :return: ``(message, sender, context)`` for ``ir.mail_server``, and when it was
        :raise UserError: when the company has no address to write from
        """
        email_from, context = self._get_mail_identity(batch)
        if not email_from:
            raise UserError(
                self.env._(
                    "%s has no e-mail address to write from: enter it on the company. "
                    "The notice is tried again.",
                    self.company_id.name,
                )
            )
        message_id = self.message_id or tools.mail.generate_tracking_message_id(
            f"{self.id}-dunning.notice"
        )
        batch.values |= {"email_from": email_from, "message_id": message_id}
        reply_to = self._get_reply_to(row["collector_id"], batch) or email_from
        message = self._get_letterhead(email_from, reply_to, batch).fill(
            tools.html2plaintext(self.body),
            self.body or "",
            **{"from": email_from},
            message_id=message_id,
            subject=self.subject,
            to=tools.formataddr((self._clean_name(row["name"]), self.email_to)),
            date=format_datetime(datetime.now(timezone.utc)),
        )
        return message, email_from, context, time.monotonic()

    def _get_letterhead(self, email_from, reply_to, batch):
        """The headers of all messages from this address, as Odoo makes them."""

        def read():
            servers = self.env["ir.mail_server"].sudo()
            sample = servers._build_email__(
                email_from,
                [self.email_to],
                self.subject,
                "",
                reply_to=reply_to,
                message_id="<sample@localhost>",
                headers={
                    "X-Auto-Response-Suppress": "OOF",
                    "Auto-Submitted": "auto-generated",
                },
            )
            return Letterhead(sample)

        return batch.once(("letterhead", email_from, reply_to), read)

    def _get_mail_identity(self, batch):
        """Who writes: the address, and the context that gives bounces of the company
        its own domain."""

        def read():
            company = self.company_id.sudo()
            email_from = company.email and company.email_formatted
            return email_from, {
                "domain_notifications_email": company.default_from_email or email_from,
                "domain_bounce_address": company.bounce_email or email_from,
            }

        return batch.once(("mail", self.company_id.id), read)

    @api.model
    def _clean_name(self, name):
        """A name is free text. Line breaks would end the header, and Odoo sends to
        whatever looks like an address in it."""
        return "" if "@" in (name or "") else " ".join((name or "").split())

    def _get_reply_to(self, collector_id, batch):
        """Answers reach Odoo, and with it the case, where the company has an address
        for that (the catchall of its alias domain); it bears the collector's name.
        Elsewhere they go to the collector if there is one, else to the company."""

        def read():
            company = self.company_id.sudo()
            collector = self.env["res.users"].sudo().browse(collector_id or ())
            if company.catchall_email:
                name = self._clean_name(collector.name or company.name)
                return tools.formataddr((name, company.catchall_email))
            return collector and collector.email_formatted

        return batch.once(("reply_to", self.company_id.id, collector_id), read)

    def _open_email(self, batch):
        """Connect before anything is claimed. A server that cannot be reached is found
        again, and told, when the message shall leave."""
        sender, _context = self._get_mail_identity(batch)
        if sender:
            with suppress(smtp_outcome.NoConnection):
                self._get_mail_session(sender, batch)

    @api.model
    def _get_mail_session(self, sender, batch):
        """An open SMTP session of this batch.

        :raise NoConnection: when there is none, so that nothing left
        """
        servers = self.env["ir.mail_server"].sudo()
        try:
            return batch.connections.get(
                sender, lambda: servers._connect__(smtp_from=sender)
            )
        except Exception as error:
            raise smtp_outcome.NoConnection(
                self.env._(
                    "The outgoing mail server cannot be reached: %s. Check Settings > "
                    "Technical > Outgoing Mail Servers; the notice is tried again.",
                    error,
                )
            ) from error

    def _is_unchanged(self):
        """Whether the amounts are still those of the text. Asked when the mail server
        kept us waiting: somebody may have paid since the claim."""
        self.env.cr.rollback()  # To see what was committed meanwhile.
        [[changed]] = self.env.execute_query(
            SQL(
                """SELECT COUNT(*)
                     FROM dunning_notice_line listed
                LEFT JOIN account_move_line line ON line.id = listed.move_line_id
                LEFT JOIN account_move move ON move.id = line.move_id
                    WHERE listed.notice_id = %s
                      AND COALESCE(listed.skip_reason, '') = ''
                      AND COALESCE(listed.drop_reason, '') = ''
                      AND (line.id IS NULL OR line.parent_state != 'posted'
                           OR line.amount_residual_currency
                              != listed.residual_currency
                           OR move.payment_state NOT IN ('not_paid', 'partial'))""",
                self.id,
            )
        )
        self.env.cr.rollback()
        return not changed

    def _deliver_email(self, parcel, batch):
        """Hand the message to the mail server.

        :raise NoConnection: when there is none, so that nothing left
        """
        message, sender, context, prepared_at = parcel
        servers = self.env["ir.mail_server"].sudo().with_context(**context)
        session = self._get_mail_session(sender, batch)
        if session:
            session.may_leave = lambda: (
                time.monotonic() - prepared_at < PATIENCE or self._is_unchanged()
            )
        try:
            servers.send_email(message, smtp_session=session)
        except Exception as error:
            batch.connections.forget(sender)
            cause = error.__context__ or error
            if isinstance(cause, smtp_outcome.Withdrawn):
                return Outcome(
                    smtp_outcome.RETRY,
                    self.env._("Something was booked while the mail server was slow."),
                )
            handed_over = session.handed_over
            code = smtp_outcome.of_send_error(cause, handed_over is not None)
            if smtp_outcome.is_address_refused(cause):
                return Outcome(code, str(cause), then=lambda: self._bounce(str(cause)))
            if code != smtp_outcome.UNKNOWN:
                return Outcome(code, str(cause))
            return Outcome(
                code,
                self.env._(
                    "The mail server did not confirm the message it was given: %s",
                    cause,
                ),
                {"mime": base64.b64encode(handed_over or b"") or False},
            )
        handed_over = session and session.handed_over
        return Outcome(
            "sent", values={"mime": base64.b64encode(handed_over or message.as_bytes())}
        )
