import logging
import re
from datetime import timedelta
from functools import cache

from markupsafe import Markup

from odoo import api, fields, models, tools
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

COMPOSE_BATCH = 250
PRINTED_FIELDS = (
    "access_token",
    "move_type",
    "name",
    "partner_bank_id",
    "payment_reference",
)
"""What a text says of an invoice."""
TABLES = {"letter": "dunning_letter_table"}
BANKS = {"letter": "dunning_letter_bank"}
"""The parts of a text in print; by channel, others have the parts of an e-mail."""


def get_cause(error):
    """What went wrong at first: QWeb wraps it in its traceback."""
    while error.__context__:
        error = error.__context__
    return error


class DunningComposer(models.AbstractModel):
    """What a notice says: subject, body and the parts that templates put together.

    A channel with a text has a method ``_render_<channel>``. Everything is computed
    for a batch of notices at once.
    """

    _name = "dunning.composer"
    _description = "Dunning Composer"

    subject = fields.Char(readonly=True)
    body = fields.Html(readonly=True, sanitize=False, prefetch=False)
    snapshot_hash = fields.Char(
        readonly=True, help="Of the facts that the text states beside its lines."
    )
    deadline = fields.Date(
        compute="_compute_deadline", help="The customer is asked to pay until this day."
    )
    table_html = fields.Html(compute="_compute_table_html", sanitize=False)
    bank_html = fields.Html(compute="_compute_bank_html", sanitize=False)

    # === PARTS OF THE TEXT === #

    @api.depends("level_id.new_deadline_days")
    def _compute_deadline(self):
        for notice in self:
            days = notice.level_id.new_deadline_days
            notice.deadline = days and notice._get_today() + timedelta(days=days)

    @api.depends(
        "company_id.dunning_link_days",
        "line_ids.days_overdue",
        "line_ids.drop_reason",
        "line_ids.residual_currency",
        "line_ids.skip_reason",
    )
    @api.depends_context("lang")
    def _compute_table_html(self):
        for company, notices in self.grouped("company_id").items():
            credits = self.env["dunning.ledger"]._read_credits(
                company, notices.partner_id
            )
            formats = self._get_formats()
            for notice in notices:
                groups = notice._get_table_groups(credits.get(notice.partner_id.id, {}))
                template = TABLES.get(notice.channel, "notice_table")
                notice.table_html = notice._render_part(
                    template, groups=groups, **formats
                )

    @api.model
    def _get_formats(self):
        """How the language writes dates and amounts, by the names of Odoo's functions
        for that. Many notices list the same days: each is formatted once."""
        return {
            "format_date": cache(lambda day: tools.format_date(self.env, day)),
            "format_amount": cache(
                lambda amount, currency: tools.format_amount(self.env, amount, currency)
            ),
        }

    @api.depends("line_ids.drop_reason", "line_ids.skip_reason")
    @api.depends_context("lang")
    def _compute_bank_html(self):
        for notice in self:
            template = BANKS.get(notice.channel, "notice_bank")
            notice.bank_html = notice._render_part(template)

    def _get_today(self):
        """The day the text speaks of: today, shifted for a run of another day."""
        self.ensure_one()
        run = self.env["dunning.run"]
        timezone = self.company_id._dunning_timezone()
        planned_on = run._local_date(timezone, self.create_date)
        return run._local_date(timezone) + (self.date - planned_on)

    def _get_lines(self):
        """The lines that the message lists: not taken out and not settled."""
        return self.line_ids.filtered(
            lambda line: not line.skip_reason and not line.drop_reason
        )

    def _get_table_groups(self, credits):
        """What the invoice table shows, one group per currency.

        :param dict credits: open credits of the debtor, {currency id: amount}
        :return: list of dicts with ``currency``, ``overdue`` and ``coming`` (notice
            lines), ``overdue_total``, ``coming_total`` and ``credit`` (open credits),
            amounts in ``currency``
        """
        self.ensure_one()
        groups = []
        for currency, lines in self._get_lines().grouped("currency_id").items():
            overdue = lines.filtered(lambda line: line.days_overdue > 0)
            total = sum(overdue.mapped("residual_currency"))
            groups.append(
                {
                    "currency": currency,
                    "overdue": overdue,
                    "coming": lines - overdue,
                    "overdue_total": total,
                    "coming_total": sum((lines - overdue).mapped("residual_currency")),
                    "credit": min(credits.get(currency.id, 0.0), total),
                }
            )
        return groups

    def _get_bank_accounts(self):
        """Accounts to pay to: those named on the invoices, else the company's first."""
        banks = self.sudo()._get_lines().move_id.partner_bank_id
        return banks or self.company_id.sudo().partner_id.bank_ids[:1]

    def _render_part(self, template, **values):
        """HTML of a view. Without its indentation: it would be a fifth of the message,
        and is encoded, sent and kept with it."""
        self.ensure_one()
        lang = tools.misc.get_lang(self.env, self.env.lang).code
        html = (
            self.env["ir.qweb"]
            .sudo()
            .with_context(lang=lang)
            ._render(
                f"dunning_automation.{template}",
                {"notice": self.sudo().with_context(lang=lang), **values},
                lang=lang,
            )
        )
        return Markup(re.sub(r"\n\s+", "\n", html))

    # === COMPOSING === #

    def _compose(self):
        """Write subject and body of these notices, in batches per template.

        A notice whose text cannot be written fails by itself, with the reason; the
        others go on.
        """
        self._ensure_access_tokens()
        self._choose_variants()
        for _key, notices in self.grouped(
            lambda notice: (notice.action_id, notice.variant_id, notice.company_id)
        ).items():
            for batch in tools.split_every(COMPOSE_BATCH, notices.ids, self.browse):
                try:
                    with self.env.cr.savepoint():
                        batch._render()
                except Exception:
                    batch._compose_one_by_one()

    def _choose_variants(self):
        """Remember which variant of its text each of these notices tells, once."""
        for action, notices in self.grouped("action_id").items():
            undecided = notices.filtered(
                lambda notice, action=action: (
                    notice.variant_id not in action.variant_ids
                )
            )
            if action.variant_ids and undecided:
                for notice, variant in action._choose_variant(undecided).items():
                    notice.variant_id = variant

    def _get_template(self):
        """The template of these notices, which tell the same text."""
        action = self.action_id.sudo()
        return self.variant_id.sudo().template_id or action.template_id

    def _compose_one_by_one(self):
        for notice in self:
            try:
                with self.env.cr.savepoint():
                    notice._render()
            except Exception as error:
                error = get_cause(error)
                template = notice._get_template().display_name
                _logger.info("Notice %s cannot be composed: %s", notice.id, error)
                reason = self.env._(
                    "The text cannot be written with template “%(template)s”: "
                    "%(error)s. Correct the template and press Retry.",
                    template=template,
                    error=error,
                )
                if notice.simulation:
                    notice.write({"reason": reason, "snapshot_hash": "none"})
                else:
                    notice._set_state("failed", reason)

    def _render(self):
        """Write the texts of notices of one action and company, if their channel has
        a text, and remember what they were written from."""
        # Records taken out of a list (filtered, grouped) are read one by one.
        self.line_ids.move_id.fetch(PRINTED_FIELDS)
        render = getattr(self, f"_render_{self[:1].channel}", None)
        if render:
            render()
        facts = self.env["dunning.ledger"]._review(self)
        for notice in self:
            notice.snapshot_hash = facts[notice.id]["snapshot_hash"]

    def _render_email(self):
        """Subject and body from the action's template, in each recipient's language."""
        for notice, (subject, body) in self._generate_texts().items():
            notice.write({"subject": subject, "body": notice._wrap(body)})

    def _generate_texts(self):
        """{notice: (subject, body)} from the action's template, in the language of each
        recipient."""
        template = self._get_template().with_context(dunning_compiled={})
        texts = template._generate_template(self.ids, ("subject", "body_html"))
        return {
            notice: (
                " ".join(texts[notice.id]["subject"].split()),
                texts[notice.id]["body_html"],
            )
            for notice in self
        }

    def _wrap(self, body):
        """The frame around a rendered body. A portal page has one of its own."""
        if self.channel == "portal":
            return body
        return self._encapsulate(body + self._get_opening_image())

    def _encapsulate(self, body):
        """Put a rendered body into the layout, with absolute links."""
        self.ensure_one()
        renderer = self.env["mail.template"].with_context(lang=self.lang)
        return renderer._render_encapsulate(
            "dunning_automation.mail_layout",
            body,
            add_context={"company": self.company_id, "lang": self.lang},
            context_record=self.with_context(lang=self.lang),
        )

    def _ensure_access_tokens(self):
        """Give the invoices their portal tokens in one statement."""
        moves = self.line_ids.move_id
        if not moves:
            return
        moves.flush_recordset(["access_token"])
        self.env.cr.execute(
            SQL(
                """UPDATE account_move
                      SET access_token = GEN_RANDOM_UUID()::text
                    WHERE id IN %s AND COALESCE(access_token, '') = ''""",
                tuple(moves.ids),
            )
        )
        moves.invalidate_recordset(["access_token"])
