import logging
from base64 import b64encode
from datetime import timedelta

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import format_date

_logger = logging.getLogger(__name__)

REPORT = "dunning_automation.dunning_weekly_report"


class ReportDunningWeekly(models.AbstractModel):
    """The figures of the dashboard on paper, and each week in the managers' mail.

    Everybody gets it in his language and with what he may read himself.
    """

    _name = "report.dunning_automation.dunning_weekly_document"
    _description = "Collections Report"

    @api.model
    def _get_report_values(self, docids, data=None):
        """A page per company. ``data["filters"]``: see ``get_figures`` of
        ``dunning.dashboard``; with them the web client leaves out ``docids``, so that
        the company is read from them."""
        filters = (data or {}).get("filters") or {}
        docids = docids or [filters.get("company_id") or self.env.company.id]
        companies = self.env["res.company"].browse(docids)
        figures = self.env["dunning.dashboard"].with_context(
            allowed_company_ids=companies.ids
        )
        return {
            "doc_ids": docids,
            "doc_model": "res.company",
            "docs": companies,
            "figures": {
                company.id: figures.get_figures(filters | {"company_id": company.id})
                for company in companies
            },
        }

    @api.model
    def _print(self, filters=None):
        """Action that prints the figures as they are now.

        :param dict filters: as of ``get_figures``, None = those of the current company
        """
        company_id = (filters or {}).get("company_id") or self.env.company.id
        report = self.env.ref(REPORT)
        return report.report_action([company_id], data={"filters": filters or {}})

    @api.model
    def _render_pdf(self, company, user, day):
        """The report as PDF, as ``user`` would print it on ``day``."""
        report = self.env["ir.actions.report"].with_user(user).with_company(company)
        pdf, _format = report.with_context(
            allowed_company_ids=company.ids, lang=user.lang, tz=user.tz
        )._render_qweb_pdf(REPORT, company.ids, {"filters": {"date": f"{day}"}})
        return pdf

    # === EVERY WEEK === #

    @api.model
    def _cron_send(self):
        """Send the report of last week where it was not sent since Monday, so that a
        Monday without a server is made up for. A company that fails is tried again
        tomorrow and does not stop the others."""
        if self.env["dunning.guard"]._get_database_hold():
            return  # A copy of a database writes to nobody.
        companies = self.env["res.company"].sudo()
        cron, failure = self.env["ir.cron"], None
        for company in companies.search([("dunning_weekly_report", "=", True)]):
            try:
                self._send_if_due(company)
                cron._commit_progress(1)
            except Exception as error:
                self.env.cr.rollback()
                _logger.exception("No collections report for company %s", company.id)
                failure = error
        if failure:
            raise failure

    @api.model
    def _send_if_due(self, company):
        """Once a week; the mark and the mails are written together."""
        today = company._dunning_today()
        monday = today - timedelta(days=today.weekday())
        sent = company.dunning_weekly_report_date
        if sent and sent >= monday:
            return
        company.dunning_weekly_report_date = today
        for user in self._get_recipients(company):
            self._send(company, user, today - timedelta(days=1))

    @api.model
    def _get_recipients(self, company):
        """Managers of collections who may see the company and have an address."""
        managers = self.env.ref("dunning_automation.group_manager").sudo().all_user_ids
        return managers.filtered(
            lambda user: user.active and user.email and company in user.company_ids
        )

    @api.model
    def _send(self, company, user, day):
        try:
            pdf = self._render_pdf(company, user, day)
        except AccessError:  # Rights of his own making: nothing to tell him.
            _logger.warning("User %s may not read the collections report", user.id)
            return
        mail = self.env["dunning.seal"]._mail(
            user,
            company,
            lambda env: env._(
                "%(company)s: collections until %(date)s",
                company=company.name,
                date=format_date(env, day),
            ),
            "dunning_automation.weekly_mail",
            {"company": company, "day": day},
        )
        mail.attachment_ids = self.env["ir.attachment"].create(
            {
                "name": f"collections-{day}.pdf",
                "datas": b64encode(pdf),
                "mimetype": "application/pdf",
                "res_model": "mail.message",
                "res_id": mail.mail_message_id.id,
            }
        )
